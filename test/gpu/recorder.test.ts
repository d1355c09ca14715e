import { describe, expect, it } from 'vitest'
import { STORAGE } from '../../src/gpu/device.ts'
import type { Plan } from '../../src/gpu/kernel.ts'
import { Recorder } from '../../src/gpu/recorder.ts'
import { Recording } from '../../src/gpu/recording.ts'
import { gpuMissing, openDevice } from '../gpu.ts'

const missing = await gpuMissing()

const wgsl = `
struct Params { first: u32, step: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@compute @workgroup_size(1) fn main(@builtin(global_invocation_id) id: vec3u) {
  out[id.x] = params.first + params.step * id.x;
}`
const variant = { name: 'test.count', wgsl, defines: {} }
const plan = (count: number, first: number, step: number): Plan => ({
  variant,
  grid: [count, 1, 1],
  params: [first, step],
})
const counted = (count: number, first: number, step: number) =>
  Array.from({ length: count }, (_, i) => first + step * i)

describe.skipIf(missing)(`recorder${missing ? ` — ${missing}` : ''}`, () => {
  it('creates no buffer once it has had one of each size', async () => {
    const device = await openDevice()
    await device.kernels.prepare([variant])
    const out = await device.allocate(4000, 'out', STORAGE)
    const run = async (count: number, first: number) => {
      const recorder = new Recorder(device)
      for (let i = 0; i < 5; i++) recorder.dispatch(plan(count, first, i), [out])
      const read = recorder.read(out, 0, count * 4)
      await recorder.submit()
      return Array.from(new Uint32Array(await read))
    }
    expect(await run(1000, 7)).toEqual(counted(1000, 7, 4))
    const { allocations } = device.counts
    // A shorter result comes through a longer buffer, without what was in it.
    for (const count of [1000, 3, 999]) expect(await run(count, count)).toEqual(counted(count, count, 4))
    expect(device.counts.allocations).toBe(allocations)
  })

  it('keeps submissions apart that are under way together', async () => {
    const device = await openDevice()
    await device.kernels.prepare([variant])
    const outs = [await device.allocate(64, 'a', STORAGE), await device.allocate(64, 'b', STORAGE)]
    for (let round = 0; round < 3; round++) {
      const results = await Promise.all(
        outs.map(async (out, i) => {
          const recorder = new Recorder(device)
          recorder.dispatch(plan(16, 100 * i + round, i + 1), [out])
          const read = recorder.read(out, 0, 64)
          await recorder.submit()
          return Array.from(new Uint32Array(await read))
        }),
      )
      expect(results).toEqual(outs.map((_, i) => counted(16, 100 * i + round, i + 1)))
    }
  })

  it('runs recordings among other dispatches, in their order, as often as it is told', async () => {
    const device = await openDevice()
    await device.kernels.prepare([variant])
    const out = await device.allocate(64, 'out', STORAGE)
    const recording = new Recording(device, [
      { plan: plan(8, 100, 1), bindings: [out] },
      { plan: plan(0, 500, 1), bindings: [out] },
      { plan: plan(4, 200, 1), bindings: [out] },
    ])
    expect(recording.length).toBe(2)
    for (let round = 0; round < 2; round++) {
      const { dispatches } = device.counts
      const recorder = new Recorder(device)
      recorder.dispatch(plan(16, round, 1), [out])
      recorder.replay(recording)
      recorder.dispatch(plan(2, 300, 1), [out])
      const read = recorder.read(out, 0, 64)
      recorder.replay(recording)
      const again = recorder.read(out, 0, 64)
      await recorder.submit()
      const rest = [202, 203, 104, 105, 106, 107, ...counted(8, round + 8, 1)]
      expect(Array.from(new Uint32Array(await read))).toEqual([300, 301, ...rest])
      expect(Array.from(new Uint32Array(await again))).toEqual([200, 201, ...rest])
      expect(device.counts.dispatches - dispatches).toBe(6)
    }
    recording.release()
  })

  it('binds the buffers it is given, and parts of them', async () => {
    const device = await openDevice()
    await device.kernels.prepare([variant])
    const out = await device.allocate(1024, 'out', STORAGE)
    for (let round = 0; round < 2; round++) {
      const recorder = new Recorder(device)
      recorder.dispatch(plan(4, round, 1), [out])
      recorder.dispatch(plan(4, 10 + round, 1), [{ buffer: out, offset: 256, size: 16 }])
      recorder.dispatch(plan(4, 20 + round, 1), [{ buffer: out, offset: 512 }])
      const read = recorder.read(out, 0, 1024)
      await recorder.submit()
      const words = new Uint32Array(await read)
      for (const [at, first] of [
        [0, round],
        [64, 10 + round],
        [128, 20 + round],
      ])
        expect(Array.from(words.subarray(at, at + 4))).toEqual(counted(4, first, 1))
    }
  })
})
