/**
 * The kernels of an encoder one by one, on the rows of a query and of a batch: where the time goes, and what each
 * variant of the matrix product makes of each shape. One submission holds many dispatches, so that its cost is small.
 */
import { Arena } from '../src/gpu/arena.ts'
import type { Device } from '../src/gpu/device.ts'
import type { Plan } from '../src/gpu/kernel.ts'
import { Recorder } from '../src/gpu/recorder.ts'
import { planAddNorm } from '../src/kernels/add_norm.ts'
import { listTiles, planAttention, tileRows } from '../src/kernels/attention.ts'
import { type GemmShape, halfWorks, planGemm, TILES } from '../src/kernels/gemm.ts'
import { fromHalf, toHalf } from '../src/kernels/half.ts'
import { LENGTHS } from './lengths.ts'
import { type Contender, race, resultsOf, type Terms } from './measure.ts'
import type { Arithmetic, Needs, Result } from './result.ts'
import { SHAPES, type ShapeName } from './shapes.ts'
import { largestDifference, uniform } from './stats.ts'

export interface KernelTask {
  shape: ShapeName
  /** Tokens of a query. */
  query: number
  /** Documents of a batch; 0 for none. */
  batch: number
  wanted(workload: string): boolean
  terms: Terms
}

interface Variant {
  impl: string
  arithmetic: Arithmetic
  plan: Plan
  buffers: readonly string[]
  /** Matrices of `out` to add up. */
  parts?: number
}

interface Kernel {
  workload: string
  needs: Omit<Needs, 'arithmetic'>
  variants: Variant[]
  out: string
  outBytes: number
}

/** Dispatches of one submission take about so many ms. */
const SUBMISSION = 50

export async function measureKernels(
  device: Device,
  { shape, query, batch, wanted, terms }: KernelTask,
  log: (line: string) => void,
): Promise<Result[]> {
  const lengths = LENGTHS.slice(0, batch)
  const inputs = [
    { name: `${query} tokens`, lengths: [query] },
    ...(batch > 0 ? [{ name: `${batch} documents`, lengths }] : []),
  ]
  const results: Result[] = []
  for (const { name, lengths } of inputs) {
    const kernels = kernelsOf(device, shape, name, lengths).filter(({ workload }) => wanted(workload))
    if (kernels.length === 0) continue
    const arena = new Arena(device, 'bench')
    try {
      await fill(device, arena, shape, lengths)
      for (const kernel of kernels) {
        log(kernel.workload)
        results.push(...(await measureKernel(device, arena, kernel, terms)))
      }
    } finally {
      arena.destroy()
    }
  }
  return results
}

function kernelsOf(device: Device, name: ShapeName, input: string, lengths: readonly number[]): Kernel[] {
  const { hidden, heads } = SHAPES[name]
  const { caps } = device
  const m = lengths.reduce((sum, length) => sum + length, 0)
  const gemm = (part: string, k: number, columns: number, activation: 'identity' | 'gelu'): Kernel => {
    const plans = (half: boolean, parts = 1) =>
      Object.entries(TILES).flatMap(([tile, { tiled }]) => {
        if (half && !tiled) return []
        const shape: GemmShape = { m, k, columns, weights: half ? 'F16' : 'F32', activation, half, parts }
        const plan = planGemm(shape, caps, { tile: tile as keyof typeof TILES })
        const arithmetic: Arithmetic = half ? 'f16' : 'f32'
        const name = parts > 1 ? `${tile}, ${parts} parts` : tile
        const buffers = ['a', half ? 'w16' : 'w', 'affine', 'out']
        return [{ impl: half ? `${name}, f16` : name, arithmetic, plan, buffers, parts }]
      })
    return {
      workload: `gemm-${part}, ${input}/${name}`,
      needs: { operations: 2 * m * k * columns, bytes: 2 * k * columns + 4 * m * k },
      variants: [
        ...plans(false),
        ...(k >= 1024 && m < 512 ? plans(false, 4) : []),
        ...(halfWorks(caps) && !caps.fallback ? plans(true) : []),
      ],
      out: 'out',
      outBytes: 4 * m * columns,
    }
  }
  const work = listTiles(sequencesOf(lengths), tileRows({ hidden, heads }))
  const attention = { hidden, heads, tiles: work.length / 4 }
  const pairs = lengths.reduce((sum, length) => sum + length * length, 0)
  return [
    gemm('qkv', hidden, 3 * hidden, 'identity'),
    {
      workload: `attention, ${input}/${name}`,
      needs: { operations: 4 * pairs * hidden, bytes: 12 * m * hidden },
      variants: [true, false].map((tiled) => ({
        impl: tiled ? 'tiled' : 'plain',
        arithmetic: 'f32',
        plan: planAttention(attention, caps, { tiled }),
        buffers: ['a', 'work', 'attend', 'out'],
      })),
      out: 'out',
      outBytes: 4 * m * hidden,
    },
    gemm('output', hidden, hidden, 'identity'),
    {
      workload: `add + norm, ${input}/${name}`,
      needs: { operations: 8 * m * hidden, bytes: 8 * m * hidden },
      variants: [
        {
          impl: 'default',
          arithmetic: 'f32',
          plan: planAddNorm({ rows: m, columns: hidden, epsilon: 1e-12 }, caps),
          buffers: ['a', 'b', 'affine', 'out'],
        },
      ],
      out: 'out',
      outBytes: 4 * m * hidden,
    },
    gemm('up', hidden, 4 * hidden, 'gelu'),
    gemm('down', 4 * hidden, hidden, 'identity'),
  ]
}

function sequencesOf(lengths: readonly number[]) {
  let start = 0
  return lengths.map((length) => {
    start += length
    return { start: start - length, length, keys: length }
  })
}

/** Working buffers as large as any of the kernels needs them, with numbers of a usual size. */
async function fill(device: Device, arena: Arena, name: ShapeName, lengths: readonly number[]): Promise<void> {
  const { hidden, heads } = SHAPES[name]
  const m = lengths.reduce((sum, length) => sum + length, 0)
  const next = uniform(3)
  const floats = (count: number) => Float32Array.from({ length: count }, () => next() - 0.5)
  const halves = Uint16Array.from({ length: 4 * hidden * hidden }, () => toHalf((next() - 0.5) / Math.sqrt(hidden)))
  const data = {
    a: floats(m * 4 * hidden),
    b: floats(m * hidden),
    w: Float32Array.from(halves, fromHalf),
    w16: halves,
    affine: floats(4 * hidden),
    work: listTiles(sequencesOf(lengths), tileRows({ hidden, heads })) as Uint32Array<ArrayBuffer>,
    attend: new Uint32Array(m).fill(1),
  }
  await arena.reserve({ out: m * 4 * hidden * 4 })
  for (const [buffer, values] of Object.entries(data)) {
    await arena.reserve({ [buffer]: values.byteLength })
    device.gpu.queue.writeBuffer(arena.get(buffer), 0, values)
  }
}

async function measureKernel(
  device: Device,
  arena: Arena,
  { workload, needs, variants, out, outBytes }: Kernel,
  terms: Terms,
): Promise<Result[]> {
  await device.kernels.prepare(variants.map(({ plan }) => plan.variant))
  const submit = async ({ plan, buffers }: Variant, count: number, bytes: number) => {
    const bindings = buffers.map((name) => arena.get(name))
    const recorder = new Recorder(device)
    for (let i = 0; i < count; i++) recorder.dispatch(plan, bindings)
    const values = recorder.read(arena.get(out), 0, bytes)
    await recorder.submit()
    return new Float32Array(await values)
  }
  let expected: Float32Array | undefined
  const counts: number[] = []
  for (const variant of variants) {
    const { impl, arithmetic, parts = 1 } = variant
    const values = added(await submit(variant, 1, parts * outBytes), parts)
    expected ??= values
    const difference = largestDifference(values, expected)
    if (!(difference <= (arithmetic === 'f16' ? 1e-2 : 1e-4))) {
      throw new Error(`${workload}: ${impl} differs from ${variants[0].impl} by ${difference}`)
    }
    const start = performance.now()
    await submit(variant, 1, 16)
    counts.push(Math.max(1, Math.min(500, Math.floor(SUBMISSION / (performance.now() - start)))))
  }
  const contenders: Contender[] = variants.map((variant, i) => ({
    impl: variant.impl,
    arithmetic: variant.arithmetic,
    run: () => submit(variant, counts[i], 16),
  }))
  const times = await race(contenders, terms)
  const each = times.map((runs, i) => runs.map((time) => time / counts[i]))
  return resultsOf({ workload, needs }, contenders, each)
}

function added(values: Float32Array, parts: number): Float32Array {
  const length = values.length / parts
  return values.subarray(0, length).map((value, i) => {
    let sum = value
    for (let part = 1; part < parts; part++) sum += values[part * length + i]
    return sum
  })
}
