import { expect, it } from 'vitest'
import { Tokenizer } from '../../src/text/tokenizer.ts'

it.each(['uncased', 'nfkc'])('ids and offsets equal the reference in this browser too: %s', async (name) => {
  const { tokenizer: json, cases } = await (await fetch(`/test/goldens/text/${name}.json`)).json()
  const tokenizer = new Tokenizer({ json })
  for (const [text, ids, offsets] of cases) {
    const found = tokenizer.tokenize(text)
    expect.soft([text, found.ids, found.starts.map((start, i) => [start, found.ends[i]])]).toEqual([text, ids, offsets])
  }
})
