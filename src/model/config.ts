/** `config.json` of a BERT encoder. */
import { MaxsiftError } from '../errors.ts'
import type { Json } from './read.ts'
import type { EncoderSpec } from './spec.ts'

const unsupported = (message: string, remedy?: string) => new MaxsiftError('MODEL_UNSUPPORTED', message, { remedy })
const invalid = (message: string) => new MaxsiftError('MODEL_INVALID', message)

/** Widest hidden state that the kernels are laid out for. */
const MAX_HIDDEN = 1024

/** More layers than any BERT has: a guard against a hostile configuration. */
const MAX_LAYERS = 256

/**
 * What `config.json` says; what it leaves out has the defaults of `transformers`' BertConfig.
 * @throws MaxsiftError `MODEL_UNSUPPORTED` for anything but a BERT encoder; `MODEL_INVALID` for impossible numbers
 */
export function readEncoder(config: Json): EncoderSpec {
  const type = config.model_type ?? 'bert'
  if (type !== 'bert')
    throw unsupported(`config.json: model_type ${JSON.stringify(type)} is not supported, only "bert"`)
  if (config.is_decoder === true || config.add_cross_attention === true) {
    throw unsupported('config.json: a BERT decoder is not supported, only an encoder')
  }
  const activation = config.hidden_act ?? 'gelu'
  if (activation !== 'gelu') {
    throw unsupported(
      `config.json: hidden_act ${JSON.stringify(activation)} is not supported, only "gelu" (exact, erf)`,
    )
  }
  const positionType = config.position_embedding_type ?? 'absolute'
  if (positionType !== 'absolute') {
    throw unsupported(
      `config.json: position_embedding_type ${JSON.stringify(positionType)} is not supported, only "absolute"`,
    )
  }
  const hidden = count(config, 'hidden_size', 768)
  const heads = count(config, 'num_attention_heads', 12)
  if (hidden > MAX_HIDDEN) throw unsupported(`config.json: hidden_size ${hidden} is above ${MAX_HIDDEN}`)
  if (hidden % heads !== 0)
    throw invalid(`config.json: hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`)
  if ((hidden / heads) % 2 !== 0) throw unsupported(`config.json: the width of a head, ${hidden / heads}, is odd`)
  const layers = count(config, 'num_hidden_layers', 12)
  if (layers > MAX_LAYERS) throw unsupported(`config.json: num_hidden_layers ${layers} is above ${MAX_LAYERS}`)
  const epsilon = config.layer_norm_eps ?? 1e-12
  if (typeof epsilon !== 'number' || !(epsilon > 0 && epsilon < 1)) {
    throw invalid(`config.json: layer_norm_eps ${JSON.stringify(epsilon)} is not a small positive number`)
  }
  return {
    family: 'bert',
    hidden,
    layers,
    heads,
    intermediate: count(config, 'intermediate_size', 3072),
    vocabulary: count(config, 'vocab_size', 30522),
    positions: count(config, 'max_position_embeddings', 512),
    types: count(config, 'type_vocab_size', 2),
    epsilon,
    activation,
  }
}

function count(config: Json, key: string, fallback: number): number {
  const value = config[key] ?? fallback
  if (Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31) return value as number
  throw invalid(`config.json: ${key} ${JSON.stringify(value)} is not a positive whole number`)
}

/** Classes in `architectures`, such as `BertModel` or Stanford's `HF_ColBERT`. */
export const architectures = (config: Json): unknown[] =>
  Array.isArray(config.architectures) ? config.architectures : []
