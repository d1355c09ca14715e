/** Tokenizers as `transformers` loads them: some classes take the vocabulary alone from `tokenizer.json`. */
import { describe, expect, it } from 'vitest'
import { loadTokenizer } from '../../src/model/tokenizer-files.ts'
import * as families from '../../src/text/families.ts'
import { encodePair } from '../../src/text/pair.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { memorySource } from '../model/files.ts'
import { familyGolden as golden } from './family-checkpoint.ts'

const tokenizers = async () => families

const subjects = ['unigram-first', 'bpe-prefix'].flatMap((name) => {
  const { tokenizer, loaded } = golden(name)
  return loaded.map((each: { config: object; model_type: string }) => ({ ...each, name, tokenizer }))
})

const asSource = (files: Record<string, string>) =>
  memorySource(new Map(Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)]))).source

const load = (tokenizer: object, config: object, model_type: string, more = {}) => {
  const files = {
    'tokenizer.json': JSON.stringify(tokenizer),
    'tokenizer_config.json': JSON.stringify(config),
    ...more,
  }
  return loadTokenizer(asSource(files), '', { model_type }, { tokenizers })
}

describe('ids and ranges equal those of transformers', () => {
  it.each(subjects)('$name, $class of $model_type, $config.add_prefix_space', async (subject) => {
    const loaded = await load(subject.tokenizer, subject.config, subject.model_type)
    const tokenizer = new Tokenizer(loaded)
    const found = subject.cases.map(([text]: [string]) => {
      const { ids, starts, ends } = tokenizer.tokenize(text)
      return [text, ids, starts.map((start, i) => [start, ends[i]])]
    })
    expect(found).toEqual(subject.cases)
    expect([...tokenizer.prefix, ...tokenizer.suffix]).toEqual(subject.around)
    expect([...encodePair(tokenizer, 'first', 'second', 512).ids]).toEqual(subject.pair)
    expect(loaded.special('mask_token')).toBe('<mask>')
  })
})

describe('what a checkpoint says of its tokenizer', () => {
  const { tokenizer } = golden('bpe-roberta')

  it('is refused by name where the script of these tokenizers is missing', async () => {
    const source = asSource({ 'tokenizer.json': JSON.stringify(tokenizer) })
    const loading = loadTokenizer(source, '', { model_type: 'modernbert' })
    await expect(loading).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('BPE'),
    })
  })

  it('is refused by name where its model is another', async () => {
    const other = { model: { type: 'WordLevel', vocab: { a: 0 } } }
    await expect(load(other, {}, 'modernbert')).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringContaining('WordLevel'),
    })
  })

  it('keeps what special_tokens_map.json says of a token that is listed nowhere else', async () => {
    const map = JSON.stringify({ mask_token: { content: '<mask>', lstrip: true } })
    const loaded = await load({ ...tokenizer, added_tokens: [] }, {}, 'roberta', { 'special_tokens_map.json': map })
    const mask = loaded.json.added_tokens as { content: string }[]
    expect(mask.find(({ content }) => content === '<mask>')).toMatchObject({ lstrip: true, special: true })
    expect(new Tokenizer(loaded).tokenize('a  <mask>').starts).toEqual([0, 3])
  })
})
