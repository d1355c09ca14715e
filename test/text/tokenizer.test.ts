import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Tokenizer } from '../../src/text/tokenizer.ts'

const goldens = new URL('../goldens/text/', import.meta.url)
const shared = new URL('../../../shared/', import.meta.url)

type Case = [text: string, ids: number[], offsets: [number, number][]]

const read = (url: URL) => readFileSync(url, 'utf8')
const golden = (name: string) => JSON.parse(read(new URL(`${name}.json`, goldens)))

function encode(tokenizer: Tokenizer, text: string): Case {
  const { ids, starts, ends } = tokenizer.tokenize(text)
  return [text, ids, starts.map((start, i) => [start, ends[i]])]
}

describe('ids and offsets equal those of Hugging Face tokenizers', () => {
  const others = ['classes.json', 'forms.json', 'real.json']
  const names = readdirSync(goldens).filter((f) => f.endsWith('.json') && !others.includes(f))
  for (const name of names.map((f) => f.replace('.json', ''))) {
    it(name, () => {
      const { tokenizer: json, cases } = golden(name)
      const tokenizer = new Tokenizer({ json })
      for (const expected of cases as Case[]) expect.soft(encode(tokenizer, expected[0])).toEqual(expected)
      expect([tokenizer.prefix, tokenizer.suffix]).toEqual([[2], [3]])
    })
  }
})

const real = new URL('checkpoints/answerai-colbert-small-v1/tokenizer.json', shared)
describe.skipIf(!existsSync(real))(
  'with the real tokenizer of answerai-colbert-small-v1 (needs ../shared/checkpoints)',
  () => {
    const tokenizer = existsSync(real) ? new Tokenizer({ json: JSON.parse(read(real)) }) : (undefined as never)

    it('gives the ids and offsets of Hugging Face tokenizers', () => {
      for (const expected of golden('real').cases as Case[])
        expect.soft(encode(tokenizer, expected[0])).toEqual(expected)
    })

    const texts = new URL('reference/ggml-vocab-bert-bge.gguf.inp', shared)
    it.skipIf(!existsSync(texts))('gives the ids of the 46 llama.cpp strings (needs ../shared/reference)', () => {
      const inputs = read(texts).split('\n__ggml_vocab_test__\n')
      const outputs = read(new URL('reference/ggml-vocab-bert-bge.gguf.out', shared)).split('\n')
      expect(inputs.length).toBeGreaterThanOrEqual(46)
      inputs.forEach((text, i) => {
        const ids = outputs[i].trim() === '' ? [] : outputs[i].trim().split(/\s+/).map(Number)
        expect.soft([text, tokenizer.tokenize(text).ids]).toEqual([text, ids])
      })
    })
  },
)

describe('hostile texts', () => {
  const tokenizer = new Tokenizer({ json: golden('uncased').tokenizer })
  const nfkc = new Tokenizer({ json: golden('nfkc').tokenizer })

  it('gives ranges inside the text, in order, for any string', () => {
    for (const subject of [tokenizer, nfkc]) {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
          const { ids, starts, ends, words } = subject.tokenize(text)
          ids.forEach((id, i) => {
            expect(subject.tokenOf(id)).toBeTypeOf('string')
            expect(starts[i]).toBeGreaterThanOrEqual(i > 0 ? starts[i - 1] : 0)
            expect(ends[i]).toBeGreaterThan(starts[i])
            expect(ends[i]).toBeLessThanOrEqual(text.length)
            if (i > 0) expect(words[i] - words[i - 1]).toBeOneOf([0, 1])
          })
        }),
        { numRuns: 300 },
      )
    }
  })

  it('takes lone surrogates for the replacement character, which is dropped', () => {
    expect(encode(tokenizer, 'a\ud800b')).toEqual([
      'a\ud800b',
      [tokenizer.idOf('a'), tokenizer.idOf('##b')],
      [
        [0, 1],
        [2, 3],
      ],
    ])
    expect(tokenizer.tokenize('\udc00\ud800').ids).toEqual([])
  })

  // Each would take minutes, or overflow the stack, if something were quadratic or recursive.
  it.each<[string, string, number?]>([
    ['a letter', 'a', 1_000_000],
    ['an unknown symbol', '\u2603'],
    ['punctuation', '.'],
    ['marks out of order', '\u0301\u0323'],
    ['a marker', '[MASK]'],
    ['a half marker', '[MASK'],
    ['an emoji', '😀'],
  ])(
    'is linear in a long text of %s',
    (_, unit, length = 200_000) => {
      const text = unit.repeat(length / unit.length)
      for (const subject of [tokenizer, nfkc])
        expect(subject.tokenize(text).ends.at(-1) ?? text.length).toBeLessThanOrEqual(text.length)
    },
    20_000,
  )

  it('knows the words of objects only from its vocabulary', () => {
    for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
      expect(tokenizer.idOf(word)).toBeUndefined()
  })
})

describe('a tokenizer.json that cannot be used', () => {
  const model = { type: 'WordPiece', unk_token: '[UNK]', vocab: { '[UNK]': 0, a: 1 } }
  const code = (json: Record<string, unknown>) => {
    try {
      new Tokenizer({ json })
    } catch (error) {
      return (error as { code: string }).code
    }
    return undefined
  }

  it('is refused with its reason', () => {
    expect(code({ model })).toBeUndefined()
    expect(code({ model: { ...model, type: 'Unigram' } })).toBe('MODEL_UNSUPPORTED')
    expect(code({ model, normalizer: { type: 'Precompiled' } })).toBe('MODEL_UNSUPPORTED')
    expect(code({ model, pre_tokenizer: { type: 'ByteLevel' } })).toBe('MODEL_UNSUPPORTED')
    expect(code({ model, post_processor: { type: 'ByteLevel' } })).toBe('MODEL_UNSUPPORTED')
    expect(code({})).toBe('MODEL_INVALID')
    expect(code({ model: { ...model, vocab: {} } })).toBe('MODEL_INVALID')
    expect(code({ model: { ...model, vocab: { a: -1 } } })).toBe('MODEL_INVALID')
    expect(code({ model: { ...model, unk_token: 'x' } })).toBe('MODEL_INVALID')
    expect(code({ model, added_tokens: [{ content: 'x' }] })).toBe('MODEL_INVALID')
    expect(code({ model, post_processor: { type: 'TemplateProcessing', single: [] } })).toBe('MODEL_INVALID')
  })
})
