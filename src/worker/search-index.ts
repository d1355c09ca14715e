// For those who compile with an older `lib`: the declarations name `Symbol.asyncDispose`.
/// <reference lib="esnext.disposable" preserve="true" />
import { check, MaxsiftError } from '../errors.ts'
import type {
  AddResult,
  CallOptions,
  DocumentContent,
  DocumentEntry,
  DocumentInput,
  Hit,
  IndexEvents,
  IndexInfo,
  RemoveResult,
  RerankedHit,
  RerankOptions,
  SearchOptions,
  SearchResult,
} from '../search/types.ts'
import type { Connection } from './connect.ts'
import { callOptions, readCreateOptions, readIds, readSearchOptions } from './options.ts'
import type { Lease } from './pool.ts'

type Signal = Pick<CallOptions, 'signal'>
type Listener<Type extends keyof IndexEvents> =
  | ((event: CustomEvent<IndexEvents[Type]>) => void)
  | { handleEvent(event: CustomEvent<IndexEvents[Type]>): void }

/** `EventTarget` that knows its events. */
interface IndexTarget extends EventTarget {
  addEventListener<Type extends keyof IndexEvents>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | AddEventListenerOptions,
  ): void
  removeEventListener<Type extends keyof IndexEvents>(
    type: Type,
    listener: Listener<Type> | null,
    options?: boolean | EventListenerOptions,
  ): void
}
const IndexTarget = EventTarget as new () => IndexTarget

/**
 * A handle on an open index, made by `createIndex` and `importIndex`. Events: `change`, `error` and `progress`, each a
 * `CustomEvent` with its data in `detail`.
 *
 * Every call rejects with a `MaxsiftError`, or with the reason of its signal once it is aborted. A handle that is
 * closed rejects with `INVALID_ARGUMENT`.
 */
export class SearchIndex extends IndexTarget {
  /** The name of the index. */
  readonly name: string
  readonly #lease: Lease
  readonly #handle: number
  #closed: Promise<void> | null = null

  /** @internal */
  constructor(lease: Lease, handle: number, name: string) {
    super()
    this.name = name
    this.#lease = lease
    this.#handle = handle
    lease.connection.listeners.set(handle, (type, detail) => this.dispatchEvent(new CustomEvent(type, { detail })))
  }

  /**
   * Adds documents, replacing those whose id the index holds; what has not changed is skipped. Documents are taken from
   * the iterable only as fast as they are encoded, and are committed on the way: after an abort or an error those before
   * the last commit stay.
   * @throws MaxsiftError INVALID_ARGUMENT with `detail: { position, committed }` for a document that is not valid
   */
  async add(
    documents: Iterable<DocumentInput> | AsyncIterable<DocumentInput>,
    options: CallOptions = {},
  ): Promise<AddResult> {
    callOptions(options)
    check(
      typeof documents === 'object' &&
        documents !== null &&
        (Symbol.iterator in documents || Symbol.asyncIterator in documents),
      '`documents` must be a list, or another iterable, of { id, text }',
    )
    return this.#connection.call('add', [this.#handle], { ...options, items: documents })
  }

  /**
   * The best documents for a query in plain language. An empty query has no hits.
   * @throws MaxsiftError INVALID_ARGUMENT
   */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    check(typeof query === 'string', '`query` must be a string')
    const plain = readSearchOptions(options)
    return this.#connection.call('search', [this.#handle, query, plain], { signal: options.signal })
  }

  /**
   * Hits in the order of a cross-encoder, which reads the query and the best passage of each together: slower than a
   * search by far, and better. Its model is loaded with the first call, and stays until the index is closed.
   * @param hits What `search` gave for this query: some 10 to 50.
   * @returns The hits with `rerank`, the model's score, highest first.
   * @throws MaxsiftError INVALID_ARGUMENT, MODEL_UNSUPPORTED (also: no cross-encoder), and what else loading a model throws
   */
  async rerank<Found extends Hit>(
    query: string,
    hits: readonly Found[],
    options: RerankOptions,
  ): Promise<RerankedHit<Found>[]> {
    check(typeof query === 'string', '`query` must be a string')
    check(Array.isArray(hits), '`hits` must be the hits of a search')
    check(options?.model !== undefined, '`model` must name a cross-encoder')
    const { model, hub, integrity, signal, onProgress } = options
    const plain = readCreateOptions({ model, hub, integrity, signal, onProgress })
    const texts = hits.map(({ title, passage }) => ({ title, text: passage.text }))
    const args: [number, string, typeof texts, typeof plain] = [this.#handle, query, texts, plain]
    const scores = await this.#connection.call('rerank', args, { signal, onProgress })
    return hits.map((hit, i) => ({ ...hit, rerank: scores[i] })).sort((a, b) => b.rerank - a.rerank)
  }

  /** Removes documents by id; ids that the index does not hold are counted, not refused. */
  async remove(ids: Iterable<string>, options: Signal = {}): Promise<RemoveResult> {
    callOptions(options)
    return this.#connection.call('remove', [this.#handle, readIds('`ids`', ids)], options)
  }

  /** A document with its text as it was given, or null where the index does not hold it. */
  async get(id: string, options: Signal = {}): Promise<DocumentContent | null> {
    callOptions(options)
    check(typeof id === 'string', '`id` must be a string')
    return this.#connection.call('get', [this.#handle, id], options)
  }

  /** All documents without their texts, in the order in which they were added. */
  async documents(options: Signal = {}): Promise<DocumentEntry[]> {
    callOptions(options)
    return this.#connection.call('documents', [this.#handle], options)
  }

  /** Counts, sizes in bytes, and what the index runs on. */
  async info(options: Signal = {}): Promise<IndexInfo> {
    callOptions(options)
    return this.#connection.call('info', [this.#handle], options)
  }

  /** The whole index as one file, for `importIndex`. */
  async export(options: CallOptions = {}): Promise<Blob> {
    callOptions(options)
    return this.#connection.call('export', [this.#handle], options)
  }

  /** Lets go of the index, whose documents stay stored. May be called again. Never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#lease.connection
      .call('close', [this.#handle])
      .catch(() => {}) // It is gone already: the worker failed, or the index was destroyed.
      .then(() => this.#release())
    return this.#closed
  }

  /** Removes the index with all that it stores, and closes this handle. Other handles on it reject from then on. */
  async destroy(options: Signal = {}): Promise<void> {
    callOptions(options)
    await this.#connection.call('destroy', [this.#handle], options)
    this.#closed ??= Promise.resolve()
    this.#release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  get #connection(): Connection {
    if (!this.#closed) return this.#lease.connection
    throw new MaxsiftError('INVALID_ARGUMENT', `This handle on the index "${this.name}" is closed`, {
      remedy: 'Open the index again with createIndex().',
    })
  }

  #release(): void {
    this.#lease.connection.listeners.delete(this.#handle)
    this.#lease.release()
  }
}
