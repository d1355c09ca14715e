import { MaxsiftError } from '../errors.ts'
import {
  checkModel,
  copyIndex,
  exportFile,
  fileStore,
  listStores,
  type Manifest,
  removeStore,
  type Store,
} from '../store/index.ts'
import type { Accelerator } from './accelerator.ts'
import { Accelerators } from './accelerators.ts'
import { browserEnvironment } from './browser.ts'
import { chooseModel, isNewest, keyOf, type PackagedModel } from './default-model.ts'
import type { Environment } from './environment.ts'
import { type Described, infoOf } from './info.ts'
import { LiveIndex } from './live-index.ts'
import { Loading } from './loading.ts'
import type { Model } from './model.ts'
import { listModels, removeModel, removeOthers } from './models.ts'
import { OpenModels } from './open-models.ts'
import { Reranking } from './reranking.ts'
import { Search } from './search.ts'
import { Searcher } from './searcher.ts'
import type { Call, OpenOptions, Service } from './service.ts'
import { type Lease, Shared } from './shared.ts'
import { listStored, usedModels } from './stored.ts'
import type {
  AddResult,
  CallOptions,
  DocumentContent,
  DocumentEntry,
  IndexEntry,
  IndexEvents,
  IndexInfo,
  ModelEntry,
  RemoveResult,
  SearchOptions,
  SearchResult,
} from './types.ts'
import type { WordSearch } from './words.ts'
import { Writer } from './writer.ts'

/** How long an index that opens early leaves the thread to its words, before the model is loaded. */
const HEAD_START_MS = 300

/** What an index has once its model is loaded. */
interface Semantic {
  index: LiveIndex
  writer: Writer
  searcher: Searcher
  model: Lease<Model>
  modelKey: string
  /** Where it is a model of this version of the package. */
  packaged?: PackagedModel
}

/** An open index. */
interface Opened extends Described {
  words: Loading<WordSearch> | null
  semantic: Loading<Semantic>
  search: Search
  reranking: Reranking
  /** Why it is only in memory although more was asked for. */
  fallback?: MaxsiftError
  /** Ends what goes on in the background. */
  background: AbortController
  begun: boolean
  /** Removed from where it was stored, by this tab. */
  removed: boolean
}

interface Handle {
  key: string
  lease: Lease<Opened>
}

/** The engine behind the API: each backend once, each model once, each index once, and handles on them. */
export class Host implements Service {
  onEvent: Service['onEvent'] = null
  readonly #environment: Environment
  readonly #accelerators: Accelerators
  readonly #models: OpenModels
  readonly #indexes = new Shared<Opened>((opened) => this.#shut(opened))
  readonly #handles = new Map<number, Handle>()
  #nextHandle = 1

  constructor(environment: Partial<Environment> = {}) {
    this.#environment = { ...browserEnvironment, ...environment }
    this.#accelerators = new Accelerators(this.#environment)
    this.#models = new OpenModels(this.#environment)
  }

  async open(call: Call, options: OpenOptions): Promise<{ handle: number; info: IndexInfo }> {
    const { signal } = call
    const key = `${options.source ?? options.store}:${options.name}`
    let made = false
    const make = (making: AbortSignal) => {
      made = true
      return this.#open(call, options, key, making)
    }
    const lease = await this.#indexes.acquire(key, make, signal)
    try {
      if (!made) await this.#join(call, options, lease.value)
      const info = await infoOf(lease.value)
      const handle = this.#nextHandle++
      this.#handles.set(handle, { key, lease })
      // When the answer is out: nobody could hear of it before.
      setTimeout(() => this.#begin(key, handle, lease.value))
      return { handle, info }
    } catch (error) {
      await this.#release(lease)
      throw error
    }
  }

  async #open(call: Call, options: OpenOptions, key: string, signal: AbortSignal): Promise<Opened> {
    const { name, codec, early = false } = options
    const file = options.file && (await fileStore(options.file, signal))
    const { store, fallback } = await this.#environment.store(options, signal)
    const progress = early
      ? (detail: IndexEvents['progress']) => this.#emit(key, 'progress', detail)
      : (detail: IndexEvents['progress']) => call.progress(detail)
    const background = new AbortController()
    const semantic = new Loading(async () => {
      const loaded = await this.#load(options, key, store, file, { signal, onProgress: progress })
      // When whoever waits for it has it.
      if (early) setTimeout(() => this.#ready(key, loaded, background.signal, true))
      return loaded
    })
    const words = this.#words(options, store, semantic)
    const search = new Search(semantic, words, early ? 'auto' : 'semantic')
    const reranking = new Reranking(this.#environment, this.#models)
    const state = { background, reranking, begun: false, removed: false }
    const opened = { name, store, codec, words, semantic, search, fallback, ...state }
    try {
      // A file takes the place of the index only if the model fits. On a page that is not secure nothing can be checked.
      if (!early || file || !globalThis.crypto?.subtle) await semantic.get()
      else await store.manifest(signal)
      return opened
    } catch (error) {
      await this.#shut(opened)
      throw error
    } finally {
      await file?.close()
    }
  }

  #words({ lexical }: OpenOptions, store: Store, semantic: Loading<Semantic>): Loading<WordSearch> | null {
    if (lexical === undefined) return null
    let first: Promise<Manifest | null> | undefined
    const manifest = async (signal?: AbortSignal) => {
      if (semantic.value) return semantic.value.index.manifest
      // One on a server stays what it was when it was opened: no search asks for it again.
      if (store.writable) return store.manifest(signal)
      first ??= store.manifest()
      return first
    }
    return new Loading(async () => {
      const { WordSearch } = await this.#environment.words(lexical)
      return new WordSearch(store, manifest)
    })
  }

  /** Loads a model and, with it, the token vectors of an index. */
  async #load(
    options: OpenOptions,
    key: string,
    store: Store,
    file: Store | undefined,
    load: CallOptions,
  ): Promise<Semantic> {
    let model: Lease<Model> | undefined
    try {
      const manifest = await (file ?? store).manifest(load.signal)
      // Before anything is fetched: with nothing to run it, a model is of no use.
      const accelerator = await this.#accelerators.choose(options)
      const wanted = await chooseModel(options, manifest?.model, (each) =>
        this.#models.acquire(each, options, accelerator, load),
      )
      model = wanted.lease
      if (file) await this.#import(file, store, model.value, accelerator, load)
      const index = await LiveIndex.open(
        {
          name: options.name,
          store,
          model: model.value,
          modelSource: wanted.address,
          codec: options.codec,
          splitPassages: options.splitPassages,
          accelerator,
          emit: (type, detail) => this.#emit(key, type, detail),
        },
        load,
      )
      const writer = new Writer(index, this.#environment.pace?.())
      const { model: given = options.defaultModel } = options
      const isPackaged = typeof given === 'object' && 'fingerprint' in given && keyOf(given) === wanted.key
      const packaged = isPackaged ? given : undefined
      return { index, writer, searcher: new Searcher(index), model, modelKey: wanted.key, packaged }
    } catch (error) {
      await model?.release()
      throw error
    }
  }

  /** Tells a new handle what it must know; with the first one begins what goes on in the background. */
  #begin(key: string, handle: number, opened: Opened): void {
    const { background, fallback, words, semantic } = opened
    const { signal } = background
    if (fallback) this.onEvent?.(handle, 'error', fallback)
    if (opened.begun) return
    opened.begun = true
    if (semantic.value) this.#ready(key, semantic.value, signal, false)
    else this.#loadMeanwhile(words, semantic, signal).catch((error) => this.#tell(key, error, signal))
  }

  /** Words first: those of a small index are there at once, and then answer while the model is loaded. */
  async #loadMeanwhile(words: Opened['words'], semantic: Opened['semantic'], signal: AbortSignal): Promise<void> {
    const loading = words?.get(signal).then((each) => each.load(signal))
    const headStart = new Promise<void>((resolve) => setTimeout(resolve, HEAD_START_MS))
    // What fails of them is told by the first search that needs them.
    await Promise.race([loading?.catch(() => {}) ?? Promise.resolve(), headStart])
    if (!signal.aborted) await semantic.get()
  }

  /** Goes on with what earlier visits left, and makes ready for the first search. */
  #ready(key: string, { index, searcher, writer, packaged }: Semantic, signal: AbortSignal, announced: boolean): void {
    const { accelerator } = index.options
    const work = async () => {
      if (announced) {
        const { id, adapter } = await accelerator.backend()
        this.#emit(key, 'ready', { backend: id, adapter })
      }
      await Promise.all([searcher.warm(signal), writer.resume(signal)])
      // What cannot be tidied up now can be on the next visit.
      if (packaged) await this.#removeOthers(packaged).catch(() => {})
    }
    if (!signal.aborted) work().catch((error) => this.#tell(key, error, signal))
  }

  #removeOthers(current: PackagedModel): Promise<void> {
    // Also those of open indexes that are not stored: they may have to load their model again.
    const open = [...this.#handles.values()].map(({ lease }) => lease.value.semantic.value?.index.options.model)
    const used = async () => new Set([...(await usedModels()), ...open.map((model) => model?.fingerprint ?? '')])
    return removeOthers(current, used, this.#environment.models)
  }

  /** Tells what fails where nobody waits for it. */
  #tell(key: string, error: Error, signal: AbortSignal): void {
    if (!signal.aborted) this.#emit(key, 'error', error)
  }

  /** What another handle on an open index asks for beyond being one: that the model fits, or that a file is imported. */
  async #join(call: Call, options: OpenOptions, { semantic }: Opened): Promise<void> {
    const { backend = 'auto', model, file } = options
    if (options.early && backend === 'auto' && !model && !file) return
    const load = { signal: call.signal, onProgress: call.progress }
    const { index, modelKey } = await semantic.get(call.signal)
    const { accelerator } = index.options
    const { id } = await accelerator.backend()
    if (backend !== 'auto' && backend !== id) {
      throw new MaxsiftError('INVALID_ARGUMENT', `The index "${options.name}" is open already, on ${id}.`, {
        remedy: `Close its other handles before it is opened on ${backend}.`,
      })
    }
    const { modelSource } = index.options
    if (model && this.#environment.model(model).key !== modelKey && !isNewest(model, modelSource)) {
      const { lease } = await this.#models.acquire(model, options, accelerator, load)
      try {
        const encoder = await accelerator.use((backend) => lease.value.encoder(backend, load), call.signal)
        checkModel(index.manifest, encoder.fingerprint)
      } finally {
        await lease.release()
      }
    }
    if (!file) return
    const store = await fileStore(file, call.signal)
    await this.#import(store, index.options.store, index.options.model, accelerator, load).finally(() => store.close())
    await index.refresh()
  }

  /** Puts the contents of an exported file in the place of the stored index, if the model fits. */
  async #import(file: Store, store: Store, model: Model, accelerator: Accelerator, load: CallOptions): Promise<void> {
    const { fingerprint } = await accelerator.use((backend) => model.encoder(backend, load), load.signal)
    await copyIndex(file, store, {
      fingerprint,
      signal: load.signal,
      onProgress: (bytes) => load.onProgress?.({ stage: 'index', ...bytes }),
    })
  }

  async add(call: Call, handle: number): Promise<AddResult> {
    const { writer } = await this.#opened(handle).semantic.get(call.signal)
    return writer.add(call)
  }

  async remove(call: Call, handle: number, ids: string[]): Promise<RemoveResult> {
    const { writer } = await this.#opened(handle).semantic.get(call.signal)
    return writer.remove(call, ids)
  }

  async search(
    call: Call,
    handle: number,
    query: string,
    options: Omit<SearchOptions, 'signal'>,
  ): Promise<SearchResult> {
    return this.#opened(handle).search.search(query, options, call.signal)
  }

  async rerank(
    call: Call,
    handle: number,
    query: string,
    texts: { title?: string; text: string }[],
    options: OpenOptions,
  ): Promise<number[]> {
    const { reranking, semantic } = this.#opened(handle)
    const { accelerator } = (await semantic.get(call.signal)).index.options
    return reranking.scores(query, texts, options, accelerator, call)
  }

  async get(call: Call, handle: number, id: string): Promise<DocumentContent | null> {
    return this.#opened(handle).search.get(id, call.signal)
  }

  async documents(call: Call, handle: number): Promise<DocumentEntry[]> {
    return this.#opened(handle).search.documents(call.signal)
  }

  async info(_: Call, handle: number): Promise<IndexInfo> {
    return infoOf(this.#opened(handle))
  }

  async export(call: Call, handle: number): Promise<Blob> {
    return exportFile(this.#opened(handle).store, call.signal)
  }

  async close(_: Call, handle: number): Promise<void> {
    const held = this.#handles.get(handle)
    if (!held) return
    this.#handles.delete(handle)
    await this.#release(held.lease)
  }

  async #release(lease: Lease<Opened>): Promise<void> {
    await lease.release()
    if ([...this.#indexes].length === 0) await this.#accelerators.close()
  }

  async destroy(call: Call, handle: number): Promise<void> {
    const { key } = this.#handles.get(handle) ?? {}
    await this.#remove(key!, this.#opened(handle))
    await this.close(call, handle)
  }

  /** Removes the index; its handles reject from now on, and whoever opens it again gets a new one. */
  async #remove(key: string, opened: Opened): Promise<void> {
    this.#indexes.evict(key)
    opened.removed = true
    await opened.store.destroy()
  }

  list({ signal }: Call): Promise<IndexEntry[]> {
    return listStored(signal)
  }

  async removeIndex(_: Call, name: string): Promise<void> {
    await this.#destroyOpen((index) => index === name)
    await removeStore(name)
  }

  async removeAll(): Promise<void> {
    await this.#destroyOpen(() => true)
    for (const name of await listStores()) await removeStore(name)
    await removeModel(this.#environment.models)
    await this.#environment.findings?.clear()
  }

  listModels(): Promise<ModelEntry[]> {
    return listModels(this.#environment.models)
  }

  removeModel(_: Call, model: string): Promise<void> {
    return removeModel(this.#environment.models, model)
  }

  /** Removes indexes that are open here; their stores tell the other tabs. */
  async #destroyOpen(wanted: (name: string) => boolean): Promise<void> {
    for (const [key, opening] of this.#indexes) {
      const opened = await opening.catch(() => null)
      if (opened?.store.kind === 'indexeddb' && wanted(opened.name)) await this.#remove(key, opened)
    }
  }

  #opened(handle: number): Opened {
    const opened = this.#handles.get(handle)?.lease.value
    if (!opened || opened.semantic.value?.index.closed)
      throw new MaxsiftError('INVALID_ARGUMENT', 'This index was closed.')
    if (opened.removed) throw new MaxsiftError('INVALID_ARGUMENT', 'This index was removed.')
    return opened
  }

  #emit<Type extends keyof IndexEvents>(key: string, type: Type, detail: IndexEvents[Type]): void {
    for (const [handle, held] of this.#handles) if (held.key === key) this.onEvent?.(handle, type, detail)
  }

  async #shut({ store, semantic, background, reranking }: Opened): Promise<void> {
    background.abort()
    await reranking.close()
    const loaded = await semantic.settled()
    await loaded?.index.close()
    await loaded?.model.release()
    await store.close()
  }
}
