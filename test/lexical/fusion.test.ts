import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FUSIONS, fuse, type Placed } from '../../src/lexical/index.ts'

const byOrder = (a: Placed, b: Placed) => b.score - a.score || a.ordinal - b.ordinal

const ranking = fc
  .uniqueArray(
    fc.record({
      ordinal: fc.nat(30),
      // Many of them equal; none so near to another that a quotient rounds the difference away.
      score: fc.integer({ min: -40, max: 40 }).map((eighths) => eighths / 8),
    }),
    { selector: ({ ordinal }) => ordinal },
  )
  .map((placed) => placed.sort(byOrder))

const ordinals = (placed: readonly Placed[]) => placed.map(({ ordinal }) => ordinal)

describe('fuse', () => {
  const a = [
    { ordinal: 7, score: 9 },
    { ordinal: 2, score: 5 },
    { ordinal: 4, score: 1 },
  ]
  const b = [
    { ordinal: 2, score: 0.8 },
    { ordinal: 9, score: 0.7 },
    { ordinal: 7, score: 0.4 },
  ]

  it('by reciprocal rank', () => {
    expect(fuse('rrf', a, b)).toEqual([
      { ordinal: 2, score: 1 / 62 + 1 / 61 },
      { ordinal: 7, score: 1 / 61 + 1 / 63 },
      { ordinal: 9, score: 1 / 62 },
      { ordinal: 4, score: 1 / 63 },
    ])
  })

  it('by normalised score', () => {
    const found = fuse('score', a, b)
    expect(ordinals(found)).toEqual([2, 7, 9, 4])
    const expected = [0.25 + 0.5, 0.5, 0.375, 0]
    found.forEach(({ score }, i) => {
      expect(score).toBeCloseTo(expected[i], 12)
    })
    expect(fuse('score', [{ ordinal: 3, score: -5 }], [])).toEqual([{ ordinal: 3, score: 0.5 }])
  })

  it.each(FUSIONS)('%s: has every document once, in order, whichever ranking comes first', (by) => {
    fc.assert(
      fc.property(ranking, ranking, fc.nat(40), (a, b, depth) => {
        const [before, beforeB] = [structuredClone(a), structuredClone(b)]
        const found = fuse(by, a, b)
        expect([a, b]).toEqual([before, beforeB])
        expect(new Set(ordinals(found))).toEqual(new Set(ordinals([...a, ...b])))
        expect(found).toHaveLength(new Set(ordinals(found)).size)
        expect(found).toEqual([...found].sort(byOrder))
        expect(fuse(by, b, a)).toEqual(found)
        expect(fuse(by, a, b, depth)).toEqual(found.slice(0, depth))
        const most = by === 'rrf' ? 2 / 61 : 1
        for (const { score } of found) expect(score >= 0 && score <= most).toBe(true)
      }),
    )
  })

  it.each(FUSIONS)('%s: what is above another in both rankings stays above it', (by) => {
    fc.assert(
      fc.property(ranking, ranking, (a, b) => {
        const fused = ordinals(fuse(by, a, b))
        const [placesA, placesB] = [ordinals(a), ordinals(b)]
        const shared = placesA.filter((ordinal) => placesB.includes(ordinal))
        for (const x of shared) {
          for (const y of shared) {
            if (placesA.indexOf(x) < placesA.indexOf(y) && placesB.indexOf(x) < placesB.indexOf(y)) {
              expect(fused.indexOf(x)).toBeLessThan(fused.indexOf(y))
            }
          }
        }
      }),
    )
  })

  it('by normalised score minds neither scale nor offset', () => {
    const whole = ranking.map((placed) => placed.map(({ ordinal, score }) => ({ ordinal, score: Math.round(score) })))
    fc.assert(
      fc.property(whole, whole, fc.integer({ min: -9, max: 9 }), fc.constantFrom(0.5, 2, 8), (a, b, offset, scale) => {
        const moved = a.map(({ ordinal, score }) => ({ ordinal, score: score * scale + offset }))
        expect(fuse('score', moved, b)).toEqual(fuse('score', a, b))
      }),
    )
  })

  it.each(FUSIONS)('%s: one ranking alone keeps its order', (by) => {
    fc.assert(
      fc.property(ranking, (a) => {
        expect(ordinals(fuse(by, a, []))).toEqual(ordinals(a))
      }),
    )
    expect(fuse(by, [], [])).toEqual([])
  })
})
