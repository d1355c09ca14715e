/**
 * What this adapter can do at best, measured: every other figure stands beside it, and one above it is a mistake of
 * the benchmark. Each peak is the best of all forms and repetitions tried.
 */
import { type Device, STORAGE } from '../src/gpu/device.ts'
import type { Binding, Plan, Variant } from '../src/gpu/kernel.ts'
import { Recorder } from '../src/gpu/recorder.ts'
import type { Roofline } from './result.ts'
import { median } from './stats.ts'

const LANES = 64

/** Independent chains of multiply-adds, four a link: `count` of them hide the latency of each, in as many registers. */
const chains = (count: number, factor: string, first: string, link: (name: string) => string, total = 'vec4f') => {
  const names = 'abcdefgh'.slice(0, count).split('')
  const wgsl = `
struct Params { rounds: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@compute @workgroup_size(LANES) fn main(@builtin(global_invocation_id) id: vec3u) {
  let m = ${factor};
  ${names.map((name) => `var ${name} = ${first};`).join(' ')}
  for (var i = 0u; i < params.rounds; i++) {
    ${names.map((name) => `${name} = ${link(name)};`).join(' ')}
  }
  out[id.x] = vec4f(${total}(${names.join(' + ')}));
}`
  return { wgsl, operations: 2 * 4 * count }
}

const FACTOR = 'vec4f(0.999) + vec4f(f32(id.x) * 1e-12)'
const FACTOR_F16 = 'vec4h(0.5h) + vec4h(f16(id.x % 8u) * 0.01h)'

/** Each in several forms: a GPU wants many chains, a CPU with its few registers two. */
const ARITHMETIC = {
  flops: [2, 4, 8].flatMap((count) => [
    chains(count, FACTOR, 'm', (x) => `fma(${x}, m, m)`),
    // Where there is no hardware for it, `fma` is a slow function.
    chains(count, FACTOR, 'm', (x) => `${x} * m + m`),
  ]),
  flops_f16: [2, 8].map((count) => chains(count, FACTOR_F16, 'm', (x) => `fma(${x}, m, m)`)),
  ops_int8: [4, 8].map((count) =>
    chains(count, 'id.x | 0x01020304u', 'i32(id.x)', (x) => `${x} + dot4I8Packed(bitcast<u32>(${x}), m)`, 'f32'),
  ),
}

/**
 * Reads a buffer and keeps a sum so that nothing can be left out. A GPU wants neighbouring lanes to read neighbouring
 * addresses, a CPU wants each lane to read on where it was; the faster one counts.
 */
const READING = `
struct Params { repeats: u32, rounds: u32, first: u32, gap: u32, step: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<storage, read> data: array<vec4f>;
@compute @workgroup_size(LANES) fn main(@builtin(global_invocation_id) id: vec3u) {
  var a = vec4f(); var b = vec4f(); var c = vec4f(); var d = vec4f();
  for (var j = 0u; j < params.repeats; j++) {
    var at = id.x * params.first;
    for (var i = 0u; i < params.rounds; i++) {
      a += data[at]; b += data[at + params.gap]; c += data[at + 2 * params.gap]; d += data[at + 3 * params.gap];
      at += params.step;
    }
  }
  out[id.x] = a + b + c + d;
}`

export async function measureRoofline(device: Device, quick: boolean): Promise<Roofline> {
  const { fallback, f16, packedDot } = device.caps
  const groups = fallback ? 64 : 4096
  const lanes = groups * LANES
  const large = fallback ? 2 ** 26 : 2 ** 27
  const small = fallback ? 2 ** 20 : 2 ** 24
  const out = await device.allocate(lanes * 16, 'roofline.out', STORAGE)
  const data = await device.allocate(large, 'roofline.data', STORAGE)
  const repetitions = quick ? 2 : 7
  // Long enough for a submission not to matter, short enough to see the clock rate that other work gets.
  const duration = quick ? 0.02 : 0.06

  /** Seconds of one submission of `count` dispatches with a small readback. */
  const submit = async (plan: Plan, bindings: readonly Binding[], count = 1): Promise<number> => {
    const recorder = new Recorder(device)
    for (let i = 0; i < count; i++) recorder.dispatch(plan, bindings)
    const start = performance.now()
    const values = recorder.read(out, 0, 16)
    await recorder.submit()
    await values
    return (performance.now() - start) / 1000
  }
  const repeat = async (plan: Plan, bindings: readonly Binding[], count = 1): Promise<number[]> => {
    const times: number[] = []
    for (let i = 0; i <= repetitions; i++) times.push(await submit(plan, bindings, count))
    return times.slice(1)
  }
  const prepare = async (name: string, wgsl: string, enable?: string[]): Promise<Variant> => {
    const variant = { name: `roofline.${name}`, wgsl, defines: { LANES }, enable }
    await device.kernels.prepare([variant])
    return variant
  }

  const idle: Plan = { variant: await prepare('idle', ARITHMETIC.flops[0].wgsl), grid: [1, 1, 1], params: [0] }
  const round = median(await repeat(idle, [out]))
  const many = quick ? 200 : 1000
  const dispatch = Math.max(0, median(await repeat(idle, [out], many)) - round) / (many - 1)

  /** Units of work a second, of plans that do `work` units a round: the rounds grow until a run takes long enough. */
  const rate = async (plan: (rounds: number) => Plan, bindings: readonly Binding[], work: number): Promise<number> => {
    let rounds = 1
    let time = 0
    while (time < duration && rounds < 2 ** 24) {
      rounds *= time > duration / 16 ? Math.ceil(duration / time) : 8
      time = await submit(plan(rounds), bindings)
    }
    const fastest = Math.min(time, ...(await repeat(plan(rounds), bindings)))
    return (work * rounds) / fastest
  }
  const arithmetic = async (name: keyof typeof ARITHMETIC, enable?: string[]): Promise<number> => {
    let best = 0
    for (const { wgsl, operations } of ARITHMETIC[name]) {
      const variant = await prepare(name, wgsl, enable)
      const plan = (rounds: number): Plan => ({ variant, grid: [groups, 1, 1], params: [rounds] })
      best = Math.max(best, await rate(plan, [out], lanes * operations))
    }
    return best
  }
  const reading = await prepare('reading', READING)
  const bandwidth = async (bytes: number): Promise<number> => {
    const vectors = bytes / 16
    const turns = Math.max(1, vectors / lanes / 4)
    const readers = vectors / turns / 4
    const patterns = [
      [1, readers, 4 * readers],
      [vectors / readers, 1, 4],
    ]
    let best = 0
    for (const pattern of patterns) {
      const plan = (repeats: number): Plan => ({
        variant: reading,
        grid: [readers / LANES, 1, 1],
        params: [repeats, turns, ...pattern],
      })
      best = Math.max(best, await rate(plan, [out, data], bytes))
    }
    return best
  }

  const roofline: Roofline = {
    flops: await arithmetic('flops'),
    flops_f16: f16 ? await arithmetic('flops_f16', ['f16']) : null,
    ops_int8: packedDot ? await arithmetic('ops_int8') : null,
    bytes_per_s: await bandwidth(large),
    cached_bytes_per_s: await bandwidth(small),
    dispatch_us: dispatch * 1e6,
    readback_us: round * 1e6,
  }
  device.release(out)
  device.release(data)
  return { ...roofline, cached_bytes_per_s: Math.max(roofline.cached_bytes_per_s, roofline.bytes_per_s) }
}

/** The better of two measurements, so that a moment in which the machine had other work does not count. */
export function better(a: Roofline, b: Roofline): Roofline {
  const higher = <Rate extends number | null>(x: Rate, y: Rate) =>
    (x === null || y === null ? x : Math.max(x, y)) as Rate
  return {
    flops: higher(a.flops, b.flops),
    flops_f16: higher(a.flops_f16, b.flops_f16),
    ops_int8: higher(a.ops_int8, b.ops_int8),
    bytes_per_s: higher(a.bytes_per_s, b.bytes_per_s),
    cached_bytes_per_s: higher(a.cached_bytes_per_s, b.cached_bytes_per_s),
    dispatch_us: Math.min(a.dispatch_us, b.dispatch_us),
    readback_us: Math.min(a.readback_us, b.readback_us),
  }
}
