import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ExpansionSpec } from '../../src/model/spec.ts'
import { encodeText } from '../../src/text/encode.ts'
import { expandedLength } from '../../src/text/expansion.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'

const lengths = (strategy: ExpansionSpec['strategy'], counts: number[], length = 32) =>
  counts.map((count) => expandedLength({ strategy, length }, count))

describe('the length of an expanded query', () => {
  it('is fixed, or has a minimum', () => {
    expect(lengths('fixed', [3, 31, 32])).toEqual([32, 32, 32])
    expect(lengths('min', [3, 32, 40])).toEqual([32, 32, 40])
  })

  it('is that of JaColBERTv2.5: the next multiple of 32, with at least eight [MASK]s', () => {
    const counts = [3, 5, 24, 25, 30, 31, 32, 33, 56, 57, 64, 65]
    expect(lengths('dynamic', counts)).toEqual([32, 32, 32, 33, 38, 39, 40, 64, 64, 65, 72, 96])
    expect(lengths('dynamic', [3, 9], 16)).toEqual([16, 17])
  })

  it('is that of the library rerankers', () => {
    // What `original_length % step <= 8 ? original_length + 8 : ceil(original_length / step) * step` gives.
    const counts = [3, 5, 8, 9, 16, 24, 25, 30, 32, 40, 41, 48]
    expect(lengths('rerankers-16', counts)).toEqual([11, 13, 16, 16, 24, 32, 32, 32, 40, 48, 48, 56])
    expect(lengths('rerankers-32', counts)).toEqual([11, 13, 16, 32, 32, 32, 32, 32, 40, 48, 64, 64])
  })
})

describe('an expanded query', () => {
  const { tokenizer: json } = JSON.parse(readFileSync(new URL('../goldens/text/uncased.json', import.meta.url), 'utf8'))
  const tokenizer = new Tokenizer({ json })
  const mask = tokenizer.idOf('[MASK]') as number
  const encode = (words: number, expansion: Partial<ExpansionSpec>, maxLength: number) =>
    encodeText(
      tokenizer,
      {
        maxLength,
        prompt: '',
        marker: null,
        skip: [],
        expansion: { token: mask, strategy: 'dynamic', length: 32, attend: false, ...expansion },
      },
      'hello '.repeat(words),
    )

  it('has its expansion hidden, and all its rows scored', () => {
    const { ids, attend, keep } = encode(25, {}, 504)
    expect(ids.length).toBe(35)
    expect([...attend]).toEqual([...Array(27).fill(1), ...Array(8).fill(0)])
    expect(keep.length).toBe(35)
    expect([...ids.slice(27)]).toEqual(Array(8).fill(mask))
    expect([...encode(25, { attend: true }, 504).attend]).toEqual(Array(35).fill(1))
  })

  it('never goes beyond the positions of the model', () => {
    // 50 positions: 42 for the text and its markers, 8 for [MASK]s.
    expect(encode(38, {}, 42).ids.length).toBe(50)
    const cut = encode(60, {}, 42)
    expect([cut.ids.length, cut.truncated]).toEqual([50, true])
    expect(cut.ids[41]).toBe(tokenizer.suffix[0])
  })
})
