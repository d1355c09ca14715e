import type { ErrorCode } from '../errors.ts'
import type { PackagedModel } from './default-model.ts'

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
  /**
   * The address of a checkpoint's files, which begins with `/`, `./`, `../` or a scheme; or `owner/name`, with
   * `@revision` or without, on the `hub`. In Node also a folder.
   */
  | string
  | URL
  /** Files that the user chose. */
  | { files: readonly File[] }
  /** An address for each file of the checkpoint. */
  | { urls: Readonly<Record<string, string | URL>> }
  /** One that comes with the package, such as `nanoModel()` of `maxsift/nano`. */
  | PackagedModel

/** What the model runs on: WebGPU, or ONNX Runtime with MaxSim in JavaScript. */
export type BackendId = 'webgpu' | 'onnx'

/** Addresses of ONNX Runtime for browsers. Plain data; made by `onnxRuntime()` of `maxsift/onnx`. */
export interface OnnxOption {
  /** Our part, a script. */
  engine: string
  /** `ort.wasm.bundle.min.mjs` and `ort-wasm-simd-threaded.wasm` of `onnxruntime-web`. */
  script: string
  wasm: string
  /** Threads, of which there can be more than one only on a page that is cross-origin isolated. Default: 1. */
  threads?: number
}

/** Addresses of the Japanese dictionary. Plain data; made by `japaneseDictionary()` of `maxsift/japanese`. */
export interface JapaneseOption {
  /** Our part, a script. */
  engine: string
  /** `unidic-lite.bin`. */
  dictionary: string
}

export type CodecId = 'f32' | 'f16' | 'int8'

/**
 * `semantic`: exhaustive MaxSim over token vectors. `lexical`: BM25 over words. `hybrid`: both, their scores fused; what
 * stands in quotation marks must be in the document.
 */
export type SearchMode = 'semantic' | 'lexical' | 'hybrid'

export interface CreateIndexOptions extends CallOptions {
  /** Two calls with one name give two handles on one index. Default: 'default'. */
  name?: string
  /** Default: the model that built the index; for a new index the one in the package. */
  model?: ModelOption
  /** Where models have names: `https://huggingface.co` (default), a mirror of it, or a server with the same addresses. */
  hub?: string | URL
  /**
   * SHA-256 of files of the model, by path: `sha256-` and base 64, or 64 hexadecimal digits. Each is checked before it is
   * kept and on every load. Large files on a hub are checked without this too.
   */
  integrity?: Readonly<Record<string, string>>
  /** Opens a ready-made index, read-only: the base URL of a folder made by `maxsift index`. */
  source?: string | URL
  /** `memory` is gone with the page. Default: 'indexeddb'. */
  store?: 'indexeddb' | 'memory'
  /** Asks the browser, once a page, not to evict an index that is stored and its model. Default: true. */
  persist?: boolean
  /** `auto` (default): WebGPU on a GPU, else ONNX Runtime where it is at hand, else WebGPU in software. */
  backend?: 'auto' | BackendId
  /** In a browser: where ONNX Runtime lies, as `onnxRuntime()` of `maxsift/onnx` says it. Node finds it by itself. */
  onnx?: OnnxOption
  /**
   * In a browser, for Japanese checkpoints: where the dictionary lies, as `japaneseDictionary()` of `maxsift/japanese`
   * says it. Node finds it by itself.
   */
  japanese?: JapaneseOption
  /**
   * How long queries become by expansion, if not as the checkpoint says: `fixed`, to its length; `min`, to at least that;
   * `dynamic`, as for JaColBERTv2.5, whose default it is: to a multiple of that, with eight expansion rows at least;
   * `rerankers-16` and `rerankers-32`, as the library of that name does. An index serves them all.
   */
  queryLength?: 'fixed' | 'min' | 'dynamic' | 'rerankers-16' | 'rerankers-32'
  /**
   * What makes the vector of a text of a single-vector model (Contriever, TAS-B, all-MiniLM), if not what its
   * `modules.json` says: `cls`, its first token; `mean`, the mean of all; `none`, nothing: its token vectors are used as a
   * ColBERT's. An encoder without `modules.json` is one of token vectors. An index is of one of them, and is opened so again.
   */
  pooling?: 'none' | 'cls' | 'mean'
  /** `true`: a worker of our own (default); `false`: this thread; a URL or function where the worker script lies elsewhere. */
  worker?: boolean | string | URL | (() => Worker)
  /**
   * Narrows F32 weights on loading: half the GPU memory, and products in f16 where the device has `shader-f16`; token
   * vectors then differ by up to 2e-3. ONNX Runtime computes in f32 all the same. Default: as in the file.
   */
  dtype?: 'f16'
  /** How token vectors are kept. Default: 'int8'. Ignored by an index that exists. */
  codec?: CodecId
  /** Split long texts into passages (default) or cut them at the model's limit. */
  splitPassages?: boolean
  /**
   * `false`: the index is open at once and answers by words, while its model is loaded in the background; that is told
   * by the events `progress`, and `ready` or `error`. Default: `true`.
   */
  waitForModel?: boolean
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
  /**
   * `auto`: `lexical` until the model is ready or where nothing can run it, then `hybrid`. Default: `semantic`, but
   * `auto` for an index opened with `waitForModel: false`. What needs words keeps all texts in memory from then on.
   */
  mode?: 'auto' | SearchMode
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
  mode: SearchMode
  /**
   * All documents were compared. Only `hybrid` search on ONNX Runtime may say false: among more than a million token
   * vectors, it compares by meaning the 1,000 documents that are best by words.
   */
  exhaustive: boolean
  /** The model is still being loaded: once `ready` is told, the same search also goes by meaning. */
  pending: boolean
  /** What the model ran on; null without one, in mode `lexical`. */
  backend: BackendId | null
}

export interface Hit {
  id: string
  /** The highest MaxSim sum among the document's passages; where words alone found it, the highest BM25 score. */
  score: number
  /** MaxSim sum divided by the scored rows of the query: the mean cosine, at most 1. 0 where words alone found it. */
  relevance: number
  /** In mode `hybrid`: what hits are ranked by, 0 to 1, and the scores that it is fused of, where it has them. */
  fusion?: { score: number; semantic?: number; lexical?: number }
  title?: string
  url?: string
  meta?: Record<string, unknown>
  /** The best passage. */
  passage: PassageHit
  /** The best passages, best first; as many as `SearchOptions.passages` at most. */
  passages: PassageHit[]
  explain?: Explanation[]
}

/** A hit with the score of a cross-encoder: what it makes of the query and the hit's best passage. */
export type RerankedHit<Found extends Hit = Hit> = Found & { rerank: number }

/** Of `rerank`. Beside the model, where it is found and what its files are to be: see `CreateIndexOptions`. */
export interface RerankOptions extends CallOptions, Pick<CreateIndexOptions, 'hub' | 'integrity'> {
  /** A cross-encoder: BERT, DistilBERT, RoBERTa, XLM-RoBERTa or ModernBERT for sequence classification, with one label. */
  model: ModelOption
}

export interface PassageHit {
  text: string
  /** Where `text` lies in the document's text, in UTF-16 units. */
  start: number
  end: number
  heading?: string
  anchor?: string
  /** MaxSim sum, or BM25 where words alone found it. */
  score: number
  /** `[start, end, weight]` in `text`: words and their shares of the score (0 to 1), in text order. */
  highlights: [number, number, number][]
}

/**
 * One query token's part in the score of the best passage (a word's, where words alone found it). The shares of all
 * tokens add up to the score.
 */
export interface Explanation {
  token: string
  /** `expansion` rows stand for no text of the query, `marker` rows for [CLS], [SEP] and the query marker. */
  kind: 'text' | 'marker' | 'expansion'
  /** In the query; -1 where the token stands for no text. */
  start: number
  end: number
  /** Cosine similarity with the best document token, or what BM25 gives the word: its share of the score. */
  share: number
  /** The best document token, or the first match: in the passage's text; -1 where it stands for no text of it (marker, title). */
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

/** A document that the index holds, without its text. */
export interface DocumentEntry {
  id: string
  title?: string
  url?: string
  meta?: Record<string, unknown>
  /** Of its text, in UTF-16 units. */
  length: number
}

/** A document that the index holds, as it was given. */
export interface DocumentContent extends DocumentEntry {
  /** As the caller cut it; one for a document that was given as `text`. `start` and `end` are those of `PassageHit`. */
  passages: (PassageInput & { start: number; end: number })[]
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
  /** Of the token vectors where they are searched: on the GPU, or in memory. */
  gpuBytes: number
  generation: number
  store: 'memory' | 'indexeddb' | 'http' | 'folder'
  /** Whether the browser has promised not to evict this site's storage. */
  persisted: boolean
  writable: boolean
  codec: CodecId
  dim: number
  /** `bytes` as they are held: 0 until it is loaded. */
  model: { name: string; fingerprint: string; bytes: number }
  /** Whether its model is loaded: until then it is searched by words, and nothing is added. */
  ready: boolean
  /** null until then. */
  backend: BackendId | null
  /** The GPU adapter, or the runtime; null until then. */
  adapter: string | null
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

/** A model that is kept on this device. */
export interface ModelEntry {
  /** What `removeModel` takes, and, of a model with an address, `createIndex`. */
  model: string
  name: string
  /** On a hub: the commit. */
  revision?: string
  bytes: number
}

export interface IndexEvents {
  /** The index has a new generation, made here or in another tab. */
  change: { generation: number; documents: number }
  /** Something failed outside a call, or the index had to fall back (store lost: memory only). */
  error: Error
  progress: Progress
  /** The model is loaded: from now on searches go by meaning. Only for an index opened with `waitForModel: false`. */
  ready: { backend: BackendId; adapter: string }
}
