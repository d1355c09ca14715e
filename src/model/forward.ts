/** The forward pass as a list of dispatches. */
import type { Capabilities } from '../gpu/device.ts'
import type { Binding, Plan } from '../gpu/kernel.ts'
import { planAddNorm } from '../kernels/add_norm.ts'
import { executedByAttention, listTiles, planAttention, type Sequence, tileRows } from '../kernels/attention.ts'
import { planEmbedNorm } from '../kernels/embed_norm.ts'
import { executedByGemm, type GemmShape, planGemm } from '../kernels/gemm.ts'
import { planNormalize } from '../kernels/normalize.ts'
import type { Dense, Weights } from './gpu-weights.ts'
import type { Activation, ModelSpec } from './spec.ts'

/** One dispatch; its buffers are asked for when it is recorded. */
export interface Step {
  plan: Plan
  bindings: () => readonly Binding[]
  /** Multiply-adds of a matrix product. */
  needed?: number
  executed?: number
}

/** Packed inputs. */
export interface Batch {
  tokens: number
  /** Vectors that come out. */
  kept: number
  sequences: Sequence[]
}

export interface Forward {
  spec: ModelSpec
  weights: Weights
  /** Whether products of f16 matrices are computed in f16. */
  half: boolean
  caps: Capabilities
  /** In how many the two products come that a LayerNorm follows: see `partsOf`. */
  parts: { output: number; down: number }
}

/** @param at the working buffers, by the names that `GpuEncoder.reserve` gives them */
export function forwardSteps(
  { spec, weights, half, caps, parts }: Forward,
  batch: Batch,
  at: (name: string) => GPUBuffer,
): Step[] {
  const { hidden, heads, epsilon, activation, vocabulary, attention } = spec.encoder
  let rows = batch.tokens
  const steps: Step[] = []
  const add = (plan: Plan, bindings: () => readonly Binding[]) => steps.push({ plan, bindings })
  /** out = activation(a · wᵀ + bias) + residual, or · gate */
  const gemm = (
    a: string,
    { matrix, affine }: Dense,
    out: string,
    act: Activation,
    { residual, gate, parts }: { residual?: string; gate?: string; parts?: number } = {},
  ) => {
    const { columns: k, rows: columns, format, shards } = matrix
    for (const { buffer, ...shard } of shards) {
      const shape: GemmShape = { m: rows, k, columns, shard, weights: format, activation: act, parts }
      shape.residual = gate ? 'gate' : residual !== undefined
      const other = gate ?? residual
      shape.half = half && format === 'F16'
      const plan = planGemm(shape, caps)
      const bindings = () => [at(a), buffer, affine, at(out), ...(other ? [at(other)] : [])]
      steps.push({ plan, bindings, needed: shape.m * shard.rows * k, executed: executedByGemm(shape, plan) })
    }
  }

  for (const { buffer, ...shard } of weights.words.shards) {
    const formats = { words: weights.words.format, positions: weights.positions?.format ?? ('none' as const) }
    const shape = { rows, columns: hidden, epsilon, vocabulary, shard, ...formats }
    const table = weights.positions ? [weights.positions.shards[0].buffer] : []
    add(planEmbedNorm(shape, caps), () => [at('tokens'), buffer, weights.embeddings, at('hidden'), ...table])
  }
  // With pre-norm the residual is the sum before the norm; else it is what comes out of the norm.
  const sums = attention !== undefined
  /** normed = LayerNorm(other + residual), and sum = other + residual with pre-norm */
  const norm = (parts: number, residual: string, affine: GPUBuffer, normed: string, sum: string) =>
    add(planAddNorm({ rows, columns: hidden, epsilon, parts, sums }, caps), () => [
      at('other'),
      at(residual),
      affine,
      at(normed),
      ...(sums ? [at(sum)] : []),
    ])
  const work = listTiles(batch.sequences, tileRows({ hidden, heads }))
  // ModernBERT's first layer takes the embeddings as they are.
  let current = 'hidden'
  for (const [i, layer] of weights.layers.entries()) {
    const { turns } = layer
    const shape = { hidden, heads, tiles: work.length / 4, rotary: turns !== null, window: attention?.[i].window }
    const plan = planAttention(shape, caps)
    const bindings = () => [at('wide'), at('work'), at('attend'), at('mixed'), ...(turns ? [turns] : [])]
    gemm(current, layer.qkv, 'wide', 'identity')
    steps.push({ plan, bindings, executed: executedByAttention(work, hidden, plan) })
    gemm('mixed', layer.output, 'other', 'identity', { parts: parts.output })
    norm(parts.output, 'hidden', layer.attentionNorm, 'mixed', 'sum')
    if (layer.gate) gemm('mixed', layer.gate, 'gate', 'identity')
    gemm('mixed', layer.up, 'wide', activation, { gate: layer.gate ? 'gate' : undefined })
    gemm('wide', layer.down, 'other', 'identity', { parts: parts.down })
    current = sums ? 'mixed' : 'hidden'
    norm(parts.down, sums ? 'sum' : 'mixed', layer.feedforwardNorm, current, 'hidden')
  }
  const unit = spec.unnormalized !== true
  if (spec.pooling) {
    rows = batch.kept
    const alone = spec.projections.length === 0
    const [from, to] = [current, alone ? 'vectors' : 'pooled']
    const plan = planNormalize({ rows, columns: hidden, mean: true, unit: unit && alone }, caps)
    add(plan, () => [at(from), at('runs'), at(to)])
    if (alone) return steps
    current = to
  }
  const other = (name: string) => (name === 'projected' ? 'projected2' : 'projected')
  for (const [i, { dense, residual, norm }] of weights.projections.entries()) {
    const out = other(current)
    if (residual) gemm(current, residual, 'residual', 'identity')
    const kind = spec.projections[i].residual
    const added = kind === 'linear' ? 'residual' : kind === 'identity' ? current : undefined
    gemm(current, dense, out, spec.projections[i].activation, { residual: added })
    current = out
    if (!norm) continue
    current = other(out)
    const to = current
    // Of no parts: what comes in as the residual is normalised as it is.
    add(planAddNorm({ rows, columns: spec.projections[i].outputs, epsilon, parts: 0 }, caps), () => [
      at(out),
      at(out),
      norm,
      at(to),
    ])
  }
  const last = current
  add(planNormalize({ rows: batch.kept, columns: spec.dim, unit }, caps), () => [at(last), at('keep'), at('vectors')])
  return steps
}
