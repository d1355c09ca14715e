/** Checkpoints whose tokenizer is Japanese: what sentence-transformers makes of one, and what is refused. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type CheckpointOptions, openCheckpoint } from '../../src/model/checkpoint.ts'
import type { FileSource } from '../../src/model/source.ts'
import { folderSource } from '../../src/node/folder-source.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import type { Splitter } from '../../src/text/words.ts'
import { jacolbert, openMorphemes, readJson } from './goldens.ts'

/** The checkpoint with other settings of its tokenizer. */
function withTokenizer(changes: Record<string, unknown>): FileSource {
  const folder = folderSource(join(jacolbert, 'model'))
  const config = { ...readJson(join(jacolbert, 'model/tokenizer_config.json')), ...changes }
  return {
    name: 'jacolbert',
    open: async (path, signal) =>
      path === 'tokenizer_config.json'
        ? { size: null, body: new Blob([JSON.stringify(config)]).stream() }
        : folder.open(path, signal),
  }
}

describe('a checkpoint in the shape of JaColBERTv2.5', () => {
  let morphemes: Splitter
  const open = (options: CheckpointOptions = {}, source = withTokenizer({})) =>
    openCheckpoint(source, { japanese: async () => morphemes, ...options })

  beforeAll(async () => {
    morphemes = await openMorphemes()
  })

  it('gives the ids and the scored rows of sentence-transformers, and the lengths of the paper', async () => {
    const golden = readJson(join(jacolbert, 'golden.json'))
    const { spec, tokenizer: files } = await open()
    const tokenizer = new Tokenizer(files)
    expect([spec.style, spec.dim, spec.query.expansion?.strategy]).toEqual(['stanford', 16, 'dynamic'])
    for (const role of ['query', 'document'] as const) {
      for (const { text, ids, kept, truncated } of golden[role === 'query' ? 'queries' : 'documents']) {
        const encoded = encodeText(tokenizer, spec[role], text)
        expect
          .soft([text, [...encoded.ids], [...encoded.keep], encoded.truncated])
          .toEqual([text, ids, kept, truncated])
      }
    }
    // 37 and 69: eight [MASK]s more than there are tokens.
    expect(golden.queries.map(({ ids }: { ids: number[] }) => ids.length)).toEqual([
      32, 32, 32, 32, 32, 32, 32, 37, 64, 69,
    ])
  })

  it('has other lengths on request, and is the same model', async () => {
    const own = await open()
    const { spec, ownQuery } = await open({ queryLength: 'fixed' })
    expect(spec.query).toMatchObject({ maxLength: 32, expansion: { strategy: 'fixed', length: 32 } })
    expect(ownQuery).toEqual(own.spec.query)
  })

  it('is refused where there is no dictionary, with what to do', async () => {
    await expect(open({ japanese: undefined })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      remedy: expect.stringContaining('japaneseDictionary()'),
    })
  })

  it.each([
    [{ mecab_kwargs: { mecab_dic: 'ipadic' } }, /mecab_dic "ipadic" is not supported, only "unidic_lite"/],
    [{ mecab_kwargs: undefined }, /mecab_dic null/],
    [{ mecab_kwargs: { mecab_dic: 'unidic_lite', mecab_option: '-O wakati' } }, /mecab_option/],
    [{ mecab_kwargs: { mecab_dic: 'unidic_lite', normalize_text: false } }, /normalize_text false/],
    [{ word_tokenizer_type: 'sudachi' }, /word_tokenizer_type "sudachi" is not supported, only "mecab"/],
    [{ word_tokenizer_type: undefined }, /word_tokenizer_type "basic"/],
    [{ subword_tokenizer_type: 'sentencepiece' }, /subword_tokenizer_type "sentencepiece"/],
    [{ do_lower_case: true }, /do_lower_case true/],
    [{ do_subword_tokenize: false }, /do_subword_tokenize false/],
  ])('is refused with another analysis: %o', async (changes, message) => {
    await expect(open({}, withTokenizer(changes))).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(message),
    })
  })
})
