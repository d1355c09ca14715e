/**
 * What a checkpoint says about its model, in one plain object.
 * Everything downstream (tokens, kernels, index) derives from it; nothing is typed twice.
 */

/** Activations that a checkpoint may name, for the feed-forward part or a projection. */
export type Activation = 'identity' | 'gelu' | 'tanh' | 'relu' | 'sigmoid' | 'silu'

/** Number formats of stored weights. `I8` comes with one f32 scale per output row. */
export type WeightType = 'F32' | 'F16' | 'BF16' | 'I8'

/** Shape of a BERT encoder, post-norm, absolute positions, bidirectional attention. */
export interface EncoderSpec {
  family: 'bert'
  /** Width of a token's hidden state; `heads` divides it. */
  hidden: number
  layers: number
  heads: number
  /** Width of the feed-forward part. */
  intermediate: number
  vocabulary: number
  /** Longest input in tokens, markers included. */
  positions: number
  types: number
  epsilon: number
  activation: Activation
}

/** One dense layer after the encoder: y = activation(W x + b), plus x or R x where `residual` says so. */
export interface ProjectionSpec {
  inputs: number
  outputs: number
  activation: Activation
  bias: boolean
  residual: 'none' | 'identity' | 'linear'
}

/** Padding of a query with expansion rows ([MASK] in ColBERT): scored rows whose keys may be hidden. */
export interface ExpansionSpec {
  token: number
  /** `fixed`: pad to exactly `length`; `min`: pad to at least `length`, longer queries are kept. */
  strategy: 'fixed' | 'min'
  /** Tokens, markers included. */
  length: number
  /** Whether other rows attend to the expansion rows. */
  attend: boolean
}

/** How a text of one role becomes the input of the model, and which of its rows are scored. */
export interface EncodingRules {
  /** Longest input in tokens, markers included. */
  maxLength: number
  /** Text put before the input before it is tokenized; '' for none. */
  prompt: string
  /** Id inserted at position 1, after [CLS]; null for none. */
  marker: number | null
  expansion: ExpansionSpec | null
  /** Ids whose rows are dropped after the model has run (the punctuation skiplist of documents). */
  skip: readonly number[]
}

export interface ModelSpec {
  /** For people: the folder or repository name. */
  name: string
  style: 'stanford' | 'sentence-transformers' | 'bert'
  encoder: EncoderSpec
  projections: readonly ProjectionSpec[]
  /** Width of a token vector. */
  dim: number
  query: EncodingRules
  document: EncodingRules
}

/**
 * The name of a tensor in our own terms, independent of the checkpoint's naming:
 * `word`, `position`, `type`, `norm.gamma`, `norm.beta` (embeddings);
 * `layer.{i}.{query|key|value|output|up|down}.{weight|bias}`,
 * `layer.{i}.{attention|feedforward}.norm.{gamma|beta}`;
 * `projection.{i}.{weight|bias|residual}`. Weights are (outputs, inputs), row-major.
 */
export type TensorRole = string

/** Where the values of a tensor lie in the checkpoint's files. */
export interface TensorRef {
  /** File inside the checkpoint, such as `model.safetensors` or `1_Dense/model.safetensors`. */
  file: string
  /** The tensor's own name in that file, for messages. */
  name: string
  type: WeightType
  /** (rows, columns) of a matrix, or (length). */
  shape: readonly number[]
  /** Absolute byte range in the file. */
  start: number
  end: number
  /** For `I8`: the f32 scales, one per row. */
  scale?: TensorRef
}
