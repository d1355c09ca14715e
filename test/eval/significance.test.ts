import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compare } from '../../src/eval/significance.ts'

/** The share of all sign assignments with a sum at least as large. */
function exact(differences: readonly number[]): number {
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0))
  let extreme = 0
  for (let signs = 0; signs < 1 << differences.length; signs++) {
    const sum = differences.reduce((total, value, i) => total + (signs & (1 << i) ? -value : value), 0)
    if (Math.abs(sum) >= observed - 1e-12) extreme++
  }
  return extreme / (1 << differences.length)
}

describe('compare', () => {
  it.each([
    [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]],
    [[0.5, -0.25, 0.1, 0.3, -0.05, 0.2, 0.4, -0.1]],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
    [[0.3, -0.3, 0.2, -0.2]],
  ])('comes near the exact test: %j', (differences) => {
    const { p } = compare(
      differences,
      differences.map(() => 0),
    )
    expect(Math.abs(p - exact(differences))).toBeLessThan(0.006)
  })

  it('counts wins, ties and losses', () => {
    expect(compare([1, 0.5, 0, 1], [0, 0.5, 1, 0])).toMatchObject({ wins: 2, ties: 1, losses: 1, difference: 0.25 })
    expect(compare([0.2, 0.7], [0.2, 0.7])).toMatchObject({ wins: 0, ties: 2, losses: 0, difference: 0, p: 1 })
    expect(compare([], [])).toMatchObject({ difference: 0, p: 1 })
  })

  it('is the same both ways and for equal seeds, and moves a little with the seed', () => {
    const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 8 })), { maxLength: 40 })
    fc.assert(
      fc.property(values, fc.integer(), (pairs, seed) => {
        const [a, b] = [pairs.map(([x]) => x / 8), pairs.map(([, y]) => y / 8)]
        const one = compare(a, b, seed, 2_000)
        const back = compare(b, a, seed, 2_000)
        expect(compare(a, b, seed, 2_000)).toEqual(one)
        expect(back.p).toBe(one.p)
        expect([back.wins, back.losses]).toEqual([one.losses, one.wins])
        expect(one.p).toBeGreaterThan(0)
        expect(one.p).toBeLessThanOrEqual(1)
        expect(Math.abs(compare(a, b, seed + 1, 2_000).p - one.p)).toBeLessThan(0.1)
      }),
      { numRuns: 30 },
    )
  })

  it('finds more than thirty-two queries of the same sign unlikely', () => {
    expect(compare(Array(50).fill(0.1), Array(50).fill(0)).p).toBeLessThan(1e-4)
  })
})
