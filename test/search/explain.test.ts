import { describe, expect, it } from 'vitest'
import type { EncodingRules } from '../../src/model/spec.ts'
import { explain, highlights, rowKinds } from '../../src/search/explain.ts'
import { passageText } from '../../src/search/prepare.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'

const words = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  '[Q]',
  '[D]',
  'search',
  'keep',
  '##ing',
  'the',
  'index',
  '.',
]
const tokenizer = new Tokenizer({
  json: {
    model: { type: 'WordPiece', unk_token: '[UNK]', vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
    normalizer: {
      type: 'BertNormalizer',
      lowercase: true,
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '[CLS]', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
      },
    },
  },
})
const rules: EncodingRules = { maxLength: 32, prompt: '', marker: 6, expansion: null, skip: [12] }
const queryRules: EncodingRules = {
  ...rules,
  marker: 5,
  skip: [],
  expansion: { token: 4, strategy: 'fixed', length: 6, attend: false },
}

// [CLS] [Q] keep index [SEP] [MASK]
const query = encodeText(tokenizer, queryRules, 'keep index')
const kinds = rowKinds(query, 4)

function passage(title: string | undefined, text: string) {
  return { title, text, input: encodeText(tokenizer, rules, passageText(title, text)) }
}

describe('explain', () => {
  it('knows what each row of a query stands for', () => {
    expect(kinds).toEqual(['marker', 'marker', 'text', 'text', 'marker', 'expansion'])
  })

  it('leads each query token to its match, in the text of the passage', () => {
    // Kept: [CLS] [D] keep ##ing the index [SEP]; the full stop is skipped.
    const encoded = passage(undefined, 'Keeping. The  Index')
    const tokens = Uint32Array.of(0, 1, 2, 5, 6, 3)
    const similarities = Float32Array.of(0.5, 0.5, 0.75, 1, 0.25, 0.5)
    const rows = explain(tokenizer, query, kinds, encoded, { tokens, similarities })
    expect(rows.map(({ token, match }) => [token, match.token])).toEqual([
      ['[CLS]', '[CLS]'],
      ['[Q]', '[D]'],
      ['keep', 'keep'],
      ['index', 'index'],
      ['[SEP]', '[SEP]'],
      ['[MASK]', '##ing'],
    ])
    const texts = rows.map(({ match: { start, end } }) => (start < 0 ? null : encoded.text.slice(start, end)))
    expect(texts).toEqual([null, null, 'Keep', 'Index', null, 'ing'])
    expect(rows.map(({ start, end }) => 'keep index'.slice(start, end))).toEqual(['', '', 'keep', 'index', '', ''])
    expect(rows.reduce((sum, { share }) => sum + share, 0)).toBe(3.5)
  })

  it('marks whole words, weighs them by all that met them, and leaves out what only the expansion met', () => {
    const encoded = passage(undefined, 'Keeping. The  Index')
    const tokens = Uint32Array.of(0, 4, 2, 5, 6, 3)
    const similarities = Float32Array.of(1, 1, 1, 0.5, 1, 0.5)
    const marks = highlights(tokenizer, kinds, encoded, { tokens, similarities })
    expect(marks.map(([start, end]) => encoded.text.slice(start, end))).toEqual(['Keeping', 'Index'])
    expect(marks.map(([, , weight]) => weight)).toEqual([0.3, expect.closeTo(0.1, 6)])
  })

  it('does not mark punctuation', () => {
    const plain: EncodingRules = { ...rules, skip: [] }
    const encoded = { title: undefined, text: 'keep.', input: encodeText(tokenizer, plain, 'keep.') }
    const matches = { tokens: Uint32Array.of(0, 0, 2, 3, 0, 0), similarities: new Float32Array(6).fill(0.5) }
    const marks = highlights(tokenizer, kinds, encoded, matches)
    expect(marks.map(([start, end]) => encoded.text.slice(start, end))).toEqual(['keep'])
  })

  it('counts what the title met, but marks only the text', () => {
    const encoded = passage('Search', 'the index')
    const tokens = Uint32Array.of(2, 2, 2, 4, 2, 2)
    const similarities = new Float32Array(6).fill(0.5)
    const marks = highlights(tokenizer, kinds, encoded, { tokens, similarities })
    expect(marks).toEqual([[4, 9, expect.closeTo(1 / 6, 6)]])
    const rows = explain(tokenizer, query, kinds, encoded, { tokens, similarities })
    expect(rows[2].match).toEqual({ token: 'search', start: -1, end: -1 })
  })
})
