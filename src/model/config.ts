/** `config.json` of an encoder. */
import { MaxsiftError } from '../errors.ts'
import { isObject, type Json } from './read.ts'
import type { EncoderSpec, Family, LayerAttention } from './spec.ts'

const REMEDY =
  'Use a BERT, DistilBERT, RoBERTa, XLM-RoBERTa or ModernBERT encoder; the guide lists what is supported (model-families.md).'

const unsupported = (message: string, remedy = REMEDY) => new MaxsiftError('MODEL_UNSUPPORTED', message, { remedy })
const invalid = (message: string) => new MaxsiftError('MODEL_INVALID', message)

/** Widest hidden state that the kernels are laid out for. */
const MAX_HIDDEN = 1024

/** More layers than any encoder has: a guard against a hostile configuration. */
const MAX_LAYERS = 256

const FAMILIES: ReadonlyMap<unknown, Family> = new Map([
  ['bert', 'bert'],
  ['distilbert', 'distilbert'],
  ['roberta', 'roberta'],
  ['xlm-roberta', 'roberta'],
  ['camembert', 'roberta'],
  ['modernbert', 'modernbert'],
])

/** What a family calls its settings, and what they are where nothing is said: the defaults of `transformers`. */
const SETTINGS = {
  hidden: ['hidden_size', 768],
  heads: ['num_attention_heads', 12],
  layers: ['num_hidden_layers', 12],
  intermediate: ['intermediate_size', 3072],
  vocabulary: ['vocab_size', 30522],
  positions: ['max_position_embeddings', 512],
} as const satisfies Record<string, readonly [string, number]>

type Settings = Record<keyof typeof SETTINGS, readonly [string, number]>

const OWN_SETTINGS: Partial<Record<Family, Partial<Settings>>> = {
  distilbert: {
    hidden: ['dim', 768],
    heads: ['n_heads', 12],
    layers: ['n_layers', 6],
    intermediate: ['hidden_dim', 3072],
  },
  roberta: { vocabulary: ['vocab_size', 50265] },
  modernbert: {
    layers: ['num_hidden_layers', 22],
    intermediate: ['intermediate_size', 1152],
    vocabulary: ['vocab_size', 50368],
    positions: ['max_position_embeddings', 8192],
  },
}

/**
 * What `config.json` says; what it leaves out has the defaults of `transformers`.
 * @throws MaxsiftError `MODEL_UNSUPPORTED` for anything but an encoder of these families; `MODEL_INVALID` for impossible
 *   numbers
 */
export function readEncoder(config: Json): EncoderSpec {
  const family = readFamily(config)
  const activationKey = { distilbert: 'activation', modernbert: 'hidden_activation', bert: '', roberta: '' }[family]
  const activation = supported(config, activationKey || 'hidden_act', 'gelu', ' (exact, erf)')
  // ModernBERT's published files say "absolute" and do not mean it.
  if (family !== 'modernbert') supported(config, 'position_embedding_type', 'absolute')
  const settings: Settings = { ...SETTINGS, ...OWN_SETTINGS[family] }
  const of = (name: keyof Settings) => count(config, ...settings[name])
  const [hidden, heads, layers] = [of('hidden'), of('heads'), of('layers')]
  const [hiddenKey, headsKey, layersKey] = [settings.hidden[0], settings.heads[0], settings.layers[0]]
  if (hidden > MAX_HIDDEN) throw unsupported(`config.json: ${hiddenKey} ${hidden} is above ${MAX_HIDDEN}`)
  if (hidden % heads !== 0) throw invalid(`config.json: ${hiddenKey} ${hidden} is no multiple of ${headsKey} ${heads}`)
  if ((hidden / heads) % 2 !== 0) throw unsupported(`config.json: the width of a head, ${hidden / heads}, is odd`)
  if (layers > MAX_LAYERS) throw unsupported(`config.json: ${layersKey} ${layers} is above ${MAX_LAYERS}`)
  const padding = family === 'roberta' ? natural(config.pad_token_id ?? 1, 'pad_token_id') : undefined
  const positions = of('positions') - (padding === undefined ? 0 : padding + 1)
  if (positions < 1) throw invalid(`config.json: max_position_embeddings leaves none after pad_token_id ${padding}`)
  return {
    family,
    hidden,
    layers,
    heads,
    intermediate: of('intermediate'),
    vocabulary: of('vocabulary'),
    positions,
    types: family === 'bert' || family === 'roberta' ? count(config, 'type_vocab_size', 2) : 0,
    epsilon: readEpsilon(config, family),
    activation,
    ...(padding !== undefined && { padding }),
    ...(family === 'modernbert' && { attention: readAttention(config, layers) }),
  }
}

function readFamily(config: Json): Family {
  const type = config.model_type ?? 'bert'
  const family = FAMILIES.get(type)
  const decodes = config.is_decoder === true || config.add_cross_attention === true
  if (
    decodes ||
    architectures(config).some((name) => /CausalLM|LMHeadModel|ConditionalGeneration/.test(String(name)))
  ) {
    throw unsupported(`config.json: a decoder (${JSON.stringify(type)}) is not supported, only an encoder`)
  }
  if (type === 'xmod') {
    throw unsupported('config.json: model_type "xmod" is not supported: its layers have an adapter for each language')
  }
  if (!family) {
    throw unsupported(
      `config.json: model_type ${JSON.stringify(type)} is not supported, only ${[...FAMILIES.keys()].join(', ')}`,
    )
  }
  // Such code computes something else under a known name: rotary positions in an "xlm-roberta", ALiBi in a "bert".
  if (isObject(config.auto_map) && 'AutoModel' in config.auto_map) {
    throw unsupported(`config.json: a ${JSON.stringify(type)} with code of its own (auto_map) is not supported`)
  }
  return family
}

/** A setting of which one value is supported. */
function supported<Value extends string>(config: Json, key: string, only: Value, note = ''): Value {
  const value = config[key] ?? only
  if (value === only) return only
  throw unsupported(
    `config.json: ${key} ${JSON.stringify(value)} is not supported, only ${JSON.stringify(only)}${note}`,
  )
}

function readEpsilon(config: Json, family: Family): number {
  // DistilBERT has no such setting.
  if (family === 'distilbert') return 1e-12
  const key = family === 'modernbert' ? 'norm_eps' : 'layer_norm_eps'
  const epsilon = config[key] ?? (family === 'modernbert' ? 1e-5 : 1e-12)
  if (typeof epsilon === 'number' && epsilon > 0 && epsilon < 1) return epsilon
  throw invalid(`config.json: ${key} ${JSON.stringify(epsilon)} is not a small positive number`)
}

/** ModernBERT's layers: `layer_types` and `rope_parameters` of transformers 5, or the settings before them. */
function readAttention(config: Json, layers: number): LayerAttention[] {
  const every = count(config, 'global_attn_every_n_layers', 3)
  const types = Array.isArray(config.layer_types)
    ? config.layer_types
    : Array.from({ length: layers }, (_, i) => (i % every === 0 ? 'full_attention' : 'sliding_attention'))
  if (types.length < layers) throw invalid(`config.json: layer_types has ${types.length} entries for ${layers} layers`)
  if (config.rope_scaling) throw unsupported('config.json: rope_scaling is not supported')
  const global = readTheta(config, 'full_attention', config.global_rope_theta ?? 160_000)
  const local = readTheta(
    config,
    'sliding_attention',
    config.local_rope_theta === null ? global : (config.local_rope_theta ?? 10_000),
  )
  const window = Math.floor(count(config, 'local_attention', 128) / 2)
  return types.slice(0, layers).map((type) => {
    if (type === 'full_attention') return { theta: global }
    if (type === 'sliding_attention') return { theta: local, window }
    throw unsupported(`config.json: layer_types ${JSON.stringify(type)} is not supported`)
  })
}

function readTheta(config: Json, type: string, otherwise: unknown): number {
  const all = isObject(config.rope_parameters) ? config.rope_parameters : {}
  const own = isObject(all[type]) ? all[type] : {}
  if ('rope_type' in all || 'rope_theta' in all)
    throw invalid('config.json: rope_parameters are not those of each layer type')
  if ((own.rope_type ?? 'default') !== 'default') {
    throw unsupported(`config.json: rope_type ${JSON.stringify(own.rope_type)} is not supported, only "default"`)
  }
  const theta = own.rope_theta ?? otherwise
  if (typeof theta === 'number' && theta > 1) return theta
  throw invalid(`config.json: the rope_theta of ${type}, ${JSON.stringify(theta)}, is not a number above 1`)
}

function count(config: Json, key: string, fallback: number): number {
  const value = natural(config[key] ?? fallback, key)
  if (value > 0) return value
  throw invalid(`config.json: ${key} ${value} is not a positive whole number`)
}

function natural(value: unknown, key: string): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31) return value as number
  throw invalid(`config.json: ${key} ${JSON.stringify(value)} is not a positive whole number`)
}

/** Whether a checkpoint is a reranker, by what its `config.json` says. */
export const classifies = (config: Json): boolean =>
  architectures(config).some((name) => String(name).endsWith('ForSequenceClassification'))

/** Classes in `architectures`, such as `BertModel` or Stanford's `HF_ColBERT`. */
export const architectures = (config: Json): unknown[] => [config.architectures ?? []].flat()
