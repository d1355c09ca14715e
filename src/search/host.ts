import { MaxsiftError } from '../errors.ts'
import { exportFile, listStores, removeStore } from '../store/index.ts'
import { Accelerators } from './accelerators.ts'
import { browserEnvironment } from './browser.ts'
import type { PackagedModel } from './default-model.ts'
import type { Environment } from './environment.ts'
import { infoOf } from './info.ts'
import { listModels, removeModel, removeOthers } from './models.ts'
import { OpenIndex, type Surroundings } from './open-index.ts'
import { OpenModels } from './open-models.ts'
import type { Call, OpenOptions, Service } from './service.ts'
import { type Lease, Shared } from './shared.ts'
import { listStored, usedModels } from './stored.ts'
import type {
  AddResult,
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

interface Handle {
  key: string
  lease: Lease<OpenIndex>
}

/** The engine behind the API: each backend once, each model once, each index once, and handles on them. */
export class Host implements Service {
  onEvent: Service['onEvent'] = null
  readonly #environment: Environment
  readonly #accelerators: Accelerators
  readonly #around: Surroundings
  readonly #indexes = new Shared<OpenIndex>((opened) => opened.close())
  readonly #handles = new Map<number, Handle>()
  #nextHandle = 1

  constructor(environment: Partial<Environment> = {}) {
    this.#environment = { ...browserEnvironment, ...environment }
    this.#accelerators = new Accelerators(this.#environment)
    this.#around = {
      environment: this.#environment,
      accelerators: this.#accelerators,
      models: new OpenModels(this.#environment),
      removeOthers: (current) => this.#removeOthers(current),
    }
  }

  async open(call: Call, options: OpenOptions): Promise<{ handle: number; info: IndexInfo }> {
    const { signal } = call
    const key = `${options.source ?? options.store}:${options.name}`
    let made = false
    const make = (making: AbortSignal) => {
      made = true
      return OpenIndex.open(this.#around, options, (type, detail) => this.#emit(key, type, detail), call, making)
    }
    const lease = await this.#indexes.acquire(key, make, signal)
    try {
      if (!made) await lease.value.join(call, options)
      const info = await infoOf(lease.value)
      const handle = this.#nextHandle++
      this.#handles.set(handle, { key, lease })
      // When the answer is out: nobody could hear of it before.
      setTimeout(() => this.#begin(handle, lease.value))
      return { handle, info }
    } catch (error) {
      await this.#release(lease)
      throw error
    }
  }

  /** Tells a new handle what it must know; with the first one begins what goes on in the background. */
  #begin(handle: number, opened: OpenIndex): void {
    if (opened.fallback) this.onEvent?.(handle, 'error', opened.fallback)
    opened.begin()
  }

  #removeOthers(current: PackagedModel): Promise<void> {
    // Also those of open indexes that are not stored: they may have to load their model again.
    const open = [...this.#handles.values()].map(({ lease }) => lease.value.semantic.value?.index.options.model)
    const used = async () => new Set([...(await usedModels()), ...open.map((model) => model?.fingerprint ?? '')])
    return removeOthers(current, used, this.#environment.models)
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

  async #release(lease: Lease<OpenIndex>): Promise<void> {
    await lease.release()
    if ([...this.#indexes].length === 0) await this.#accelerators.close()
  }

  async destroy(call: Call, handle: number): Promise<void> {
    const { key } = this.#handles.get(handle) ?? {}
    await this.#remove(key!, this.#opened(handle))
    await this.close(call, handle)
  }

  /** Removes the index; its handles reject from now on, and whoever opens it again gets a new one. */
  async #remove(key: string, opened: OpenIndex): Promise<void> {
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

  #opened(handle: number): OpenIndex {
    const opened = this.#handles.get(handle)?.lease.value
    if (!opened || opened.semantic.value?.index.closed)
      throw new MaxsiftError('INVALID_ARGUMENT', 'This index was closed.')
    if (opened.removed) throw new MaxsiftError('INVALID_ARGUMENT', 'This index was removed.')
    return opened
  }

  #emit<Type extends keyof IndexEvents>(key: string, type: Type, detail: IndexEvents[Type]): void {
    for (const [handle, held] of this.#handles) if (held.key === key) this.onEvent?.(handle, type, detail)
  }
}
