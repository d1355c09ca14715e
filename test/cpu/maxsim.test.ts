import { assert, constantFrom, integer, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CodecId, codecOf } from '../../src/codec/codec.ts'
import { codesOf } from '../../src/cpu/codes.ts'
import { bestTokens, packQuery, score } from '../../src/cpu/maxsim.ts'
import { TokenVectors } from '../../src/cpu/token-vectors.ts'
import { random } from '../kernels/harness.ts'
import { bestTokens as expectedTokens, maxSim } from '../kernels/maxsim.reference.ts'

/** A query and token vectors that went through a codec, and what the codes stand for. */
function example(codecId: CodecId, dim: number, rows: number, tokens: number, seed: number) {
  const values = random(seed)
  const codec = codecOf({ id: codecId })
  const query = values(rows * dim, 1 / Math.sqrt(dim))
  const passage = values(tokens * dim, 1 / Math.sqrt(dim))
  // Among others, and not at the start.
  const held = new TokenVectors(codec, dim, tokens + 5)
  held.set(3, codesOf(codec, passage, dim).codes)
  return { query, decoded: codec.decode(codec.encode(passage, dim), dim), held }
}

const shapes = property(
  constantFrom<CodecId>('int8', 'f16', 'f32'),
  integer({ min: 4, max: 33 }),
  integer({ min: 1, max: 40 }),
  integer({ min: 1, max: 50 }),
  integer(),
  (codecId, quads, rows, tokens, seed) => {
    const dim = 4 * quads
    const { query, decoded, held } = example(codecId, dim, rows, tokens, seed)
    const packed = packQuery(query, dim)
    const sum = score(packed, held.values, held.scales, 3, 3 + tokens)
    expect(Math.abs(sum - maxSim(query, decoded, dim))).toBeLessThan(1e-5)
    const expected = expectedTokens(query, decoded, dim)
    const best = bestTokens(packed, held.values, held.scales, 3, 3 + tokens)
    expect([...best.tokens]).toEqual(expected.map(({ token }) => token))
    expected.forEach(({ similarity }, row) => {
      expect(Math.abs(best.similarities[row] - similarity)).toBeLessThan(1e-6)
    })
  },
)

describe('MaxSim in memory', () => {
  it('is what the reference says, for every codec and shape', () => {
    assert(shapes, { numRuns: 60 })
  })

  it('takes the first of equal token vectors', () => {
    const dim = 16
    const { query, held } = example('int8', dim, 5, 1, 7)
    const repeated = new TokenVectors(codecOf({ id: 'int8' }), dim, 4)
    for (let row = 0; row < 4; row++) repeated.values.set(held.values.subarray(3 * dim, 4 * dim), row * dim)
    repeated.scales!.fill(held.scales![3])
    expect([...bestTokens(packQuery(query, dim), repeated.values, repeated.scales, 0, 4).tokens]).toEqual([
      0, 0, 0, 0, 0,
    ])
  })

  it('takes codes from anywhere in a chunk', () => {
    for (const id of ['f32', 'f16', 'int8'] as const) {
      const codec = codecOf({ id })
      const { codes } = codesOf(codec, random(3)(2 * 16), 16)
      const moved = codes.map((run) => {
        const chunk = new Uint8Array(run.length + 7)
        chunk.set(run, 3)
        return chunk.subarray(3, 3 + run.length)
      })
      const [straight, shifted] = [new TokenVectors(codec, 16, 2), new TokenVectors(codec, 16, 2)]
      straight.set(0, codes)
      shifted.set(0, moved)
      expect(shifted.values).toEqual(straight.values)
      expect(shifted.scales).toEqual(straight.scales)
    }
  })

  it('keeps what it holds when it grows', () => {
    const { held } = example('int8', 32, 1, 9, 1)
    const [values, scales] = [held.values.slice(), held.scales!.slice()]
    held.grow(100)
    expect(held.capacity).toBe(100)
    expect(held.values.slice(0, values.length)).toEqual(values)
    expect(held.scales!.slice(0, scales.length)).toEqual(scales)
    expect(held.bytes).toBe(100 * (32 + 4))
    expect(() => held.grow(2 ** 50)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
  })
})
