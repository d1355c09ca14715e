import { expect, it } from 'vitest'
import { makeCheckpoint } from '../../bench/checkpoint.ts'
import { textOf } from '../../bench/encode.ts'
import { PROBED } from '../../src/kernels/gemm.ts'
import { NONE, planMaxSim } from '../../src/kernels/maxsim.ts'
import { probeGemm, probeMaxSim } from '../../src/kernels/probe.ts'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { GpuEncoder } from '../../src/model/encoder.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { makeFixture } from '../kernels/fixture.ts'
import { maxError, random, runPlan } from '../kernels/harness.ts'
import { maxSim } from '../kernels/maxsim.reference.ts'
import { encodeBatch } from '../model/encode.ts'

const missing = await gpuMissing()

it.skipIf(missing)(`MaxSim with two tokens a lane${missing ? ` — ${missing}` : ''}`, async () => {
  const device = await openDevice()
  for (const codec of ['f32', 'f16', 'int8'] as const) {
    for (const [rows, dim] of [
      [33, 48],
      [5, 96],
      [65, 128],
    ]) {
      const fixture = makeFixture({ dim, codec, documents: [[1], [63, 64], [65, 0], [130], [31, 32, 33]] })
      const query = random(rows)(rows * dim, 1 / Math.sqrt(dim))
      const [{ data, capacity }] = fixture.shards
      const { layout } = fixture
      const slices = layout.shards[0].slices.view()
      const strides = { passages: fixture.layout.passageCount, slots: fixture.layout.slots }
      const shape = { rows, dim, bits: fixture.codec.bits, slices: slices.length / 4, capacity, ...strides }
      const plan = planMaxSim(shape, device.caps, { body: 'pair' })
      const [scores] = await runPlan(device, plan, [query, data, slices, layout.alive.view(), layout.passageCount, 1])
      const floats = new Float32Array(scores)
      fixture.passages.forEach((passage, i) => {
        if (passage.length === 0) expect(floats[i]).toBe(NONE)
        else expect(Math.abs(floats[i] - maxSim(query, passage, dim)), `${codec}, ${rows} × ${dim}`).toBeLessThan(1e-4)
      })
    }
  }
})

it.skipIf(missing)(`MaxSim in integers is asked about once${missing ? ` — ${missing}` : ''}`, async () => {
  const device = await openDevice({})
  Object.assign(device.caps, { fallback: false, packedDot: true })
  await probeMaxSim(device)
  expect(device.caps.integer).toBeTypeOf('boolean')
  const { submissions } = device.counts
  expect(submissions).toBeGreaterThan(2)
  await probeMaxSim(device)
  expect(device.counts.submissions).toBe(submissions)
})

// Here there are software adapters alone: one that says it is a GPU gets the kernels that GPUs get.
it.skipIf(missing)(
  `a whole encoder gives the same vectors by the kernels of a GPU${missing ? ` — ${missing}` : ''}`,
  async () => {
    // Long enough for the down projection to come in parts.
    const checkpoint = await openCheckpoint(makeCheckpoint({ layers: 2, hidden: 256, heads: 8, dim: 48 }))
    const vectors: Float32Array[][] = []
    for (const fallback of [true, false]) {
      const device = await openDevice({})
      Object.assign(device.caps, { fallback })
      const encoder = await GpuEncoder.load(device, checkpoint)
      expect([undefined, ...PROBED]).toContain(device.caps.tile)
      expect(device.caps.tile === undefined).toBe(fallback)
      const { submissions } = device.counts
      await probeGemm(device, { weights: 'F32' })
      expect(device.counts.submissions, 'probes once').toBe(submissions)
      const batches = [[textOf(32)], [textOf(7)], [textOf(90), textOf(3), textOf(41)]]
      const found: Float32Array[] = []
      for (const batch of batches) found.push((await encodeBatch(device, encoder, batch)).vectors)
      vectors.push(found)
      encoder.destroy()
    }
    vectors[0].forEach((expected, i) => {
      expect(maxError(vectors[1][i], expected), `batch ${i}`).toBeLessThan(1e-4)
    })
  },
)
