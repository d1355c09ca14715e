import { expect, it } from 'vitest'
import { Pace } from '../../src/search/pace.ts'

it('cuts batches at the tokens of a submission, and lets a long input go alone', () => {
  const pace = new Pace()
  const lengths = [100, 100, 100, 5000, 10, 10]
  const batches = [...pace.batches(lengths, (length) => length)]
  expect(batches.flat()).toEqual(lengths)
  expect(batches).toEqual([[100], [100], [100], [5000], [10, 10]])
})

it('follows the speed of the device within bounds', () => {
  const pace = new Pace()
  for (let i = 0; i < 30; i++) pace.learn(1000, 1)
  expect([pace.tokens, pace.depth]).toEqual([4_096, 2])
  for (let i = 0; i < 30; i++) pace.learn(64, 2000)
  expect([pace.tokens, pace.depth]).toEqual([32, 1])
  for (let i = 0; i < 30; i++) pace.learn(1000, 100)
  expect([pace.tokens, pace.depth]).toEqual([500, 2])
  expect(pace.within(5000)).toBeCloseTo(50_000, -2)
})
