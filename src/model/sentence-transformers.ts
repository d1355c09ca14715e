/**
 * Checkpoints with a `modules.json`: sentence-transformers' MultiVectorEncoder, PyLate, and single-vector
 * SentenceTransformers, whose pooling is left out. Follows `multi_vector_encoder/model.py` of sentence-transformers 6:
 * `_get_model_type`, `_parse_model_config`, `_load_converted_modules`, `_apply_legacy_fixups`.
 */
import { MaxsiftError } from '../errors.ts'
import { architectures } from './config.ts'
import { isObject, type Json, readObject } from './read.ts'
import {
  isLength,
  PUNCTUATION,
  type Roles,
  readExpansion,
  readLength,
  skipIds,
  splitPrompt,
  tokenizerLimit,
} from './rules.ts'
import type { FileSource } from './source.ts'
import type { Activation, EncodingRules } from './spec.ts'
import { addMarkers, type ProjectionFiles, type Style } from './styles.ts'
import { type LoadedTokenizer, withLowerCase } from './tokenizer-files.ts'

/** An entry of `modules.json`: the last part of its class, and its folder, '' or with '/' at the end. */
export interface Module {
  kind: string
  folder: string
}

const unsupported = (message: string) => new MaxsiftError('MODEL_UNSUPPORTED', message)
const invalid = (message: string) => new MaxsiftError('MODEL_INVALID', message)

/** @param list what `modules.json` holds */
export function readModules(list: unknown): Module[] {
  if (!Array.isArray(list) || list.length === 0) throw invalid('modules.json is not a list of modules')
  const modules = list.map((entry): Module => {
    const { type, path } = isObject(entry) ? entry : ({} as Json)
    if (typeof type !== 'string' || typeof path !== 'string')
      throw invalid('modules.json: a module lacks its type or path')
    if (path.split('/').includes('..') || /^[/\\]|:/.test(path))
      throw invalid(`modules.json: ${path} leads out of the folder`)
    return { kind: type.split('.').at(-1) as string, folder: path === '' ? '' : `${path.replace(/\/+$/, '')}/` }
  })
  if (modules[0].kind !== 'Transformer') throw unsupported(`modules.json: a ${modules[0].kind} model is not supported`)
  return modules
}

/** Modules that do nothing to token vectors, or whose work is done elsewhere. */
const NEUTRAL = new Set(['Dropout', 'Pooling'])

interface Heads {
  projections: ProjectionFiles[]
  mask: Json | null
  normalized: boolean
}

export async function sentenceTransformersStyle(
  source: FileSource,
  modules: readonly Module[],
  config: Json,
  files: LoadedTokenizer,
  positions: number,
  signal?: AbortSignal,
): Promise<Style> {
  const { folder } = modules[0]
  const [top, transformer] = await Promise.all([
    readObject(source, 'config_sentence_transformers.json', signal).then((json) => json ?? {}),
    readObject(source, `${folder}sentence_bert_config.json`, signal).then((json) => json ?? {}),
  ])
  const native = isNative(top, config)
  refuse(top, transformer)
  const { projections, mask, normalized } = await readHeads(source, modules.slice(1), signal)
  if (native && !normalized) {
    throw unsupported(
      'modules.json: token vectors that are not normalised (no Normalize after the last Dense) are not supported',
    )
  }

  const prefixes = readPrefixes(top)
  const json = transformer.do_lower_case === true ? withLowerCase(files.json) : files.json
  const marked = addMarkers({ ...files, json }, { query: prefixes.query ?? '', document: prefixes.document ?? '' })
  const { tokenizer } = marked
  const prompts = readPrompts(top, prefixes)

  // What the Transformer's own configuration says wins over what PyLate wrote at the top.
  const settings = { ...pylateSettings(top), ...transformer }
  const limit = readLimit(transformer, files, positions)
  const queryLength = readLength(settings.query_length, 'query_length')
  const documentLength = readLength(settings.document_length, 'document_length')
  let expansion = readExpansion(settings.query_expansion, files, tokenizer, positions)
  if (expansion && queryLength !== undefined && queryLength < expansion.length) {
    throw invalid(`query_length ${queryLength} is below the length of query_expansion, ${expansion.length}`)
  }
  let maxLength = queryLength ?? limit
  if (expansion?.strategy === 'fixed') maxLength = expansion.length
  // Only a MultiVectorMask has expansion rows scored; rows that are neither scored nor attended to are not there.
  if (native && !mask && expansion && !expansion.attend) expansion = null

  const skip = readSkip(top, mask, native, Object.keys(prefixes).length > 0)
  const rules = (role: keyof Roles<unknown>, length: number): EncodingRules => ({
    maxLength: Math.min(length, positions),
    ...splitPrompt(tokenizer, prompts[role]),
    expansion: role === 'query' ? expansion : null,
    skip: skip.tasks.includes(role) ? skipIds(tokenizer, skip.words) : [],
  })
  const plain = !native && projections.length === 0
  return {
    style: plain ? 'bert' : 'sentence-transformers',
    projections,
    ...marked,
    rules: { query: rules('query', maxLength), document: rules('document', documentLength ?? limit) },
  }
}

/** Whether the checkpoint lists its own masking and normalisation; older kinds have them implied. */
function isNative(top: Json, config: Json): boolean {
  const type = top.model_type
  if (type === 'MultiVectorEncoder') return true
  if (type === 'ColBERT' || type === 'SentenceTransformer' || type === undefined || type === null) return false
  throw unsupported(
    `config_sentence_transformers.json: a ${JSON.stringify(type)} model (${architectures(config)}) is not supported`,
  )
}

function refuse(top: Json, transformer: Json): void {
  if (top.similarity_fn_name === 'meanmaxsim') {
    throw unsupported(
      'config_sentence_transformers.json: similarity_fn_name "meanmaxsim" is not supported, only MaxSim',
    )
  }
  const task = transformer.transformer_task ?? 'feature-extraction'
  if (task !== 'feature-extraction') {
    throw unsupported(`sentence_bert_config.json: transformer_task ${JSON.stringify(task)} is not supported`)
  }
  const overrides = isObject(transformer.processing_kwargs) ? transformer.processing_kwargs : {}
  for (const key of ['text', 'common']) {
    if (isObject(overrides[key]) && Object.keys(overrides[key]).length > 0) {
      throw unsupported(`sentence_bert_config.json: processing_kwargs.${key} is not supported`)
    }
  }
}

/** `query_prefix` and `document_prefix` of PyLate; '' where null, absent where not given. */
function readPrefixes(top: Json): Partial<Roles<string>> {
  const prefixes: Partial<Roles<string>> = {}
  for (const role of ['query', 'document'] as const) {
    if (`${role}_prefix` in top) prefixes[role] = String(top[`${role}_prefix`] ?? '')
  }
  return prefixes
}

/** What goes before a text: PyLate's prefix, then the saved prompt without it. */
function readPrompts(top: Json, prefixes: Partial<Roles<string>>): Roles<string> {
  const saved = isObject(top.prompts) ? top.prompts : {}
  const prompt = (role: 'query' | 'document') => {
    const text = typeof saved[role] === 'string' ? saved[role] : ''
    const prefix = prefixes[role] ?? ''
    return prefix + (prefix !== '' && text.startsWith(prefix) ? text.slice(prefix.length) : text)
  }
  return { query: prompt('query'), document: prompt('document') }
}

const MARKS_OF_PYLATE = [
  'query_length',
  'document_length',
  'query_expansion',
  'do_query_expansion',
  'attend_to_expansion_tokens',
  'attend_to_mask_tokens',
  'query_prefix',
  'document_prefix',
  'skiplist_words',
]

/** Lengths and expansion as PyLate keeps them in `config_sentence_transformers.json`. */
function pylateSettings(top: Json): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (const key of ['query_length', 'document_length']) if (isLength(top[key])) settings[key] = top[key]
  if ('query_expansion' in top) settings.query_expansion = top.query_expansion
  else if (top.do_query_expansion === false) settings.query_expansion = null
  else if (MARKS_OF_PYLATE.some((key) => key in top)) {
    const attend = Boolean(top.attend_to_expansion_tokens ?? top.attend_to_mask_tokens)
    settings.query_expansion = { strategy: 'fixed', attend, length: settings.query_length ?? 32 }
    delete settings.query_length
  }
  return settings
}

/** `max_seq_length` takes the place of the tokenizer's own limit. */
function readLimit(transformer: Json, files: LoadedTokenizer, positions: number): number {
  const given = [transformer.processor_kwargs, transformer.tokenizer_args].filter(isObject)[0]?.model_max_length
  const limit = readLength(given ?? transformer.max_seq_length, 'sentence_bert_config.json: max_seq_length')
  return limit === undefined ? tokenizerLimit(files, positions) : Math.min(limit, positions)
}

function readSkip(
  top: Json,
  mask: Json | null,
  native: boolean,
  prefixed: boolean,
): { words: unknown[]; tasks: unknown[] } {
  if (native) {
    const tasks = mask?.skiplist_tasks ?? ['document']
    return {
      words: Array.isArray(mask?.skiplist_words) ? mask.skiplist_words : [],
      tasks: Array.isArray(tasks) ? tasks : [tasks],
    }
  }
  const fallback = top.model_type === 'ColBERT' || prefixed ? PUNCTUATION : []
  return { words: Array.isArray(top.skiplist_words) ? top.skiplist_words : fallback, tasks: ['document'] }
}

async function readHeads(source: FileSource, modules: readonly Module[], signal?: AbortSignal): Promise<Heads> {
  const heads: Heads = { projections: [], mask: null, normalized: false }
  for (const { kind, folder } of modules) {
    if (NEUTRAL.has(kind)) continue
    const config = (await readObject(source, `${folder}config.json`, signal)) ?? {}
    if (kind === 'Dense') {
      if (heads.normalized) throw unsupported(`modules.json: a Dense after Normalize (${folder}) is not supported`)
      heads.projections.push({ spec: readDense(config, folder), folder })
    } else if (kind === 'MultiVectorMask') {
      if (Array.isArray(config.keep_only_token_ids) && config.keep_only_token_ids.length > 0) {
        throw unsupported(`${folder}config.json: keep_only_token_ids is not supported`)
      }
      heads.mask = config
    } else if (kind === 'Normalize') {
      // A Normalize of the sentence embedding goes with the pooling.
      if (config.module_input_name === 'token_embeddings') heads.normalized = true
    } else throw unsupported(`modules.json: the module ${kind} (${folder}) is not supported`)
  }
  return heads
}

const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ['Identity', 'identity'],
  ['GELU', 'gelu'],
  ['Tanh', 'tanh'],
  ['ReLU', 'relu'],
  ['Sigmoid', 'sigmoid'],
  ['SiLU', 'silu'],
])

function readDense(config: Json, folder: string): ProjectionFiles['spec'] {
  const where = `${folder}config.json`
  for (const key of ['module_input_name', 'module_output_name']) {
    const name = config[key] ?? 'token_embeddings'
    if (name !== 'token_embeddings' && name !== 'sentence_embedding') {
      throw unsupported(`${where}: ${key} ${JSON.stringify(name)} is not supported`)
    }
  }
  const inputs = readLength(config.in_features, `${where}: in_features`)
  const outputs = readLength(config.out_features, `${where}: out_features`)
  if (inputs === undefined || outputs === undefined) throw invalid(`${where} lacks in_features or out_features`)
  // Sentence-transformers trusts only classes of torch, and takes Tanh for anything else.
  const path = typeof config.activation_function === 'string' ? config.activation_function : ''
  const name = path.startsWith('torch.') ? (path.split('.').at(-1) as string) : 'Tanh'
  const activation = ACTIVATIONS.get(name)
  if (!activation) {
    throw unsupported(
      `${where}: activation_function ${name} is not supported, only ${[...ACTIVATIONS.keys()].join(', ')}`,
    )
  }
  const residual = config.use_residual !== true ? 'none' : inputs === outputs ? 'identity' : 'linear'
  return { inputs, outputs, activation, bias: config.bias !== false, residual }
}
