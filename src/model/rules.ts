/** Pieces that the styles of checkpoints share in turning their configuration into encoding rules. */
import { check, MaxsiftError } from '../errors.ts'
import { LEAST_EXPANSION } from '../text/expansion.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { isObject, type Json, readObject } from './read.ts'
import type { FileSource } from './source.ts'
import { type EncodingRules, type ExpansionSpec, QUERY_LENGTHS, type QueryLength } from './spec.ts'
import type { LoadedTokenizer } from './tokenizer-files.ts'

/** Python's `string.punctuation`, the skiplist of the original ColBERT. */
export const PUNCTUATION = [...'!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~']

export interface Roles<T> {
  query: T
  document: T
}

/**
 * Markers that must become special tokens for the tokenizer to keep them whole, as sentence-transformers registers
 * them: the whole prefix ("[Q] ", saved by PyLate with its space), or its first word ("[unused0]").
 */
export function markersToAdd(tokenizer: Tokenizer, prefixes: readonly string[]): { id: number; content: string }[] {
  return prefixes.flatMap((prefix) => {
    const content = [prefix, prefix.trim().split(/\s+/)[0]].find(
      (text) => text.trim() !== '' && tokenizer.idOf(text) !== undefined,
    )
    if (content === undefined) return []
    const id = tokenizer.idOf(content) as number
    const { ids } = tokenizer.tokenize(content)
    return ids.length === 1 && ids[0] === id ? [] : [{ id, content }]
  })
}

/**
 * Splits what goes before a text into a marker, where it begins with one, and the rest. Where words have other tokens
 * after a marker or a blank than at the start of a text (`Ġthe`), all of it stays text.
 */
export function splitPrompt(tokenizer: Tokenizer, prompt: string): Pick<EncodingRules, 'marker' | 'prompt'> {
  if (!tokenizer.settled) return { marker: null, prompt }
  const { ids, starts, ends } = tokenizer.tokenize(prompt)
  const token = starts[0] === 0 ? tokenizer.addedToken(prompt.slice(0, ends[0])) : undefined
  if (!token || token.id !== ids[0] || token.singleWord) return { marker: null, prompt }
  const rest = prompt.slice(ends[0])
  return { marker: token.id, prompt: rest.trim() === '' ? '' : rest }
}

/** Ids of the words of a skiplist; words that are no single token are left out, lest they drop every unknown token. */
export function skipIds(tokenizer: Tokenizer, words: readonly unknown[]): number[] {
  const ids = words.map((word) => (typeof word === 'string' ? tokenizer.idOf(word) : undefined))
  const unknown = tokenizer.tokenOf(tokenizer.unknown)
  return [
    ...new Set(
      ids.filter((id, i): id is number => id !== undefined && (id !== tokenizer.unknown || words[i] === unknown)),
    ),
  ]
}

/**
 * A `query_expansion` of sentence-transformers: null for none, else `{ strategy, attend?, token?, length }`. Of the
 * strategies it knows `fixed` and `min`; the others are ours.
 * @throws MaxsiftError `MODEL_INVALID`
 */
export function readExpansion(
  value: unknown,
  files: LoadedTokenizer,
  tokenizer: Tokenizer,
  positions: number,
): ExpansionSpec | null {
  if (value === null || value === undefined) return null
  const { strategy, attend = false, token, length } = isObject(value) ? value : ({} as Record<string, unknown>)
  if (!isQueryLength(strategy) || typeof attend !== 'boolean' || !isLength(length)) {
    throw new MaxsiftError('MODEL_INVALID', `query_expansion ${JSON.stringify(value)} is not understood`)
  }
  if (files.padsLeft)
    throw new MaxsiftError('MODEL_UNSUPPORTED', 'the tokenizer pads at the left: queries cannot be expanded so')
  if (length > positions) {
    throw new MaxsiftError(
      'MODEL_INVALID',
      `query_expansion to ${length} tokens is above max_position_embeddings ${positions}`,
    )
  }
  const content = token ?? files.special('mask_token') ?? files.special('eos_token')
  const id = typeof content === 'string' ? tokenizer.idOf(content) : undefined
  if (id === undefined) {
    throw new MaxsiftError(
      'MODEL_INVALID',
      `query_expansion needs the token ${JSON.stringify(content ?? '[MASK]')}, which the tokenizer lacks`,
    )
  }
  return { token: id, strategy, length, attend }
}

const isQueryLength = (value: unknown): value is QueryLength => QUERY_LENGTHS.some((each) => each === value)

/** Most tokens of a query before expansion. @param limit Where expansion sets none. */
export function queryLimit(expansion: ExpansionSpec | null, limit: number, positions: number): number {
  if (!expansion || expansion.strategy === 'min') return limit
  return expansion.strategy === 'fixed' ? expansion.length : positions - LEAST_EXPANSION
}

/**
 * The rules for queries with another way to their length.
 * @throws MaxsiftError `INVALID_ARGUMENT` where queries are not expanded
 */
export function withQueryLength(rules: EncodingRules, strategy: QueryLength, positions: number): EncodingRules {
  check(
    rules.expansion,
    `\`queryLength\` is ${JSON.stringify(strategy)}, but the queries of this model are not expanded`,
  )
  const expansion = { ...rules.expansion, strategy }
  return { ...rules, expansion, maxLength: queryLimit(expansion, positions, positions) }
}

const isLength = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0

/** A length of a configuration; undefined where it says nothing. */
export function readLength(value: unknown, name: string): number | undefined {
  if (value === null || value === undefined) return undefined
  if (isLength(value)) return value
  throw new MaxsiftError('MODEL_INVALID', `${name} ${JSON.stringify(value)} is not a positive whole number`)
}

/** A text of a configuration; '' where it says nothing. */
export function readPrefix(value: unknown, name: string): string {
  if (typeof value === 'string' || value === null || value === undefined) return value ?? ''
  throw new MaxsiftError('MODEL_INVALID', `${name} ${JSON.stringify(value)} is not a text`)
}

/** Most tokens that the tokenizer lets through: its own limit, or else the positions of the model. */
export function tokenizerLimit(files: LoadedTokenizer, positions: number): number {
  const limit = files.config.model_max_length
  return typeof limit === 'number' && limit > 0 ? Math.min(Math.trunc(limit), positions) : positions
}

/** The configuration of a Transformer module; older versions named the file after the family. */
export async function readTransformer(
  source: FileSource,
  folder: string,
  { model_type = 'bert' }: Json,
  signal?: AbortSignal,
): Promise<Json> {
  for (const type of new Set(['bert', model_type])) {
    const found = await readObject(source, `${folder}sentence_${type}_config.json`, signal)
    if (found) return found
  }
  return {}
}

/** `max_seq_length` takes the place of the tokenizer's own limit. */
export function readLimit(transformer: Json, files: LoadedTokenizer, positions: number): number {
  const given = [transformer.processor_kwargs, transformer.tokenizer_args].filter(isObject)[0]?.model_max_length
  const limit = readLength(given ?? transformer.max_seq_length, 'sentence_bert_config.json: max_seq_length')
  return limit === undefined ? tokenizerLimit(files, positions) : Math.min(limit, positions)
}
