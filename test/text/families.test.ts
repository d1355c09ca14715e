import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Aligned } from '../../src/text/aligned.ts'
import * as families from '../../src/text/families.ts'
import { encodePair } from '../../src/text/pair.ts'
import { createSteps } from '../../src/text/steps.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { familyGolden as golden } from './family-checkpoint.ts'

const folder = new URL('../goldens/text/families/', import.meta.url)
const read = (name: string) => readFileSync(new URL(name, folder), 'utf8')
const charsmap = read('charsmap.txt')
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.json') && file !== 'splits.json')
  .map((file) => file.replace('.json', ''))

type Case = [text: string, ids: number[], offsets: [number, number][]]

function encode(tokenizer: Tokenizer, text: string): Case {
  const { ids, starts, ends } = tokenizer.tokenize(text)
  return [text, ids, starts.map((start, i) => [start, ends[i]])]
}

describe('ids and offsets equal those of Hugging Face tokenizers', () => {
  it.each(names)('%s', (name) => {
    const { tokenizer: json, cases } = golden(name)
    const tokenizer = new Tokenizer({ json, families })
    // All at once: there are thousands.
    expect((cases as Case[]).map(([text]) => encode(tokenizer, text))).toEqual(cases)
  })

  it('Split, in all of its ways', () => {
    for (const [config, text, expected] of JSON.parse(read('splits.json')).cases) {
      const parts: [number, number][] = []
      createSteps(config).step(new Aligned(text, 0), (part) => parts.push([part.start(0), part.end(part.text.length)]))
      expect.soft([config, text, parts]).toEqual([config, text, expected])
    }
  })
})

describe('pairs of texts', () => {
  it.each(['unigram-xlmr', 'bpe-roberta', 'bpe-modern'])('equal those of the reference, cut or not: %s', (name) => {
    const { tokenizer: json, pairs } = golden(name)
    const tokenizer = new Tokenizer({ json, families })
    for (const [first, second, length, ids, types] of pairs) {
      const found = encodePair(tokenizer, first, second, length ?? 512)
      expect
        .soft([first, second, length, [...found.ids], [...found.types]])
        .toEqual([first, second, length, ids, types])
      expect
        .soft(found.truncated)
        .toBe(length !== null && encodePair(tokenizer, first, second, 512).ids.length > length)
    }
  })

  it('tells the texts of a BERT apart by their types', () => {
    const json = {
      model: { type: 'WordPiece', vocab: { '[UNK]': 0, '[CLS]': 1, '[SEP]': 2, a: 3, b: 4, c: 5 } },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: { type: 'BertProcessing', cls: ['[CLS]', 1], sep: ['[SEP]', 2] },
    }
    const found = encodePair(new Tokenizer({ json }), 'a b', 'c', 512)
    expect([[...found.ids], [...found.types]]).toEqual([
      [1, 3, 4, 2, 5, 2],
      [0, 0, 0, 0, 1, 1],
    ])
  })
})

describe('hostile texts', () => {
  const subjects = names.map((name) => [name, new Tokenizer({ json: golden(name).tokenizer, families })] as const)

  /** Controls in front are among what becomes nothing. */
  const anyText = (name: string) =>
    fc
      .string({ unit: 'binary', maxLength: 60 })
      .map((text) => (name.startsWith('unigram') ? text.replace(/^\p{C}+/u, '') : text))

  it.each(subjects)('%s gives ranges inside the text, in order, that leave no letter out', (name, tokenizer) => {
    fc.assert(
      fc.property(anyText(name), (text) => {
        const { ids, starts, ends, words } = tokenizer.tokenize(text)
        const covered = new Set<number>()
        const wrong = ids.filter((id, i) => {
          for (let at = starts[i]; at < ends[i]; at++) covered.add(at)
          const inOrder = starts[i] >= (i > 0 ? starts[i - 1] : 0) && ends[i] >= starts[i] && ends[i] <= text.length
          const nextWord = i === 0 ? words[i] === 0 : words[i] === words[i - 1] || words[i] === words[i - 1] + 1
          return !inOrder || !nextWord || tokenizer.tokenOf(id) === undefined
        })
        expect(wrong).toEqual([])
        // Rules that turn characters into nothing shift the ranges of the reference too; without [UNK] it drops some.
        if (name === 'unigram-rules' || name === 'bpe-dropped') return
        expect([...text.matchAll(/\p{L}/gu)].filter(({ index }) => !covered.has(index))).toEqual([])
      }),
      { numRuns: 40 },
    )
  })

  it('takes lone surrogates for the replacement character', () => {
    for (const [, tokenizer] of subjects)
      expect(tokenizer.tokenize('a \ud800b \udc00').ids).toEqual(tokenizer.tokenize('a \ufffdb \ufffd').ids)
  })

  // Each would take minutes, or overflow the stack, if something were quadratic or recursive.
  it.each<[string, string]>([
    ['a letter', 'a'],
    ['letters of a language without spaces', '灯台は九秒に一度回ります'],
    ['spaces', ' '],
    ['punctuation', '.'],
    ['marks out of order', '\u0301\u0323'],
    ['marks with spaces', ' \u0301'],
    ['a marker', '<mask>'],
    ['a half marker', '<mask'],
    ['an emoji', '👩‍👧'],
  ])(
    'is linear in a long text of %s',
    (_, unit) => {
      const text = unit.repeat(30_000 / unit.length)
      for (const name of ['unigram-xlmr', 'unigram-bytes', 'bpe-prefix', 'bpe-modern', 'bpe-gemma']) {
        const tokenizer = subjects.find(([each]) => each === name)?.[1] as Tokenizer
        expect(tokenizer.tokenize(text).ends.at(-1) ?? text.length).toBeLessThanOrEqual(text.length)
      }
    },
    30_000,
  )

  it('knows the words of objects only from its vocabulary', () => {
    for (const [, tokenizer] of subjects)
      for (const word of ['constructor', '__proto__', 'toString']) expect(tokenizer.idOf(word)).toBeUndefined()
  })
})

describe('a tokenizer.json that cannot be used', () => {
  const bpe = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] }
  const unigram = {
    type: 'Unigram',
    unk_id: 0,
    vocab: [
      ['<unk>', 0],
      ['a', -1],
    ],
  }
  const refused = (json: Record<string, unknown>) => {
    try {
      new Tokenizer({ json, families })
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      return [code, message]
    }
    return undefined
  }

  it('is loaded where it can be', () => {
    expect(refused({ model: bpe })).toBeUndefined()
    expect(refused({ model: unigram })).toBeUndefined()
    expect(refused({ model: { ...bpe, type: undefined } })).toBeUndefined()
    expect(refused({ model: { ...unigram, type: undefined } })).toBeUndefined()
  })

  it.each<[string, Record<string, unknown>]>([
    ['WordLevel', { model: { ...bpe, type: 'WordLevel' } }],
    ['dropout', { model: { ...bpe, dropout: 0.1 } }],
    ['alpha', { model: { ...unigram, alpha: 0.1 } }],
    ['Nmt', { model: bpe, normalizer: { type: 'Nmt' } }],
    ['UnicodeScripts', { model: bpe, pre_tokenizer: { type: 'UnicodeScripts' } }],
    [
      'Digits',
      { model: bpe, pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'ByteLevel' }, { type: 'Digits' }] } },
    ],
    ['Sideways', { model: bpe, pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'Sideways' } }],
    ['sometimes', { model: bpe, pre_tokenizer: { type: 'Metaspace', prepend_scheme: 'sometimes' } }],
    ['ByteLevel', { model: unigram, pre_tokenizer: { type: 'ByteLevel' } }],
    ['Unheard', { model: bpe, post_processor: { type: 'Unheard' } }],
    ...[
      '\\w+',
      '^a',
      'a$',
      'a++',
      '(?>a)',
      '[a-z&&[b]]',
      '\\X',
      '(?<n>a)',
      '(?i:[a-z])',
      '(',
      '\\p{Nonsense}',
      '(x+x+)+y',
      '((?:a*)b){2,}',
    ].map((pattern): [string, Record<string, unknown>] => [
      JSON.stringify(pattern).slice(1, -1),
      { model: bpe, pre_tokenizer: { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' } },
    ]),
  ])('%s is refused by name', (name, json) => {
    expect(refused(json)).toEqual(['MODEL_UNSUPPORTED', expect.stringContaining(name)])
  })

  it('a group may be repeated in which nothing is', () => {
    const Regex = '\\d{1,3}(?=(?:\\d{3})*x)|(?:\\r?\\n)+|(?:a+)?b+'
    expect(
      refused({ model: bpe, pre_tokenizer: { type: 'Split', pattern: { Regex }, behavior: 'Isolated' } }),
    ).toBeUndefined()
  })

  it.each<[string, Record<string, unknown>]>([
    ['no model', {}],
    ['an empty vocabulary', { model: { ...unigram, vocab: [] } }],
    ['scores that are none', { model: { ...unigram, vocab: [['a', 'b']] } }],
    ['an unknown token beyond the vocabulary', { model: { ...unigram, unk_id: 2 } }],
    ['an unknown token that is not there', { model: { ...bpe, unk_token: 'x' } }],
    ['merges that are missing', { model: { ...bpe, merges: undefined } }],
    ['a merge of what is not in the vocabulary', { model: { ...bpe, merges: [['b', 'a']] } }],
    ['a merge of three', { model: { ...bpe, merges: ['a b c'] } }],
    ['a table that is none', { model: bpe, normalizer: { type: 'Precompiled', precompiled_charsmap: '?' } }],
    [
      'a table that is cut',
      { model: bpe, normalizer: { type: 'Precompiled', precompiled_charsmap: charsmap.slice(0, 400) } },
    ],
  ])('%s is damage', (_, json) => {
    expect(refused(json)?.[0]).toBe('MODEL_INVALID')
  })
})
