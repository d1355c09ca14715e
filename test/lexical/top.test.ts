import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Top } from '../../src/lexical/top.ts'

describe('Top', () => {
  it('keeps what a sort would put first', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 60 }),
        fc.integer({ min: 0, max: 40 }),
        (scores, size) => {
          const top = new Top(size)
          // Not in the order of the ordinals: threads finish as they finish.
          const order = scores.map((_, i) => i).sort((a, b) => ((a * 7919) % 61) - ((b * 7919) % 61))
          for (const ordinal of order) {
            const admitted = top.admits(ordinal, scores[ordinal])
            top.offer(ordinal, scores[ordinal])
            expect(top.list().some((kept) => kept.ordinal === ordinal)).toBe(admitted)
          }
          const sorted = scores
            .map((score, ordinal) => ({ ordinal, score }))
            .sort((a, b) => b.score - a.score || a.ordinal - b.ordinal)
          expect(top.list()).toEqual(sorted.slice(0, size))
        },
      ),
    )
  })
})
