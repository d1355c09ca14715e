import { describe, expect, it } from 'vitest'
import { planNormalize } from '../../src/kernels/normalize.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { maxError, random, runPlan } from './harness.ts'
import { normalize } from './normalize.reference.ts'
import { rowVariants } from './rows.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`normalize${missing ? ` — ${missing}` : ''}`, () => {
  for (const [tokens, columns] of [
    [1, 1],
    [3, 16],
    [5, 66],
    [7, 96],
    [3, 513],
    [2, 768],
    [2, 1024],
  ]) {
    it(`${tokens} × ${columns}`, async () => {
      const device = await openDevice()
      const x = random(columns)(tokens * columns, 2, 0.5)
      const keep = Uint32Array.from({ length: tokens }, (_, i) => tokens - 1 - i).filter(
        (row) => row % 3 !== 1 || tokens < 3,
      )
      const expected = normalize(x, keep, columns)
      for (const force of rowVariants(columns, device.caps)) {
        const plan = planNormalize({ rows: keep.length, columns }, device.caps, force)
        const [out] = await runPlan(device, plan, [x, keep, expected.length])
        expect(maxError(new Float32Array(out), expected), JSON.stringify(force)).toBeLessThan(1e-6)
      }
    })
  }

  it('takes means of runs, and leaves them as long as they are', async () => {
    const device = await openDevice()
    for (const columns of [6, 96]) {
      const x = random(columns)(9 * columns, 2, 0.5)
      const runs = [
        [0, 1],
        [1, 5],
        [5, 9],
      ]
      const means = Float32Array.from(
        runs.flatMap(([first, end]) =>
          Array.from({ length: columns }, (_, c) => {
            let sum = 0
            for (let row = first; row < end; row++) sum += x[row * columns + c]
            return sum / (end - first)
          }),
        ),
      )
      for (const unit of [false, true]) {
        const expected = unit ? normalize(means, [0, 1, 2], columns) : means
        const plan = planNormalize({ rows: 3, columns, mean: true, unit }, device.caps)
        const [out] = await runPlan(device, plan, [x, Uint32Array.from(runs.flat()), 3 * columns])
        expect(maxError(new Float32Array(out), expected), `${unit}`).toBeLessThan(2e-6)
      }
    }
  })

  it('leaves a row of zeros at zero', async () => {
    const device = await openDevice()
    const [out] = await runPlan(device, planNormalize({ rows: 1, columns: 8 }, device.caps), [
      new Float32Array(8),
      Uint32Array.of(0),
      8,
    ])
    expect(Array.from(new Float32Array(out))).toEqual(new Array(8).fill(0))
  })

  it('folds more rows than one dimension of the grid takes', async () => {
    const device = await openDevice({ caps: { groups: 4 } })
    const x = random(1)(23 * 8)
    const keep = Uint32Array.from({ length: 23 }, (_, i) => i)
    const plan = planNormalize({ rows: 23, columns: 8 }, device.caps)
    expect(plan.grid[1]).toBeGreaterThan(1)
    const [out] = await runPlan(device, plan, [x, keep, x.length])
    expect(maxError(new Float32Array(out), normalize(x, keep, 8))).toBeLessThan(1e-6)
  })
})
