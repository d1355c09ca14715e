/** Weights as they lie on the GPU: what `weights.ts` loads and `forward.ts` takes. */
import type { RowRange, WeightFormat } from '../kernels/weights.ts'

/** A weight matrix on the GPU, in the checkpoint's number format, cut into runs of rows where it exceeds a binding. */
export interface Matrix {
  rows: number
  columns: number
  format: WeightFormat
  shards: (RowRange & { buffer: GPUBuffer })[]
}

/** A matrix, and f32 values of its rows in one buffer: biases, then the scales of I8. */
export interface Dense {
  matrix: Matrix
  affine: GPUBuffer
}

export interface LayerWeights {
  /** Query, key and value above one another: (3 · hidden, hidden). */
  qkv: Dense
  output: Dense
  /** Gamma, then beta. */
  attentionNorm: GPUBuffer
  up: Dense
  gate: Dense | null
  down: Dense
  feedforwardNorm: GPUBuffer
  /** The table of rotary positions. */
  turns: GPUBuffer | null
}

export interface Weights {
  words: Matrix
  /** Null where positions are not added. */
  positions: Matrix | null
  /** Gamma, beta, types 0 and 1, then the scales of I8 words and positions. */
  embeddings: GPUBuffer
  layers: LayerWeights[]
  /** `norm`: gamma, then beta. */
  projections: { dense: Dense; residual: Dense | null; norm: GPUBuffer | null }[]
  fingerprint: string
  /** On the GPU. */
  bytes: number
  /** In the checkpoint, of the tensors that are used. */
  tensorBytes: number
  destroy(): void
}
