import { describe, expect, it } from 'vitest'
import { planMerge } from '../../src/kernels/merge.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { random, runPlan } from './harness.ts'
import { mergeSlots } from './merge.reference.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`merge${missing ? ` — ${missing}` : ''}`, async () => {
  const device = missing ? null! : await openDevice({ caps: { groups: 2 } })
  const variants = missing || !device.caps.subgroups ? [false] : [false, true]
  for (const subgroups of variants) {
    for (const rows of [1, 33, 512]) {
      it(`${subgroups ? 'subgroup' : 'workgroup'}: ${rows} rows, 2 to 20 slots, one document dead, 2 queries`, async () => {
        const merges = Uint32Array.of(0, 2, 3, 0, 2, 20, 0, 33, 22, 3, 1, 34)
        const alive = Uint32Array.of(1, 2)
        const partials = random(rows)(2 * 25 * rows)
        const shape = { count: 3, rows, queries: 2, slots: 25, passages: 4 }
        const plan = planMerge(shape, device.caps, subgroups)
        const [out] = await runPlan(device, plan, [merges, alive, partials, 8])
        for (const query of [0, 1]) {
          const scores = new Float32Array(out, query * 16, 4)
          const slots = partials.subarray(query * 25 * rows)
          expect(Math.abs(scores[3] - mergeSlots(slots, rows, 0, 2))).toBeLessThan(1e-3)
          expect(Math.abs(scores[0] - mergeSlots(slots, rows, 2, 20))).toBeLessThan(1e-3)
          expect([...new Uint32Array(out, query * 16 + 4, 2)]).toEqual([0x7fc0dead, 0x7fc0dead])
        }
      })
    }
  }
})
