/** What the families call their tensors. */
import type { Family } from './spec.ts'

interface Names {
  word: string
  position?: string
  type?: string
  /** The LayerNorm of the embeddings. */
  norm: string
}

const BERT: Names = {
  word: 'embeddings.word_embeddings',
  position: 'embeddings.position_embeddings',
  type: 'embeddings.token_type_embeddings',
  norm: 'embeddings.LayerNorm',
}

/** Outside the layers. */
export const NAMES: Record<Family, Names> = {
  bert: BERT,
  roberta: BERT,
  distilbert: { ...BERT, type: undefined },
  modernbert: { word: 'embeddings.tok_embeddings', norm: 'embeddings.norm' },
}

/** A name, and which of how many matrices it is that lie there above one another. */
type Name = readonly [name: string, part?: readonly [index: number, count: number]]

interface LayerNames {
  query: Name
  key: Name
  value: Name
  output: Name
  up: Name
  /** What the activation of `up` is multiplied with, where the feed-forward part is gated. */
  gate?: Name
  down: Name
  /** The norm that comes next, after the residual: with pre-norm it is that of the next part. */
  afterAttention: string
  afterFeedforward: string
}

/** Of layer `i`, counted from 0, of so many. */
export function layerNames(family: Family, i: number, layers: number): LayerNames {
  if (family === 'modernbert') {
    const at = (name: string) => `layers.${i}.${name}`
    const third = (index: number): Name => [at('attn.Wqkv'), [index, 3]]
    return {
      query: third(0),
      key: third(1),
      value: third(2),
      output: [at('attn.Wo')],
      up: [at('mlp.Wi'), [0, 2]],
      gate: [at('mlp.Wi'), [1, 2]],
      down: [at('mlp.Wo')],
      afterAttention: at('mlp_norm'),
      afterFeedforward: i + 1 < layers ? `layers.${i + 1}.attn_norm` : 'final_norm',
    }
  }
  if (family === 'distilbert') {
    const at = (name: string) => `transformer.layer.${i}.${name}`
    return {
      query: [at('attention.q_lin')],
      key: [at('attention.k_lin')],
      value: [at('attention.v_lin')],
      output: [at('attention.out_lin')],
      up: [at('ffn.lin1')],
      down: [at('ffn.lin2')],
      afterAttention: at('sa_layer_norm'),
      afterFeedforward: at('output_layer_norm'),
    }
  }
  const at = (name: string) => `encoder.layer.${i}.${name}`
  return {
    query: [at('attention.self.query')],
    key: [at('attention.self.key')],
    value: [at('attention.self.value')],
    output: [at('attention.output.dense')],
    up: [at('intermediate.dense')],
    down: [at('output.dense')],
    afterAttention: at('attention.output.LayerNorm'),
    afterFeedforward: at('output.LayerNorm'),
  }
}
