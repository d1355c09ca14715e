import { describe, expect, it } from 'vitest'
import { scalesOffset } from '../../src/kernels/codes.ts'
import { planQuantize } from '../../src/kernels/quantize.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { random, runPlan } from './harness.ts'
import { codecOf, steps } from './quantize.reference.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`quantize${missing ? ` — ${missing}` : ''}`, () => {
  for (const id of ['f32', 'f16', 'int8']) {
    for (const [rows, dim, base, capacity] of [
      [1, 16, 0, 1],
      [5, 20, 3, 11],
      [130, 96, 1, 140],
      [65, 768, 0, 65],
    ]) {
      it(`${id}: ${rows} × ${dim} at row ${base} of ${capacity}`, async () => {
        const device = await openDevice({ caps: { groups: 2 } })
        const codec = codecOf({ id })
        const vectors = random(rows)(rows * dim, 0.1)
        vectors.fill(0, 0, id === 'int8' ? dim : 0)
        const plan = planQuantize({ rows, dim, bits: codec.bits, base, capacity }, device.caps)
        const words = (capacity * codec.bytes(dim)) / 4
        const [out] = await runPlan(device, plan, [vectors, words])
        const expected = codec.encode(vectors, dim)
        const start = base * codec.words(dim)
        const codes = new Uint32Array(out).subarray(start, start + expected.codes.length)
        const [actual, wanted] = [steps(codes, codec.bits), steps(expected.codes, codec.bits)]
        const off = wanted.map((step, i) => Math.abs(step - actual[i]))
        // An adapter may round a few components that lie on an edge to the neighbour, and none further.
        expect(Math.max(...off)).toBeLessThanOrEqual(id === 'f32' ? 0 : 1)
        expect(off.filter((steps) => steps > 0).length).toBeLessThanOrEqual(Math.ceil(off.length / 500))
        if (codec.scaled) {
          const scales = new Float32Array(out, scalesOffset(codec.bits, dim, capacity) + base * 4, rows)
          expect(scales).toEqual(expected.scales)
        }
        const untouched = new Uint32Array(out).subarray(0, start)
        expect(untouched.every((word) => word === 0x7fc0dead)).toBe(true)
      })
    }
  }
})
