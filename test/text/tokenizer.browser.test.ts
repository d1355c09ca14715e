import { expect, it } from 'vitest'
import * as families from '../../src/text/families.ts'
import { Tokenizer, type TokenizerFiles } from '../../src/text/tokenizer.ts'

const read = async (name: string) => (await fetch(`/test/goldens/text/${name}`)).text()

/** Another engine than Node's, with another version of Unicode. */
async function expectReference(name: string, more: Partial<TokenizerFiles> = {}): Promise<void> {
  const text = await read(`${name}.json`)
  const table = text.includes('"nmt_nfkc"') ? await read('families/charsmap.txt') : ''
  const { tokenizer: json, cases } = JSON.parse(text.replaceAll('"nmt_nfkc"', JSON.stringify(table)))
  const tokenizer = new Tokenizer({ json, ...more })
  const found = cases.map(([text]: [string]) => {
    const { ids, starts, ends } = tokenizer.tokenize(text)
    return [text, ids, starts.map((start, i) => [start, ends[i]])]
  })
  expect(found).toEqual(cases)
}

it.each(['uncased', 'nfkc'])('ids and offsets equal the reference in this browser too: %s', (name) =>
  expectReference(name),
)

it.each(['unigram-xlmr', 'unigram-bytes', 'bpe-roberta', 'bpe-modern', 'bpe-o200k'])(
  'ids and offsets equal the reference in this browser too: %s',
  (name) => expectReference(`families/${name}`, { families }),
)
