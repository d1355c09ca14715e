import type { Capabilities } from '../../src/gpu/device.ts'
import { type Defines, expand } from '../../src/gpu/expand.ts'
import type { Variant } from '../../src/gpu/kernel.ts'
import { planAddNorm } from '../../src/kernels/add_norm.ts'
import { planAttention } from '../../src/kernels/attention.ts'
import type { CodeBits } from '../../src/kernels/codes.ts'
import { planEmbedNorm } from '../../src/kernels/embed_norm.ts'
import { planExplain } from '../../src/kernels/explain.ts'
import { ACTIVATIONS, planGemm, TILES } from '../../src/kernels/gemm.ts'
import { INTEGER_BODIES, MAXSIM_BODIES, planMaxSim } from '../../src/kernels/maxsim.ts'
import { planMerge } from '../../src/kernels/merge.ts'
import { planNormalize } from '../../src/kernels/normalize.ts'
import { planQuantize } from '../../src/kernels/quantize.ts'
import { planSplit } from '../../src/kernels/split.ts'
import { planTopCandidates, planTopDocuments } from '../../src/kernels/topk.ts'
import { FORMATS, type WeightFormat } from '../../src/kernels/weights.ts'

/** A GPU with everything; what a variant needs beyond core WebGPU is in its `enable`. */
const caps: Capabilities = {
  f16: true,
  subgroups: { min: 32, max: 32 },
  packedDot: true,
  timestamps: true,
  fallback: false,
  adapter: 'all features, default limits',
  limits: {
    storageBuffers: 8,
    invocations: 256,
    workgroupBytes: 16384,
    bindingBytes: 2 ** 27,
    bufferBytes: 2 ** 28,
    groups: 65535,
  },
}

const keys = <Key extends string>(table: Record<Key, unknown>) => Object.keys(table) as Key[]
const formats: WeightFormat[] = keys(FORMATS)
const bits: CodeBits[] = [8, 16, 32]
const dims = [16, 20, 96, 128, 768]
const heads = [2, 8, 24, 32, 50, 64, 96, 128]
const both = [true, false]
/** Row lengths: the shortest, no multiple of 4, usual ones, the longest. */
const columns = [8, 130, 384, 1024]

function* plans(): Iterable<Variant> {
  for (const count of columns) {
    for (const subgroups of both) {
      for (const vec of count % 4 === 0 ? both : [false]) {
        const force = { subgroups, vec }
        for (const sums of both)
          yield planAddNorm({ rows: 1, columns: count, epsilon: 1e-12, sums }, caps, force).variant
        for (const mean of both)
          for (const unit of both) yield planNormalize({ rows: 1, columns: count, mean, unit }, caps, force).variant
        for (const words of formats) {
          for (const positions of [...formats, 'none'] as const) {
            const shape = { rows: 1, columns: count, epsilon: 1e-12, vocabulary: 9, words, positions }
            yield planEmbedNorm({ ...shape, shard: { first: 0, rows: 9 } }, caps, force).variant
          }
        }
      }
    }
  }
  for (const tile of keys(TILES))
    for (const weights of formats)
      for (const half of weights === 'F16' && TILES[tile].tiled ? both : [false])
        for (const activation of keys(ACTIVATIONS))
          for (const residual of [...both, 'gate'] as const)
            for (const vec of tile === 'large' ? [true] : both) {
              const shape = { m: 40, k: 64, columns: 64, weights, activation, residual, half }
              yield planGemm(shape, caps, { tile, vec }).variant
            }
  for (const head of heads)
    for (const tiled of both)
      for (const rotary of both)
        for (const vec of head % (rotary ? 8 : 4) === 0 ? both : [false])
          yield planAttention({ hidden: 2 * head, heads: 2, tiles: 3, rotary }, caps, { tiled, vec }).variant
  for (const code of bits) {
    for (const dim of dims) {
      const shape = { rows: 32, dim, bits: code, capacity: 100 }
      const scored = { ...shape, slices: 3, passages: 3, slots: 0 }
      for (const body of MAXSIM_BODIES) yield planMaxSim(scored, caps, { body }).variant
      yield planMaxSim(scored, { ...caps, subgroups: { min: 4, max: 4 } }, { body: 'broadcast' }).variant
      for (const body of code === 8 ? INTEGER_BODIES : [])
        yield planMaxSim(scored, caps, { body, integer: true }).variant
      yield planQuantize({ ...shape, base: 0 }, caps).variant
      yield planExplain({ ...shape, first: 0, end: 9, hits: 10, best: 1, explained: 32 }, caps).variant
    }
  }
  for (const subgroups of both) yield planMerge({ count: 1, rows: 32, slots: 2, passages: 1 }, caps, subgroups).variant
  yield planSplit({ rows: 32, dim: 96 }).variant
  yield planTopDocuments(9, 3, caps).variant
  yield planTopCandidates(9, 3).variant
}

/** Every text that the planners can hand to a shader compiler, by a name that tells its constants. */
export function allVariants(): Map<string, { name: string; text: string }> {
  const variants = new Map<string, { name: string; text: string }>()
  for (const { name, wgsl, defines, enable } of plans())
    variants.set(`${name} ${describe(defines)}`, { name, text: expand(wgsl, defines, enable) })
  return variants
}

function describe(defines: Defines): string {
  return Object.entries(defines)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
