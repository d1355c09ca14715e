/**
 * What a checkpoint says about its model, in one plain object.
 * Everything downstream (tokens, kernels, index) derives from it; nothing is typed twice.
 */

/** Activations that a checkpoint may name, for the feed-forward part or a projection. */
export type Activation = 'identity' | 'gelu' | 'tanh' | 'relu' | 'sigmoid' | 'silu'

/** Number formats of stored weights. `I8` comes with one f32 scale per output row. */
export type WeightType = 'F32' | 'F16' | 'BF16' | 'I8'

/**
 * What encoders have in common, and what their tensors are called. All but ModernBERT are BERTs: post-norm, learnt
 * positions, full attention. ModernBERT is pre-norm, with rotary positions, local layers and gated feed-forward parts.
 */
export type Family = 'bert' | 'distilbert' | 'roberta' | 'modernbert'

/** How the rows of a ModernBERT layer attend. */
export interface LayerAttention {
  /** Base of the rotary positions. */
  theta: number
  /** A row sees the keys at most so far away, before and after; absent: all. */
  window?: number
}

/** Shape of an encoder with bidirectional attention. */
export interface EncoderSpec {
  family: Family
  /** Width of a token's hidden state; `heads` divides it. */
  hidden: number
  layers: number
  heads: number
  /** Width of the feed-forward part. */
  intermediate: number
  vocabulary: number
  /** Longest input in tokens, markers included. */
  positions: number
  /** Rows of the table of token types; 0 where there is none. */
  types: number
  epsilon: number
  activation: Activation
  /** RoBERTa's id of padding: positions are counted from the one after it, and padding itself has that one. */
  padding?: number
  /** One a layer; ModernBERT alone. */
  attention?: readonly LayerAttention[]
}

/** What makes one vector of the rows of a text: the first of them, or their mean. */
export const POOLINGS = ['cls', 'mean'] as const
export type Pooling = (typeof POOLINGS)[number]

/**
 * One dense layer after the encoder: y = activation(W x + b), plus x or R x where `residual` says so; LayerNorm(y), with
 * the epsilon of the encoder, where `norm` does.
 */
export interface ProjectionSpec {
  inputs: number
  outputs: number
  activation: Activation
  bias: boolean
  residual: 'none' | 'identity' | 'linear'
  norm?: true
}

/** How long a query becomes by expansion: see `expandedLength`. */
export const QUERY_LENGTHS = ['fixed', 'min', 'dynamic', 'rerankers-16', 'rerankers-32'] as const
export type QueryLength = (typeof QUERY_LENGTHS)[number]

/** Padding of a query with expansion rows ([MASK] in ColBERT): scored rows whose keys may be hidden. */
export interface ExpansionSpec {
  token: number
  /**
   * `fixed`: pad to exactly `length`; `min`: pad to at least `length`, longer queries are kept; `dynamic`: to a multiple
   * of `length`, with eight expansion rows at least; the others have lengths of their own.
   */
  strategy: QueryLength
  /** Tokens, markers included. */
  length: number
  /** Whether other rows attend to the expansion rows. */
  attend: boolean
}

/** How a text of one role becomes the input of the model, and which of its rows are scored. */
export interface EncodingRules {
  /** Longest input in tokens, markers included; expansion can add to it only where its length is dynamic. */
  maxLength: number
  /** Text put before the input before it is tokenized; '' for none. */
  prompt: string
  /** Id inserted at position 1, after [CLS]; null for none. */
  marker: number | null
  expansion: ExpansionSpec | null
  /** Ids whose rows are dropped after the model has run (the punctuation skiplist of documents). */
  skip: readonly number[]
  /** Set where a text has one vector: row 0 stands for it. */
  pooled?: true
}

/** How a reranker takes a query and a passage together. */
export interface PairSpec {
  /** Rows at most, of both texts and markers. */
  maxLength: number
  /** What makes a score of the model's output. */
  activation: 'sigmoid' | 'identity'
}

export interface ModelSpec {
  /** For people: the folder or repository name. */
  name: string
  style: 'stanford' | 'sentence-transformers' | 'bert'
  encoder: EncoderSpec
  /** Single-vector models: applied to the last hidden states, before the projections. */
  pooling?: Pooling
  projections: readonly ProjectionSpec[]
  /** Rerankers: pairs of texts go in, and a "vector" is one number, before the activation. */
  pair?: PairSpec
  /** Set where vectors keep the length that the model gives them; single-vector models that are compared by dot product. */
  unnormalized?: true
  /** Width of a token vector. */
  dim: number
  query: EncodingRules
  document: EncodingRules
}

/**
 * The name of a tensor in our own terms, independent of the checkpoint's naming:
 * `word`, `position`, `type`, `norm.gamma`, `norm.beta` (embeddings);
 * `layer.{i}.{query|key|value|output|up|gate|down}.{weight|bias}`,
 * `layer.{i}.{attention|feedforward}.norm.{gamma|beta}` (the norm that follows that part; with pre-norm, the one that
 * the next part begins with);
 * `projection.{i}.{weight|bias|residual}`, `projection.{i}.norm.{gamma|beta}`. Weights are (outputs, inputs), row-major.
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
