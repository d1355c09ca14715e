import type { PackagedModel } from './default-model.ts'
import type {
  AddResult,
  BackendId,
  CodecId,
  CreateIndexOptions,
  DocumentContent,
  DocumentEntry,
  IndexEntry,
  IndexEvents,
  IndexInfo,
  JapaneseOption,
  ModelEntry,
  ModelOption,
  OnnxOption,
  Progress,
  RemoveResult,
  SearchOptions,
  SearchResult,
} from './types.ts'

/** One call as the service sees it, whichever thread it came from. */
export interface Call {
  signal: AbortSignal
  progress(progress: Progress): void
  /** The caller's documents, pulled one by one; empty for calls without. */
  items: AsyncIterable<unknown>
}

/** What `createIndex` asks of the service: plain data, addresses already absolute. */
export interface OpenOptions {
  name: string
  model?: string | PackagedModel | Extract<ModelOption, { files: readonly File[] }> | { urls: Record<string, string> }
  /** The script of models on a hub, and of hashes; without it there are neither. */
  hub?: string
  /** SHA-256 of files, by path: 64 hexadecimal digits. */
  integrity?: Readonly<Record<string, string>>
  /** Where `model` is absent. */
  defaultModel?: PackagedModel
  source?: string
  backend?: 'auto' | BackendId
  onnx?: OnnxOption
  japanese?: JapaneseOption
  queryLength?: CreateIndexOptions['queryLength']
  pooling?: CreateIndexOptions['pooling']
  store: 'indexeddb' | 'memory'
  dtype?: 'f16'
  codec: CodecId
  splitPassages: boolean
  /** Answers before its model is loaded. */
  early?: boolean
  /** The script of tokenizers that are not BERT's, and of rerankers; without it there are none. */
  tokenizers?: string
  /** The script of search by words; without it there is none. */
  lexical?: string
  /** Replaces the index of this name with the contents of an exported file, in one step. */
  file?: Blob
}

/**
 * The engine behind the API: it owns the GPU device, the models and the open indexes, and shares them between handles.
 * It is called through a message port, in a worker or in this thread.
 */
export interface Service {
  /** Opens an index and gives the number of a new handle on it. */
  open(call: Call, options: OpenOptions): Promise<{ handle: number; info: IndexInfo }>
  add(call: Call, handle: number): Promise<AddResult>
  remove(call: Call, handle: number, ids: string[]): Promise<RemoveResult>
  search(call: Call, handle: number, query: string, options: Omit<SearchOptions, 'signal'>): Promise<SearchResult>
  /** Scores of texts for a query by the cross-encoder that the options name; it stays loaded until the index is closed. */
  rerank(
    call: Call,
    handle: number,
    query: string,
    texts: { title?: string; text: string }[],
    options: OpenOptions,
  ): Promise<number[]>
  /** A document with its text, or null where the index does not hold it. */
  get(call: Call, handle: number, id: string): Promise<DocumentContent | null>
  /** All documents, in the order in which they were added. */
  documents(call: Call, handle: number): Promise<DocumentEntry[]>
  info(call: Call, handle: number): Promise<IndexInfo>
  export(call: Call, handle: number): Promise<Blob>
  /** Lets go of a handle; the last one of an index frees it. */
  close(call: Call, handle: number): Promise<void>
  /** Removes the index and all it stores; its other handles reject from then on. */
  destroy(call: Call, handle: number): Promise<void>
  list(call: Call): Promise<IndexEntry[]>
  /** Removes a stored index, whether it can be opened or not; handles on it reject from then on. */
  removeIndex(call: Call, name: string): Promise<void>
  removeAll(call: Call): Promise<void>
  listModels(call: Call): Promise<ModelEntry[]>
  /** Removes a model from the store; indexes that are open go on with it. */
  removeModel(call: Call, model: string): Promise<void>
  /** Where events of a handle's index go. */
  onEvent: (<Type extends keyof IndexEvents>(handle: number, type: Type, detail: IndexEvents[Type]) => void) | null
}
