import { type Codec, codecOf } from '../codec/codec.ts'
import { MaxsiftError } from '../errors.ts'
import { checkModel, type Manifest, newManifest, type Store, update, withManifest } from '../store/index.ts'
import type { Accelerator } from './accelerator.ts'
import type { Backend } from './backend.ts'
import type { Model } from './model.ts'
import { Snapshot } from './snapshot.ts'
import { Turns } from './turns.ts'
import type { CallOptions, CodecId, IndexEvents } from './types.ts'

export interface LiveIndexOptions {
  name: string
  store: Store
  model: Model
  /** Where the model can be loaded from again; kept in the manifest. */
  modelSource?: string
  codec: CodecId
  splitPassages: boolean
  accelerator: Accelerator
  emit: <Type extends keyof IndexEvents>(type: Type, detail: IndexEvents[Type]) => void
}

/** An index that is open: its store, the snapshot that answers searches, and the way from one generation to the next. */
export class LiveIndex {
  readonly #moves = new Turns()
  #snapshot: Snapshot | null = null
  #unwatch: () => void
  closed = false

  private constructor(
    readonly options: LiveIndexOptions,
    /** Of the index, which may have been made with another codec than the one asked for now. */
    readonly codec: Codec,
  ) {
    this.#unwatch = options.store.watch(() => this.#announced())
  }

  /** @throws MaxsiftError `MODEL_MISMATCH`, `INDEX_VERSION_MISMATCH`, and what loading throws. */
  static async open(options: LiveIndexOptions, call: CallOptions = {}): Promise<LiveIndex> {
    const { store, accelerator, model } = options
    const { fingerprint } = await accelerator.use(async (backend) => model.encoder(backend, call), call.signal)
    const manifest = await store.manifest(call.signal)
    if (manifest) checkModel(manifest, fingerprint)
    const codec = manifest ? codecOf(manifest.codec, 'index') : codecOf({ id: options.codec })
    const index = new LiveIndex(options, codec)
    try {
      await accelerator.use((backend) => index.snapshot(backend, call), call.signal)
      return index
    } catch (error) {
      index.#unwatch()
      throw error
    }
  }

  /** The manifest of the snapshot; of generation 0 for an index that holds nothing yet. */
  get manifest(): Manifest {
    return this.#snapshot?.manifest ?? this.#empty
  }

  get loaded(): Snapshot | null {
    return this.#snapshot
  }

  /** The snapshot on this backend: loaded from the store at first, and again after a loss. */
  async snapshot(backend: Backend, { signal, onProgress }: CallOptions = {}): Promise<Snapshot> {
    const held = this.#snapshot
    if (held?.residents.backend === backend) return held
    return this.#moves.take(false, async () => {
      if (this.#snapshot?.residents.backend === backend) return this.#snapshot
      return this.#load(backend, { signal, onProgress })
    })
  }

  /** Makes a change of the manifest and follows it. Gives false where `change` had nothing to do. */
  async commit(change: Parameters<typeof update>[1], signal?: AbortSignal): Promise<boolean> {
    let changed = false
    const manifest = await update(
      this.options.store,
      async (current) => {
        // What a change deletes it looks up in the catalog, so there must be one, of this very generation.
        if (!this.#snapshot) await this.options.accelerator.use((backend) => this.snapshot(backend), signal)
        await this.follow(current ?? this.#empty)
        const next = await change(current ?? this.#empty)
        changed = next !== null
        return next
      },
      { signal },
    )
    if (manifest && changed) await this.follow(manifest)
    return changed
  }

  /** Brings the snapshot to a newer generation. */
  async follow(manifest: Manifest): Promise<void> {
    await this.#moves.take(false, async () => {
      const snapshot = this.#snapshot
      if (!snapshot || this.closed) return
      const { generation, created } = snapshot.manifest
      // Removed since, in another tab or by the browser, and perhaps made again: what is loaded is of no index any more.
      const other = generation > 0 && manifest.created !== created
      if (!other && manifest.generation <= generation) return
      const { accelerator, name, store, emit } = this.options
      if (manifest.generation === 0) {
        const message = `The index "${name}" was removed: in another tab, or by the browser with all data of this site.`
        emit('error', new MaxsiftError('STORE_LOST', message, { remedy: 'Add the documents again.' }))
      }
      try {
        // In a turn of its own: between appending to the tables and filling the buffers no search may read them.
        const moved = !other && (await accelerator.turn(false, () => snapshot.advance(store, manifest)))
        if (!moved) await this.#load(snapshot.residents.backend, {})
      } catch (error) {
        // On a lost backend there is nothing to bring forward; the next search loads afresh.
        this.#drop()
        if (!(error instanceof MaxsiftError && error.code === 'DEVICE_LOST')) throw error
      }
      emit('change', {
        generation: this.manifest.generation,
        documents: this.#snapshot?.catalog.byId.size ?? 0,
      })
    })
  }

  async #load(backend: Backend, { signal, onProgress }: CallOptions): Promise<Snapshot> {
    const { store } = this.options
    const snapshot = await withManifest(
      store,
      (manifest) =>
        Snapshot.load(store, backend, this.codec, manifest ?? this.#empty, {
          signal,
          onBytes: (loaded, total) => onProgress?.({ stage: 'index', loaded, total }),
        }),
      signal,
    )
    this.#drop()
    this.#snapshot = snapshot
    return snapshot
  }

  /** Somebody else committed, or removed the index. */
  #announced(): void {
    void this.refresh().catch((error) => this.options.emit('error', error))
  }

  /** Looks for a newer generation. */
  async refresh(): Promise<void> {
    if (this.closed) return
    await this.follow((await this.options.store.manifest()) ?? this.#empty)
  }

  get #empty(): Manifest {
    const { model, modelSource } = this.options
    const { codec } = this
    const dim = model.spec.dim
    return newManifest(
      { fingerprint: model.fingerprint, name: model.spec.name, dim, ...(modelSource && { source: modelSource }) },
      { id: codec.id, parameters: {}, runs: codec.scaled ? [codec.bytes(dim) - 4, 4] : [codec.bytes(dim)] },
      Date.now(),
    )
  }

  #drop(): void {
    this.#snapshot?.destroy()
    this.#snapshot = null
  }

  async close(): Promise<void> {
    this.closed = true
    this.#unwatch()
    // What moves now finishes first: it uses the buffers that are let go here.
    await this.#moves.take(false, async () => this.#drop())
    await this.options.store.close()
  }
}
