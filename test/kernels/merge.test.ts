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
      it(`${subgroups ? 'subgroup' : 'workgroup'}: ${rows} rows, 2 to 20 slots, one document dead`, async () => {
        const merges = Uint32Array.of(0, 2, 3, 0, 2, 20, 0, 33, 22, 3, 1, 34)
        const alive = Uint32Array.of(1, 2)
        const partials = random(rows)(25 * rows)
        const plan = planMerge({ count: 3, rows }, device.caps, subgroups)
        const [out] = await runPlan(device, plan, [merges, alive, partials, 4])
        const scores = new Float32Array(out)
        expect(Math.abs(scores[3] - mergeSlots(partials, rows, 0, 2))).toBeLessThan(1e-3)
        expect(Math.abs(scores[0] - mergeSlots(partials, rows, 2, 20))).toBeLessThan(1e-3)
        expect([...new Uint32Array(out).subarray(1, 3)]).toEqual([0x7fc0dead, 0x7fc0dead])
      })
    }
  }
})
