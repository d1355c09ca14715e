import type { ErrorCode } from '../errors.ts'

/** The public types of an index. Everything here survives `postMessage`, but for the callbacks and signals of options. */

/** A document to be added. Its `id` is the caller's own; adding an id again replaces the document. */
export interface DocumentInput {
  id: string
  /** The whole text, split into passages here; or `passages`, already split by the caller. */
  text?: string
  /** Parts that no passage may cross, such as the sections of a page. */
  passages?: readonly (string | PassageInput)[]
  /** Put before every passage when it is encoded. */
  title?: string
  url?: string
  /** Data for filters and for the hit: anything JSON can hold. */
  meta?: Readonly<Record<string, unknown>>
}

export interface PassageInput {
  text: string
  heading?: string
  /** Id of the element in the page at `url` where the passage starts. */
  anchor?: string
}

/** What is being done, how far it is: one aggregate for all files, documents or bytes of a stage. */
export interface Progress {
  stage: 'model' | 'index' | 'encode'
  /** Bytes for `model` and `index`, documents for `encode`. */
  loaded: number
  /** null where it is not known, such as the length of an async iterable. */
  total: number | null
}

/** Options of every call that takes time. An abort rejects with the `AbortError` of the signal. */
export interface CallOptions {
  signal?: AbortSignal
  onProgress?: (progress: Progress) => void
}

export type ModelOption =
  /** The base URL of a checkpoint's files; in Node also a folder. */
  | string
  | URL
  /** Files that the user chose. */
  | { files: readonly File[] }
  /** An address for each file of the checkpoint. */
  | { urls: Readonly<Record<string, string | URL>> }

export type CodecId = 'f32' | 'f16' | 'int8'

export interface CreateIndexOptions extends CallOptions {
  /** Two calls with one name give two handles on one index. Default: 'default'. */
  name?: string
  model?: ModelOption
  /** Opens a ready-made index, read-only: the base URL of a folder made by `maxsift index`. */
  source?: string | URL
  /** `memory` is gone with the page. Default: 'indexeddb'. */
  store?: 'indexeddb' | 'memory'
  backend?: 'auto' | 'webgpu'
  /** `true`: a worker of our own (default); `false`: this thread; a URL or function where the worker script lies elsewhere. */
  worker?: boolean | string | URL | (() => Worker)
  /**
   * Narrows F32 weights on loading: half the GPU memory, and products in f16 where the device has `shader-f16`; token
   * vectors then differ by up to 2e-3. Default: as in the file.
   */
  dtype?: 'f16'
  /** How token vectors are kept. Default: 'int8'. Ignored by an index that exists. */
  codec?: CodecId
  /** Split long texts into passages (default) or cut them at the model's limit. */
  splitPassages?: boolean
}

/** `null` matches a missing field. Ranges hold for numbers and for strings (dates in ISO form). */
export type FilterValue = string | number | boolean | null
export interface FilterRange {
  gte?: string | number
  lte?: string | number
  not?: FilterValue | readonly FilterValue[]
}
/**
 * Every field must match; a list matches any of its values; a field of the document that is itself a list matches when
 * one of its values does. `ids` limits the search to these documents. Data only, never a function.
 */
export type Filter = Readonly<Record<string, FilterValue | readonly FilterValue[] | FilterRange>>

export interface SearchOptions {
  /** Documents to return. Default 10. */
  limit?: number
  /** Documents to skip. Default 0. */
  offset?: number
  filter?: Filter
  /** Only these documents. */
  ids?: readonly string[]
  /** Passages to return per hit, best first; 1 to 8. Default 1. */
  passages?: number
  /** Adds `explain` to each hit. */
  explain?: boolean
  signal?: AbortSignal
}

export interface SearchResult {
  hits: Hit[]
  /** Documents that the filter lets through. */
  total: number
  /** Milliseconds from call to result. */
  elapsed: number
  mode: 'semantic'
  backend: 'webgpu'
}

export interface Hit {
  id: string
  /** The highest MaxSim sum among the document's passages. */
  score: number
  /** `score` divided by the scored rows of the query: the mean cosine, at most 1. */
  relevance: number
  title?: string
  url?: string
  meta?: Record<string, unknown>
  /** The best passage. */
  passage: PassageHit
  /** The best passages, best first; as many as `SearchOptions.passages` at most. */
  passages: PassageHit[]
  explain?: Explanation[]
}

export interface PassageHit {
  text: string
  /** Where `text` lies in the document's text, in UTF-16 units. */
  start: number
  end: number
  heading?: string
  anchor?: string
  score: number
  /** `[start, end, weight]` in `text`: words and their shares of the score (0 to 1), in text order. */
  highlights: [number, number, number][]
}

/** One query token's part in the score of the best passage. The shares of all tokens add up to the score. */
export interface Explanation {
  token: string
  /** `expansion` rows stand for no text of the query, `marker` rows for [CLS], [SEP] and the query marker. */
  kind: 'text' | 'marker' | 'expansion'
  /** In the query; -1 where the token stands for no text. */
  start: number
  end: number
  /** Cosine similarity with the best document token: its share of the score. */
  share: number
  /** The best document token: in the passage's text, or -1 where it stands for no text of it (marker, title). */
  match: { token: string; start: number; end: number }
}

export interface AddResult {
  added: number
  updated: number
  /** Skipped, since nothing about them changed. */
  unchanged: number
  /** Documents cut at the model's limit (only with `splitPassages: false`). */
  truncated: number
}

export interface RemoveResult {
  removed: number
  /** Ids that the index does not hold. */
  unknown: number
}

export interface IndexInfo {
  name: string
  documents: number
  passages: number
  /** Token vectors of living documents. */
  tokens: number
  /** Documents whose text is stored and whose vectors are still to be made. */
  pending: number
  /** Bytes in the store. */
  bytes: number
  gpuBytes: number
  generation: number
  store: 'memory' | 'indexeddb' | 'http' | 'folder'
  /** Whether the browser has promised not to evict this site's storage. */
  persisted: boolean
  writable: boolean
  codec: CodecId
  dim: number
  model: { name: string; fingerprint: string; bytes: number }
  backend: 'webgpu'
  adapter: string
}

export interface IndexEntry {
  name: string
  documents: number
  bytes: number
  generation: number
  model: string
  /** Why it cannot be opened, such as `STORE_CORRUPT`; then the other fields say nothing. */
  problem?: ErrorCode
}

export interface IndexEvents {
  /** The index has a new generation, made here or in another tab. */
  change: { generation: number; documents: number }
  /** Something failed outside a call, or the index had to fall back (store lost: memory only). */
  error: Error
  progress: Progress
}
