/**
 * Checkpoints with a `modules.json`: sentence-transformers' MultiVectorEncoder, PyLate, and single-vector
 * SentenceTransformers. Follows `multi_vector_encoder/model.py` of sentence-transformers 6:
 * `_get_model_type`, `_parse_model_config`, `_load_converted_modules`, `_apply_legacy_fixups`.
 */
import { MaxsiftError } from '../errors.ts'
import { architectures } from './config.ts'
import { readHeads } from './heads.ts'
import { isObject, type Json, readObject } from './read.ts'
import {
  PUNCTUATION,
  queryLimit,
  type Roles,
  readExpansion,
  readLength,
  readLimit,
  readPrefix,
  readTransformer,
  skipIds,
  splitPrompt,
} from './rules.ts'
import type { FileSource } from './source.ts'
import type { EncodingRules, Pooling } from './spec.ts'
import { addMarkers, type Style } from './styles.ts'
import { type LoadedTokenizer, withLowerCase } from './tokenizer-files.ts'

/** An entry of `modules.json`: the last part of its class, and its folder, '' or with '/' at the end. */
export interface Module {
  kind: string
  folder: string
}

const unsupported = (message: string) => new MaxsiftError('MODEL_UNSUPPORTED', message)
const invalid = (message: string) => new MaxsiftError('MODEL_INVALID', message)

/** More than any model has: a guard against a hostile list. */
const MAX_MODULES = 64

/** @param list what `modules.json` holds */
export function readModules(list: unknown): Module[] {
  if (!Array.isArray(list) || list.length === 0) throw invalid('modules.json is not a list of modules')
  if (list.length > MAX_MODULES) throw unsupported(`modules.json has more than ${MAX_MODULES} modules`)
  const modules = list.map((entry): Module => {
    const { type, path } = isObject(entry) ? entry : ({} as Json)
    if (typeof type !== 'string' || typeof path !== 'string')
      throw invalid('modules.json: a module lacks its type or path')
    // Other classes are code of the checkpoint's own, whatever their names.
    if (!/^(sentence_transformers|pylate)\./.test(type)) throw unsupported(`modules.json: ${type} is not supported`)
    if (path.split('/').includes('..') || /^[/\\]|:/.test(path))
      throw invalid(`modules.json: ${path} leads out of the folder`)
    return { kind: type.split('.').at(-1) as string, folder: path === '' ? '' : `${path.replace(/\/+$/, '')}/` }
  })
  if (modules[0].kind !== 'Transformer') throw unsupported(`modules.json: a ${modules[0].kind} model is not supported`)
  return modules
}

export async function sentenceTransformersStyle(
  source: FileSource,
  modules: readonly Module[],
  config: Json,
  files: LoadedTokenizer,
  positions: number,
  { signal, pooling: wanted }: { signal?: AbortSignal; pooling?: Pooling | 'none' } = {},
): Promise<Style> {
  const { folder } = modules[0]
  const [top, transformer] = await Promise.all([
    readObject(source, 'config_sentence_transformers.json', signal).then((json) => json ?? {}),
    readTransformer(source, folder, config, signal),
  ])
  const native = isNative(top, config)
  refuse(top, transformer)
  const heads = await readHeads(source, modules.slice(1), wanted, signal)
  const { projections, mask, normalized, pooling } = heads
  if (pooling && (top.truncate_dim ?? null) !== null)
    throw unsupported('config_sentence_transformers.json: truncate_dim is not supported')
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
  const maxLength = queryLimit(expansion, queryLength ?? limit, positions)
  // Only a MultiVectorMask has expansion rows scored; rows that are neither scored nor attended to are not there.
  if (native && !mask && expansion && !expansion.attend) expansion = null

  const skip = readSkip(top, mask, native, Object.keys(prefixes).length > 0)
  const rules = (role: keyof Roles<unknown>, length: number): EncodingRules => ({
    maxLength: Math.min(length, positions),
    ...splitPrompt(tokenizer, prompts[role]),
    expansion: role === 'query' ? expansion : null,
    skip: skip.tasks.includes(role) ? skipIds(tokenizer, skip.words) : [],
    ...(pooling && { pooled: true }),
  })
  const plain = !native && !pooling && projections.length === 0
  return {
    style: plain ? 'bert' : 'sentence-transformers',
    pooling,
    unnormalized: pooling && !comparesByAngle(top) && !normalized,
    projections,
    ...marked,
    rules: { query: rules('query', maxLength), document: rules('document', documentLength ?? limit) },
  }
}

/** For a model of pairs where one of texts is needed. */
export const isReranker = (config: Json) =>
  new MaxsiftError('MODEL_UNSUPPORTED', `a reranker (${architectures(config).join(', ')}) has no vectors of texts`, {
    remedy: 'Use a retrieval model for an index; a reranker takes pairs of a query and a passage.',
  })

/** Whether the checkpoint lists its own masking and normalisation; older kinds have them implied. */
function isNative(top: Json, config: Json): boolean {
  const type = top.model_type
  if (type === 'MultiVectorEncoder') return true
  if (type === 'CrossEncoder') throw isReranker(config)
  if (type === 'ColBERT' || type === 'SentenceTransformer' || type === undefined || type === null) return false
  throw unsupported(
    `config_sentence_transformers.json: a ${JSON.stringify(type)} model (${architectures(config)}) is not supported`,
  )
}

/** Whether a single-vector model is compared by cosine: the default. */
function comparesByAngle({ similarity_fn_name: name }: Json): boolean {
  if (name === 'dot' || name === 'dot_product') return false
  if (name === 'cosine' || name === undefined || name === null) return true
  throw unsupported(
    `config_sentence_transformers.json: similarity_fn_name ${JSON.stringify(name)} is not supported, only "cosine" and "dot"`,
  )
}

/** Settings of `sentence_bert_config.json` that can change anything in the encoder or the tokenizer. */
const OVERRIDES = [
  'processing_kwargs.text',
  'processing_kwargs.common',
  'processor_kwargs',
  'tokenizer_args',
  'config_kwargs',
  'config_args',
]

/** Those among them that are read elsewhere (`readLimit`), or that the reference leaves aside. */
const ALLOWED = ['model_max_length', 'trust_remote_code']

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
  for (const name of OVERRIDES) {
    const [outer, inner] = name.split('.')
    const value = inner && isObject(transformer[outer]) ? transformer[outer][inner] : transformer[outer]
    const keys = isObject(value) ? Object.keys(value).filter((key) => !ALLOWED.includes(key)) : []
    if (keys.length > 0) throw unsupported(`sentence_bert_config.json: ${name} (${keys}) is not supported`)
  }
}

/** `query_prefix` and `document_prefix` of PyLate; '' where null, absent where not given. */
function readPrefixes(top: Json): Partial<Roles<string>> {
  const prefixes: Partial<Roles<string>> = {}
  for (const role of ['query', 'document'] as const) {
    if (`${role}_prefix` in top) prefixes[role] = readPrefix(top[`${role}_prefix`], `${role}_prefix`)
  }
  return prefixes
}

/**
 * What goes before a text: PyLate's prefix, then the saved prompt without it. The reference has a prompt for each role,
 * if an empty one, and so never comes to `passage`, `corpus` or `default_prompt_name`.
 */
function readPrompts(top: Json, prefixes: Partial<Roles<string>>): Roles<string> {
  const saved = isObject(top.prompts) ? top.prompts : {}
  const prompt = (role: keyof Roles<string>) => {
    const prefix = prefixes[role] ?? ''
    const text = typeof saved[role] === 'string' ? saved[role] : ''
    return prefix + (text.startsWith(prefix) ? text.slice(prefix.length) : text)
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
  for (const key of ['query_length', 'document_length']) {
    const length = readLength(top[key], key)
    if (length !== undefined) settings[key] = length
  }
  if ('query_expansion' in top) settings.query_expansion = top.query_expansion
  else if (top.do_query_expansion === false) settings.query_expansion = null
  else if (MARKS_OF_PYLATE.some((key) => key in top)) {
    const attend = Boolean(top.attend_to_expansion_tokens ?? top.attend_to_mask_tokens)
    settings.query_expansion = { strategy: 'fixed', attend, length: settings.query_length ?? 32 }
    delete settings.query_length
  }
  return settings
}

function readSkip(
  top: Json,
  mask: Json | null,
  native: boolean,
  prefixed: boolean,
): { words: unknown[]; tasks: unknown[] } {
  const words = (native ? mask : top)?.skiplist_words ?? null
  if (words !== null && !Array.isArray(words)) throw invalid('skiplist_words is not a list')
  if (native) return { words: words ?? [], tasks: [mask?.skiplist_tasks ?? 'document'].flat() }
  const fallback = top.model_type === 'ColBERT' || prefixed ? PUNCTUATION : []
  return { words: words ?? fallback, tasks: ['document'] }
}
