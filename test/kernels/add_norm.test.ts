import { describe, expect, it } from 'vitest'
import { planAddNorm } from '../../src/kernels/add_norm.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { addNorm } from './add_norm.reference.ts'
import { maxError, random, runPlan } from './harness.ts'
import { rowVariants } from './rows.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`add_norm${missing ? ` — ${missing}` : ''}`, () => {
  for (const [rows, columns] of [
    [1, 1],
    [3, 16],
    [5, 64],
    [7, 130],
    [2, 384],
    [3, 1000],
    [2, 1024],
  ]) {
    it(`${rows} × ${columns}`, async () => {
      const device = await openDevice()
      const values = random(columns)
      const x = values(rows * columns, 2, 3)
      const residual = values(rows * columns)
      const gamma = values(columns, 0.5, 1)
      const beta = values(columns)
      const expected = addNorm(x, residual, gamma, beta, columns, 1e-3)
      for (const force of rowVariants(columns, device.caps)) {
        const plan = planAddNorm({ rows, columns, epsilon: 1e-3 }, device.caps, force)
        const [out] = await runPlan(device, plan, [x, residual, Float32Array.of(...gamma, ...beta), rows * columns])
        expect(maxError(new Float32Array(out), expected), JSON.stringify(force)).toBeLessThan(2e-5)
      }
    })
  }

  it('adds up parts first', async () => {
    const device = await openDevice()
    const [rows, columns, parts] = [3, 36, 3]
    const values = random(5)
    const x = values(parts * rows * columns)
    const [residual, gamma, beta] = [values(rows * columns), values(columns), values(columns)]
    const sums = Float32Array.from(residual, (_, i) => {
      let sum = 0
      for (let part = 0; part < parts; part++) sum += x[part * rows * columns + i]
      return sum
    })
    const plan = planAddNorm({ rows, columns, epsilon: 1e-6, parts }, device.caps)
    const [out] = await runPlan(device, plan, [x, residual, Float32Array.of(...gamma, ...beta), rows * columns])
    expect(maxError(new Float32Array(out), addNorm(sums, residual, gamma, beta, columns, 1e-6))).toBeLessThan(2e-5)
  })

  it('normalises the residual alone where there are no parts', async () => {
    const device = await openDevice()
    const values = random(7)
    const [residual, gamma, beta] = [values(3 * 36), values(36), values(36)]
    const plan = planAddNorm({ rows: 3, columns: 36, epsilon: 1e-2, parts: 0 }, device.caps)
    const affine = Float32Array.of(...gamma, ...beta)
    const [out] = await runPlan(device, plan, [residual, residual, affine, residual.length])
    const zero = new Float32Array(residual.length)
    expect(maxError(new Float32Array(out), addNorm(zero, residual, gamma, beta, 36, 1e-2))).toBeLessThan(2e-5)
  })

  it('keeps the sum for the next residual', async () => {
    const device = await openDevice()
    for (const columns of [30, 48]) {
      const values = random(6)
      const [x, residual] = [values(3 * columns), values(3 * columns)]
      const [gamma, beta] = [values(columns), values(columns)]
      const plan = planAddNorm({ rows: 3, columns, epsilon: 1e-6, sums: true }, device.caps)
      const affine = Float32Array.of(...gamma, ...beta)
      const [out, sums] = await runPlan(device, plan, [x, residual, affine, 3 * columns, 3 * columns])
      expect(maxError(new Float32Array(out), addNorm(x, residual, gamma, beta, columns, 1e-6))).toBeLessThan(2e-5)
      expect(
        maxError(
          new Float32Array(sums),
          x.map((value, i) => value + residual[i]),
        ),
      ).toBeLessThan(1e-6)
    }
  })

  it('keeps its digits under a large mean', async () => {
    const device = await openDevice()
    const values = random(1)
    const x = values(384, 0.5, 300)
    const zero = new Float32Array(384)
    const one = new Float32Array(384).fill(1)
    const plan = planAddNorm({ rows: 1, columns: 384, epsilon: 1e-12 }, device.caps)
    const [out] = await runPlan(device, plan, [x, zero, Float32Array.of(...one, ...zero), 384])
    expect(maxError(new Float32Array(out), addNorm(x, zero, one, zero, 384, 1e-12))).toBeLessThan(1e-3)
  })

  it('folds more rows than one dimension of the grid takes', async () => {
    const device = await openDevice({ caps: { groups: 4 } })
    const values = random(2)
    const [rows, columns] = [23, 8]
    const [x, residual] = [values(rows * columns), values(rows * columns)]
    const [gamma, beta] = [values(columns), values(columns)]
    const plan = planAddNorm({ rows, columns, epsilon: 1e-6 }, device.caps)
    expect(plan.grid[1]).toBeGreaterThan(1)
    const [out] = await runPlan(device, plan, [x, residual, Float32Array.of(...gamma, ...beta), rows * columns])
    expect(maxError(new Float32Array(out), addNorm(x, residual, gamma, beta, columns, 1e-6))).toBeLessThan(2e-5)
  })
})
