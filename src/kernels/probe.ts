import { type Device, STORAGE } from '../gpu/device.ts'
import { recall } from '../gpu/findings.ts'
import type { Plan } from '../gpu/kernel.ts'
import { Recorder } from '../gpu/recorder.ts'
import { rowBytes as codeBytes } from './codes.ts'
import { type GemmShape, PROBED, planGemm } from './gemm.ts'
import { planMaxSim } from './maxsim.ts'
import { splitBytes } from './split.ts'
import { rowBytes } from './weights.ts'

/** A product that is large for its tiles and small for any GPU. */
const SHAPE = { m: 512, k: 256, columns: 1024 }
/** A query, and an index of so many passages of so many token vectors each. */
const INDEX = { rows: 32, dim: 96, slices: 256, tokens: 64 }
/** ms that the dispatches of a submission take at least, so that how it begins and ends does not count, … */
const LONG = 5
/** … unless there are this many. */
const MOST = 1024
/** ms after which everything stays as it is. */
const LIMIT = 100
/** How much of the usual plan's time another one may take: a little less may be chance. */
const CLEARLY = 0.9

/**
 * Finds the tile of large matrix products that this GPU is fastest with, and leaves it in `caps.tile`: once for each
 * device, or as it was found before. Takes at most some 100 ms beside compiling. A software adapter is not asked.
 * @param weights What will be multiplied, so that the winner is compiled for good.
 * @throws MaxsiftError `OUT_OF_MEMORY`, `DEVICE_LOST`.
 */
export async function probeGemm(device: Device, weights: Pick<GemmShape, 'weights' | 'half'>): Promise<void> {
  const { caps } = device
  if (caps.fallback || caps.tile) return
  const { m, k, columns } = SHAPE
  const tiles = PROBED.filter((tile) => !(weights.half && tile === 'register'))
  const plans = tiles.map((tile) => planGemm({ ...SHAPE, ...weights }, caps, { tile }))
  const sizes = [m * k * 4, columns * rowBytes(k, weights.weights), 2 * columns * 4, m * columns * 4]
  const question = `gemm ${weights.half ? 'half' : weights.weights} ${caps.adapter}`
  caps.tile = (await recall(device.findings, question, tiles, () => fastest(device, tiles, plans, sizes))) ?? tiles[0]
}

/**
 * Finds out whether MaxSim of 8-bit codes is faster in integers on this GPU: their dot product may be one instruction,
 * or emulated, and nothing else tells. Leaves the answer in `caps.integer`; otherwise as `probeGemm`.
 * @throws MaxsiftError `OUT_OF_MEMORY`, `DEVICE_LOST`.
 */
export async function probeMaxSim(device: Device): Promise<void> {
  const { caps } = device
  if (caps.fallback || !caps.packedDot || caps.integer !== undefined) return
  const { rows, dim, slices, tokens } = INDEX
  const shape = { rows, dim, bits: 8, slices, capacity: tokens, passages: 1, slots: 0 } as const
  const ways = ['float', 'integer'] as const
  const plans = ways.map((way) => planMaxSim(shape, caps, { integer: way === 'integer' }))
  // Every work item is the same passage; all zeros take as long as anything else.
  const work = new Uint32Array(slices * 4).map((_, i) => (i % 4 === 1 ? tokens : 0))
  const query = Math.max(rows * dim * 4, splitBytes({ rows, dim }))
  const sizes = [query, tokens * codeBytes(8, dim), work, Uint32Array.of(1), 4, 4]
  const found = await recall(device.findings, `maxsim ${caps.adapter}`, ways, () => fastest(device, ways, plans, sizes))
  caps.integer = found === 'integer'
}

/**
 * Which of several plans for the same buffers is the fastest; the first one where none clearly is. Undefined where
 * there was not time enough to tell.
 * @param names Of the plans.
 * @param buffers Their bytes, or what is in them; the last one is read back.
 */
async function fastest<Name extends string>(
  device: Device,
  names: readonly Name[],
  plans: readonly Plan[],
  buffers: readonly (number | Uint32Array<ArrayBuffer>)[],
): Promise<Name | undefined> {
  await device.kernels.prepare(plans.map(({ variant }) => variant))
  const bound: GPUBuffer[] = []
  try {
    for (const data of buffers) {
      const buffer = await device.allocate(typeof data === 'number' ? data : data.byteLength, 'probe', STORAGE)
      bound.push(buffer)
      if (typeof data !== 'number') device.gpu.queue.writeBuffer(buffer, 0, data)
    }
    const run = async (plan: Plan, count: number): Promise<number> => {
      const recorder = new Recorder(device)
      for (let i = 0; i < count; i++) recorder.dispatch(plan, bound)
      const start = performance.now()
      const done = recorder.read(bound[bound.length - 1], 0, 4)
      await recorder.submit()
      await done
      return performance.now() - start
    }
    // The first run of each warms up.
    for (const plan of plans) await run(plan, 1)
    const begun = performance.now()
    const times: number[] = []
    for (const plan of plans) {
      const one = await run(plan, 1)
      let [count, time] = [1, 0]
      while (time < LONG && count < MOST) {
        count *= 4
        time = (await run(plan, count)) - one
        if (performance.now() - begun > LIMIT) break
      }
      times.push(time / count)
    }
    const best = times.indexOf(Math.min(...times))
    if (performance.now() - begun > LIMIT) return undefined
    return names[times[best] < CLEARLY * times[0] ? best : 0]
  } finally {
    for (const buffer of bound) device.release(buffer)
  }
}
