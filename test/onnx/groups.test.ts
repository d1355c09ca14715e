import { array, assert, integer, property } from 'fast-check'
import { expect, it } from 'vitest'
import { groupByLength } from '../../src/onnx/groups.ts'

it('every text is in one run, and little of a run is padding', () => {
  assert(
    property(array(integer({ min: 1, max: 512 }), { maxLength: 100 }), (lengths) => {
      const groups = groupByLength(lengths)
      expect(groups.flat().toSorted((a, b) => a - b)).toEqual([...lengths.keys()])
      for (const group of groups) {
        const longest = lengths[group[0]]
        expect(group.length * longest).toBeLessThanOrEqual(Math.max(1_024, longest))
        for (const place of group) {
          expect(lengths[place]).toBeLessThanOrEqual(longest)
          expect(longest - lengths[place]).toBeLessThanOrEqual(Math.max(8, longest / 8))
        }
      }
    }),
  )
})

it('texts of one length go together', () => {
  expect(groupByLength(Array(16).fill(64))).toEqual([[...Array(16).keys()]])
  expect(groupByLength([3, 300, 4, 290])).toEqual([
    [1, 3],
    [2, 0],
  ])
  expect(groupByLength([])).toEqual([])
})
