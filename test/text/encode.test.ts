import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { EncodingRules } from '../../src/model/spec.ts'
import { encodeText, tokenStrings } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'

const { tokenizer: json } = JSON.parse(readFileSync(new URL('../goldens/text/uncased.json', import.meta.url), 'utf8'))
const tokenizer = new Tokenizer({ json })
const id = (token: string) => tokenizer.idOf(token) as number
const base: EncodingRules = { maxLength: 8, prompt: '', marker: null, expansion: null, skip: [] }

const encode = (text: string, rules: Partial<EncodingRules>) => {
  const { ids, attend, keep, starts, ends, truncated } = encodeText(tokenizer, { ...base, ...rules }, text)
  const slices = Array.from(starts, (start, i) => (start < 0 ? null : text.slice(start, ends[i])))
  return { tokens: tokenStrings(tokenizer, ids), attend: [...attend], keep: [...keep], slices, truncated }
}

describe('encodeText', () => {
  it('puts markers around, and skips rows by their ids', () => {
    expect(encode('Hello, World', { marker: id('[unused1]'), skip: [id(',')] })).toEqual({
      tokens: ['[CLS]', '[unused1]', 'hello', ',', 'world', '[SEP]'],
      attend: [1, 1, 1, 1, 1, 1],
      keep: [0, 1, 2, 4, 5],
      slices: [null, null, 'Hello', ',', 'World', null],
      truncated: false,
    })
  })

  it('cuts the text, not the markers', () => {
    const { tokens, truncated } = encode('hello world hello world', { maxLength: 5, marker: id('[unused1]') })
    expect(tokens).toEqual(['[CLS]', '[unused1]', 'hello', 'world', '[SEP]'])
    expect(truncated).toBe(true)
    expect(encode('hello world', { maxLength: 4 }).truncated).toBe(false)
  })

  it('expands a query with rows that are scored but hidden, or attended to', () => {
    const expansion = { token: id('[MASK]'), strategy: 'fixed', length: 6, attend: false } as const
    const hidden = encode('hello', { maxLength: 6, expansion })
    expect(hidden.tokens).toEqual(['[CLS]', 'hello', '[SEP]', '[MASK]', '[MASK]', '[MASK]'])
    expect([hidden.attend, hidden.keep]).toEqual([
      [1, 1, 1, 0, 0, 0],
      [0, 1, 2, 3, 4, 5],
    ])
    expect(encode('hello', { maxLength: 6, expansion: { ...expansion, attend: true } }).attend).toEqual([
      1, 1, 1, 1, 1, 1,
    ])
  })

  it('with expansion to a minimum keeps longer queries whole', () => {
    const expansion = { token: id('[MASK]'), strategy: 'min', length: 4, attend: false } as const
    expect(encode('hello world hello', { expansion }).tokens).toEqual(['[CLS]', 'hello', 'world', 'hello', '[SEP]'])
    expect(encode('hello', { expansion }).tokens).toEqual(['[CLS]', 'hello', '[SEP]', '[MASK]'])
  })

  it('gives ranges in the text as given, whatever goes before it', () => {
    expect(encode('naïve 😀', { prompt: 'the ' }).slices).toEqual([null, null, 'naï', 've', '😀', null])
    // The prompt runs into the text: the token of both belongs to the text, as far as it lies in it.
    expect(encode('lo world', { prompt: 'hel' }).slices).toEqual([null, 'lo', 'world', null])
  })

  it('makes an input of no text', () => {
    expect(encode('', {}).tokens).toEqual(['[CLS]', '[SEP]'])
    expect(encode('\ud800\u0000', {}).tokens).toEqual(['[CLS]', '[SEP]'])
  })
})
