import { check, MaxsiftError } from '../errors.ts'
import { removeCached } from '../model/cache.ts'
import {
  bytesOf,
  checkModel,
  copyIndex,
  exportFile,
  fileStore,
  listStores,
  liveDocuments,
  refsOf,
  removeStore,
  type Store,
} from '../store/index.ts'
import { Accelerator } from './accelerator.ts'
import { browserEnvironment } from './browser.ts'
import type { Environment } from './environment.ts'
import { LiveIndex } from './live-index.ts'
import { Model } from './model.ts'
import { Searcher } from './searcher.ts'
import type { Call, OpenOptions, Service } from './service.ts'
import { type Lease, Shared } from './shared.ts'
import { listStored } from './stored.ts'
import type {
  AddResult,
  CallOptions,
  CodecId,
  IndexEntry,
  IndexEvents,
  IndexInfo,
  RemoveResult,
  SearchOptions,
  SearchResult,
} from './types.ts'
import { Writer } from './writer.ts'

/** An open index with its two sides. */
interface Opened {
  index: LiveIndex
  writer: Writer
  searcher: Searcher
  model: Lease<Model>
  modelKey: string
  /** Why it is only in memory although more was asked for. */
  fallback?: MaxsiftError
  /** Ends what goes on in the background. */
  background: AbortController
  begun: boolean
}

interface Handle {
  key: string
  lease: Lease<Opened>
}

/** The engine behind the API: one GPU device, each model once, each index once, and handles on them. */
export class Host implements Service {
  onEvent: Service['onEvent'] = null
  readonly #environment: Environment
  readonly #accelerator: Accelerator
  readonly #models = new Shared<Model>((model) => model.close())
  readonly #indexes = new Shared<Opened>((opened) => this.#shut(opened))
  readonly #handles = new Map<number, Handle>()
  #nextHandle = 1

  constructor(environment: Partial<Environment> = {}) {
    this.#environment = { ...browserEnvironment, ...environment }
    this.#accelerator = new Accelerator(() => this.#environment.device())
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
      const info = await this.#info(lease.value)
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
    const load = { signal, onProgress: call.progress }
    const file = options.file && (await fileStore(options.file, signal))
    const { store, fallback } = await this.#environment.store(options, signal)
    let model: Lease<Model> | undefined
    try {
      const source = locate((await (file ?? store).manifest(signal))?.model.source, options.source)
      const wanted = await this.#model({ model: options.model ?? source, dtype: options.dtype }, load)
      model = wanted.lease
      if (file) await this.#import(file, store, model.value, load)
      const index = await LiveIndex.open(
        {
          name: options.name,
          store,
          model: model.value,
          modelSource: wanted.address,
          codec: options.codec,
          splitPassages: options.splitPassages,
          accelerator: this.#accelerator,
          emit: (type, detail) => this.#emit(key, type, detail),
        },
        load,
      )
      return {
        index,
        writer: new Writer(index, this.#environment.pace?.()),
        searcher: new Searcher(index),
        model,
        modelKey: wanted.key,
        fallback,
        background: new AbortController(),
        begun: false,
      }
    } catch (error) {
      await model?.release()
      await store.close()
      throw error
    } finally {
      await file?.close()
    }
  }

  /** Tells a new handle what it must know; with the first one begins what goes on in the background. */
  #begin(key: string, handle: number, opened: Opened): void {
    const { background, fallback, searcher, writer } = opened
    if (fallback) this.onEvent?.(handle, 'error', fallback)
    if (opened.begun) return
    opened.begun = true
    const tell = (error: Error) => {
      if (!background.signal.aborted) this.#emit(key, 'error', error)
    }
    searcher.warm(background.signal).catch(tell)
    writer.resume(background.signal).catch(tell)
  }

  /** What another handle on an open index asks for beyond being one: that the model fits, or that a file is imported. */
  async #join(call: Call, options: OpenOptions, { index, modelKey }: Opened): Promise<void> {
    const load = { signal: call.signal, onProgress: call.progress }
    if (options.model && this.#environment.model(options.model).key !== modelKey) {
      const { lease } = await this.#model(options, load)
      try {
        const encoder = await this.#accelerator.use((device) => lease.value.encoder(device, load), call.signal)
        checkModel(index.manifest, encoder.fingerprint)
      } finally {
        await lease.release()
      }
    }
    if (!options.file) return
    const file = await fileStore(options.file, call.signal)
    await this.#import(file, index.options.store, index.options.model, load).finally(() => file.close())
    await index.refresh()
  }

  async #model(
    { model, dtype }: Pick<OpenOptions, 'model' | 'dtype'>,
    { signal, onProgress }: CallOptions,
  ): Promise<{ lease: Lease<Model>; key: string; address: string | undefined }> {
    check(model !== undefined, 'createIndex needs a `model`: the address of a checkpoint, or its files')
    // Before anything is fetched: without a GPU the model is of no use.
    await this.#accelerator.device()
    const { key, source, address } = this.#environment.model(model)
    const make = (making: AbortSignal) => Model.open(source, { signal: making, onProgress, dtype })
    return {
      lease: await this.#models.acquire(`${key} ${dtype ?? ''}`, make, signal),
      key,
      address: typeof model === 'string' ? model : address,
    }
  }

  /** Puts the contents of an exported file in the place of the stored index, if the model fits. */
  async #import(file: Store, store: Store, model: Model, load: CallOptions): Promise<void> {
    const { fingerprint } = await this.#accelerator.use((device) => model.encoder(device, load), load.signal)
    await copyIndex(file, store, {
      fingerprint,
      signal: load.signal,
      onProgress: (bytes) => load.onProgress?.({ stage: 'index', ...bytes }),
    })
  }

  add(call: Call, handle: number): Promise<AddResult> {
    return this.#opened(handle).writer.add(call)
  }

  remove(call: Call, handle: number, ids: string[]): Promise<RemoveResult> {
    return this.#opened(handle).writer.remove(call, ids)
  }

  search(call: Call, handle: number, query: string, options: Omit<SearchOptions, 'signal'>): Promise<SearchResult> {
    return this.#opened(handle).searcher.search(query, options, call.signal)
  }

  info(_: Call, handle: number): Promise<IndexInfo> {
    return this.#info(this.#opened(handle))
  }

  export(call: Call, handle: number): Promise<Blob> {
    return exportFile(this.#opened(handle).index.options.store, call.signal)
  }

  async close(_: Call, handle: number): Promise<void> {
    const held = this.#handles.get(handle)
    if (!held) return
    this.#handles.delete(handle)
    await this.#release(held.lease)
  }

  async #release(lease: Lease<Opened>): Promise<void> {
    await lease.release()
    if ([...this.#indexes].length === 0) await this.#accelerator.close()
  }

  async destroy(call: Call, handle: number): Promise<void> {
    const { key } = this.#handles.get(handle) ?? {}
    await this.#remove(key!, this.#opened(handle))
    await this.close(call, handle)
  }

  /** Removes the index; its handles reject from now on, and whoever opens it again gets a new one. */
  async #remove(key: string, { index }: Opened): Promise<void> {
    this.#indexes.evict(key)
    index.removed = true
    await index.options.store.destroy()
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
    await removeCached()
  }

  /** Removes indexes that are open here; their stores tell the other tabs. */
  async #destroyOpen(wanted: (name: string) => boolean): Promise<void> {
    for (const [key, opening] of this.#indexes) {
      const opened = await opening.catch(() => null)
      const { store, name } = opened?.index.options ?? {}
      if (opened && store?.kind === 'indexeddb' && wanted(name!)) await this.#remove(key, opened)
    }
  }

  #opened(handle: number): Opened {
    const opened = this.#handles.get(handle)?.lease.value
    if (!opened || opened.index.closed) throw new MaxsiftError('INVALID_ARGUMENT', 'This index was closed.')
    if (opened.index.removed) throw new MaxsiftError('INVALID_ARGUMENT', 'This index was removed.')
    return opened
  }

  async #info({ index }: Opened): Promise<IndexInfo> {
    const { name, store, model } = index.options
    const { manifest } = index
    const [{ caps }, { cost }] = await this.#accelerator.use(async (device) => [device, await model.encoder(device)])
    const catalog = index.loaded?.catalog
    return {
      name,
      documents: catalog?.byId.size ?? 0,
      passages: catalog?.passages ?? 0,
      tokens: catalog?.tokens ?? 0,
      pending: manifest.pending.reduce((sum, batch) => sum + liveDocuments(batch), 0),
      bytes: bytesOf(refsOf(manifest).values()),
      gpuBytes: index.loaded?.residents.bytes ?? 0,
      generation: manifest.generation,
      store: store.kind as IndexInfo['store'],
      persisted: (await globalThis.navigator?.storage?.persisted?.().catch(() => false)) ?? false,
      writable: store.writable,
      codec: index.codec.id as CodecId,
      dim: model.spec.dim,
      model: { name: model.spec.name, fingerprint: model.fingerprint, bytes: cost.weightBytes },
      backend: 'webgpu',
      adapter: caps.adapter,
    }
  }

  #emit<Type extends keyof IndexEvents>(key: string, type: Type, detail: IndexEvents[Type]): void {
    for (const [handle, held] of this.#handles) if (held.key === key) this.onEvent?.(handle, type, detail)
  }

  async #shut({ index, writer, searcher, model, background }: Opened): Promise<void> {
    background.abort()
    await index.close()
    writer.close()
    searcher.close()
    await model.release()
  }
}

/** A ready-made index may name its model by an address relative to its own. */
function locate(model: string | undefined, index: string | undefined): string | undefined {
  if (model === undefined || index === undefined || !URL.canParse(index)) return model
  return new URL(model, index.endsWith('/') ? index : `${index}/`).href
}
