/**
 * What this adapter can do at best, measured: every other figure stands beside it, and one above it is a mistake of
 * the benchmark.
 */
import { type Device, STORAGE } from '../src/gpu/device.ts'
import type { Plan, Variant } from '../src/gpu/kernel.ts'
import { Recorder } from '../src/gpu/recorder.ts'
import { median } from './stats.ts'

export interface Roofline {
  /** Peak f32 multiply-adds, each counted as two. */
  flops: number
  /** Bytes read from storage buffers. */
  bytes_per_s: number
  /** One more dispatch within a submission. */
  dispatch_us: number
  /** A submission with one small readback. */
  readback_us: number
}

const LANES = 64

/** Eight independent chains of vec4 multiply-adds an invocation: enough to hide their latency. */
const ARITHMETIC = `
struct Params { rounds: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(LANES) fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = vec4f(0.999) + vec4f(f32(id.x) * 1e-12);
  var a = vec4f(0.1); var b = vec4f(0.2); var c = vec4f(0.3); var d = vec4f(0.4);
  var e = vec4f(0.5); var f = vec4f(0.6); var g = vec4f(0.7); var h = vec4f(0.8);
  for (var i = 0u; i < params.rounds; i++) {
    a = fma(a, m, m); b = fma(b, m, m); c = fma(c, m, m); d = fma(d, m, m);
    e = fma(e, m, m); f = fma(f, m, m); g = fma(g, m, m); h = fma(h, m, m);
  }
  out[id.x] = a + b + c + d + e + f + g + h;
}`
const MULTIPLY_ADDS = 8 * 4

/**
 * Reads a buffer once and keeps a sum so that nothing can be left out. A GPU wants neighbouring lanes to read
 * neighbouring addresses, a CPU wants each lane to read on where it was; the faster one counts.
 */
const READING = `
struct Params { rounds: u32, first: u32, gap: u32, step: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> data: array<vec4f>;
@compute @workgroup_size(LANES) fn main(@builtin(global_invocation_id) id: vec3u) {
  var a = vec4f(); var b = vec4f(); var c = vec4f(); var d = vec4f();
  var at = id.x * params.first;
  for (var i = 0u; i < params.rounds; i++) {
    a += data[at]; b += data[at + params.gap]; c += data[at + 2 * params.gap]; d += data[at + 3 * params.gap];
    at += params.step;
  }
  out[id.x] = a + b + c + d;
}`

const variant = (name: string, wgsl: string): Variant => ({ name, wgsl, defines: { LANES } })

export async function measureRoofline(device: Device, quick: boolean): Promise<Roofline> {
  const groups = device.caps.fallback ? 64 : 2048
  const lanes = groups * LANES
  const out = await device.allocate(lanes * 16, 'roofline.out', STORAGE)
  const bytes = device.caps.fallback ? 2 ** 26 : 2 ** 27
  const data = await device.allocate(bytes, 'roofline.data', STORAGE)
  const arithmetic = variant('roofline.arithmetic', ARITHMETIC)
  const reading = variant('roofline.reading', READING)
  await device.kernels.prepare([arithmetic, reading])

  const rounds = device.caps.fallback ? 256 : 4096
  const compute: Plan = { variant: arithmetic, grid: [groups, 1, 1], params: [rounds] }
  const idle: Plan = { variant: arithmetic, grid: [1, 1, 1], params: [0] }
  const vectors = bytes / 16
  const turns = vectors / lanes / 4
  const reads: Plan[] = [
    { variant: reading, grid: [groups, 1, 1], params: [turns, 1, lanes, 4 * lanes] },
    { variant: reading, grid: [groups, 1, 1], params: [turns, vectors / lanes, 1, 4] },
  ]

  /** Seconds of one submission of `count` dispatches with a small readback. */
  const submit = async (plan: Plan, count: number): Promise<number> => {
    const recorder = new Recorder(device)
    for (let i = 0; i < count; i++) recorder.dispatch(plan, plan.variant === reading ? [out, data] : [out])
    const start = performance.now()
    const values = recorder.read(out, 0, 16)
    await recorder.submit()
    await values
    return (performance.now() - start) / 1000
  }
  const best = async (plan: Plan, count: number): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < (quick ? 4 : 12); i++) times.push(await submit(plan, count))
    return median(times.slice(1))
  }

  const round = await best(idle, 1)
  const many = quick ? 200 : 1000
  const dispatch = (await best(idle, many)) / many
  const computing = (await best(compute, 1)) - round
  const readingTime = Math.min(await best(reads[0], 1), await best(reads[1], 1)) - round
  device.release(out)
  device.release(data)
  return {
    flops: (lanes * rounds * MULTIPLY_ADDS * 2) / computing,
    bytes_per_s: bytes / readingTime,
    dispatch_us: dispatch * 1e6,
    readback_us: round * 1e6,
  }
}
