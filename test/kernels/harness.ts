import { type Device, STORAGE } from '../../src/gpu/device.ts'
import type { Plan } from '../../src/gpu/kernel.ts'
import { Recorder } from '../../src/gpu/recorder.ts'

type Data = Float32Array | Uint32Array | Int32Array | Uint8Array

/** One dispatch and its buffers, in the shader's order: the name of a shared one, or its contents. */
export interface Step {
  plan: Plan
  buffers: readonly (string | Data)[]
}

/**
 * Runs plans one after the other in one submission, over named buffers, and reads the outputs back, in their order.
 * A number in `named` is an output of so many 32-bit values, pre-filled with a NaN pattern so that a value
 * that no kernel wrote cannot pass for a result.
 */
export async function runPlans(
  device: Device,
  steps: readonly Step[],
  named: Readonly<Record<string, Data | number>>,
): Promise<ArrayBuffer[]> {
  await device.kernels.prepare(steps.map(({ plan }) => plan.variant))
  const created: GPUBuffer[] = []
  const upload = async (data: Data | number) => {
    const values = typeof data === 'number' ? new Uint32Array(data).fill(0x7fc0dead) : data
    const buffer = await device.allocate(values.byteLength, 'test', STORAGE)
    const padded = new Uint8Array(Math.ceil(values.byteLength / 4) * 4)
    padded.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    device.gpu.queue.writeBuffer(buffer, 0, padded)
    created.push(buffer)
    return buffer
  }
  const shared = new Map<string, GPUBuffer>()
  for (const [name, data] of Object.entries(named)) shared.set(name, await upload(data))
  const recorder = new Recorder(device)
  for (const { plan, buffers } of steps) {
    const bound: GPUBuffer[] = []
    for (const buffer of buffers) bound.push(typeof buffer === 'string' ? shared.get(buffer)! : await upload(buffer))
    recorder.dispatch(plan, bound)
  }
  const reads = Object.entries(named).flatMap(([name, data]) =>
    typeof data === 'number' ? [recorder.read(shared.get(name)!, 0, data * 4)] : [],
  )
  await recorder.submit()
  for (const buffer of created) device.release(buffer)
  return Promise.all(reads)
}

/** Runs one plan over its buffers in order; those given as a number are outputs, as in `runPlans`. */
export function runPlan(device: Device, plan: Plan, buffers: readonly (Data | number)[]): Promise<ArrayBuffer[]> {
  const named = Object.fromEntries(buffers.map((data, i) => [`b${i}`, data]))
  return runPlans(device, [{ plan, buffers: Object.keys(named) }], named)
}

/** Largest absolute difference; NaN when any value is NaN, so that it fails every bound. */
export function maxError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values instead of ${expected.length}`)
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i] - expected[i])
    if (Number.isNaN(error)) return Number.NaN
    worst = Math.max(worst, error)
  }
  return worst
}

/** Seeded normal-like values with the given mean and spread (sum of four uniforms). */
export function random(seed: number): (count: number, spread?: number, mean?: number) => Float32Array {
  let state = seed >>> 0 || 1
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return (count, spread = 1, mean = 0) =>
    Float32Array.from(
      { length: count },
      () => mean + spread * 1.7 * (uniform() + uniform() + uniform() + uniform() - 2),
    )
}
