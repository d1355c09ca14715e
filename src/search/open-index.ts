import { MaxsiftError } from '../errors.ts'
import { checkModel, copyIndex, fileStore, type Manifest, type Store } from '../store/index.ts'
import type { Accelerator } from './accelerator.ts'
import type { Accelerators } from './accelerators.ts'
import { chooseModel, isNewest, keyOf, type PackagedModel } from './default-model.ts'
import type { Environment } from './environment.ts'
import type { Described } from './info.ts'
import { LiveIndex } from './live-index.ts'
import { Loading } from './loading.ts'
import type { Model } from './model.ts'
import type { OpenModels } from './open-models.ts'
import { Reranking } from './reranking.ts'
import { Search } from './search.ts'
import { Searcher } from './searcher.ts'
import type { Call, OpenOptions } from './service.ts'
import type { Lease } from './shared.ts'
import type { CallOptions, CodecId, IndexEvents } from './types.ts'
import type { WordSearch } from './words.ts'
import { Writer } from './writer.ts'

/** How long an index that opens early leaves the thread to its words, before the model is loaded. */
const HEAD_START_MS = 300

/** What the indexes of an engine have in common. */
export interface Surroundings {
  environment: Environment
  accelerators: Accelerators
  models: OpenModels
  /** Removes from the model store what other versions of the package left in the place of this one. */
  removeOthers(current: PackagedModel): Promise<void>
}

type Emit = <Type extends keyof IndexEvents>(type: Type, detail: IndexEvents[Type]) => void

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

/** An open index, whoever holds it: its store, its words, and its model and token vectors once they are loaded. */
export class OpenIndex implements Described {
  readonly name: string
  readonly codec: CodecId
  readonly semantic: Loading<Semantic>
  readonly search: Search
  readonly reranking: Reranking
  /** Removed from where it was stored, by this tab. */
  removed = false
  readonly #words: Loading<WordSearch> | null
  /** Ends what goes on in the background. */
  readonly #background = new AbortController()
  #begun = false

  private constructor(
    private readonly around: Surroundings,
    private readonly options: OpenOptions,
    readonly store: Store,
    /** Why it is only in memory although more was asked for. */
    readonly fallback: MaxsiftError | undefined,
    private readonly emit: Emit,
    load: () => Promise<Semantic>,
  ) {
    const { name, codec, early } = options
    this.name = name
    this.codec = codec
    this.semantic = new Loading(load)
    this.#words = this.#openWords()
    this.search = new Search(this.semantic, this.#words, early ? 'auto' : 'semantic')
    this.reranking = new Reranking(around.environment, around.models)
  }

  /** Opens an index; where it is wanted early, without its model, which `begin` then loads. */
  static async open(
    around: Surroundings,
    options: OpenOptions,
    emit: Emit,
    { progress }: Call,
    signal: AbortSignal,
  ): Promise<OpenIndex> {
    const { early = false } = options
    const file = options.file && (await fileStore(options.file, signal))
    const { store, fallback } = await around.environment.store(options, signal)
    const onProgress: CallOptions['onProgress'] = early ? (detail) => emit('progress', detail) : progress
    const opened: OpenIndex = new OpenIndex(around, options, store, fallback, emit, async () => {
      const loaded = await opened.#load(file, { signal, onProgress })
      // When whoever waits for it has it.
      if (early) setTimeout(() => opened.#ready(loaded, true))
      return loaded
    })
    try {
      // A file takes the place of the index only if the model fits. On a page that is not secure nothing can be checked.
      if (!early || file || !globalThis.crypto?.subtle) await opened.semantic.get()
      else await store.manifest(signal)
      return opened
    } catch (error) {
      await opened.close()
      throw error
    } finally {
      await file?.close()
    }
  }

  #openWords(): Loading<WordSearch> | null {
    const { around, options, store, semantic } = this
    const { lexical } = options
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
      const { WordSearch } = await around.environment.words(lexical)
      return new WordSearch(store, manifest)
    })
  }

  /** Loads a model and, with it, the token vectors of the index; `file`: what is put in the place of its contents. */
  async #load(file: Store | undefined, load: CallOptions): Promise<Semantic> {
    const { around, options, store, emit } = this
    let model: Lease<Model> | undefined
    try {
      const manifest = await (file ?? store).manifest(load.signal)
      // Before anything is fetched: with nothing to run it, a model is of no use.
      const accelerator = await around.accelerators.choose(options)
      const wanted = await chooseModel(options, manifest?.model, (each) =>
        around.models.acquire(each, options, accelerator, load),
      )
      model = wanted.lease
      if (file) await importFile(file, store, model.value, accelerator, load)
      const { name, codec, splitPassages } = options
      const { value } = model
      const index = await LiveIndex.open(
        { name, store, model: value, modelSource: wanted.address, codec, splitPassages, accelerator, emit },
        load,
      )
      const writer = new Writer(index, around.environment.pace?.())
      const { model: given = options.defaultModel } = options
      const isPackaged = typeof given === 'object' && 'fingerprint' in given && keyOf(given) === wanted.key
      const packaged = isPackaged ? given : undefined
      return { index, writer, searcher: new Searcher(index), model, modelKey: wanted.key, packaged }
    } catch (error) {
      await model?.release()
      throw error
    }
  }

  /** Begins, once, what goes on in the background. */
  begin(): void {
    if (this.#begun) return
    this.#begun = true
    if (this.semantic.value) this.#ready(this.semantic.value, false)
    else this.#inBackground((signal) => this.#loadMeanwhile(signal))
  }

  /** Words first: those of a small index are there at once, and then answer while the model is loaded. */
  async #loadMeanwhile(signal: AbortSignal): Promise<void> {
    const loading = this.#words?.get(signal).then((each) => each.load(signal))
    const headStart = new Promise<void>((resolve) => setTimeout(resolve, HEAD_START_MS))
    // What fails of them is told by the first search that needs them.
    await Promise.race([loading?.catch(() => {}) ?? Promise.resolve(), headStart])
    if (!signal.aborted) await this.semantic.get()
  }

  /** Goes on with what earlier visits left, and makes ready for the first search. */
  #ready({ index, searcher, writer, packaged }: Semantic, announced: boolean): void {
    this.#inBackground(async (signal) => {
      if (announced) {
        const { id, adapter } = await index.options.accelerator.backend()
        this.emit('ready', { backend: id, adapter })
      }
      await Promise.all([searcher.warm(signal), writer.resume(signal)])
      // What cannot be tidied up now can be on the next visit.
      if (packaged) await this.around.removeOthers(packaged).catch(() => {})
    })
  }

  /** Tells what fails, since nobody waits for it. */
  #inBackground(work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#background
    if (signal.aborted) return
    work(signal).catch((error) => {
      if (!signal.aborted) this.emit('error', error)
    })
  }

  /** What another handle asks for beyond being one: that the model fits, or that a file is imported. */
  async join(call: Call, options: OpenOptions): Promise<void> {
    const { environment, models } = this.around
    const { backend = 'auto', model, file } = options
    if (options.early && backend === 'auto' && !model && !file) return
    const load = { signal: call.signal, onProgress: call.progress }
    const { index, modelKey } = await this.semantic.get(call.signal)
    const { accelerator, modelSource } = index.options
    const { id } = await accelerator.backend()
    if (backend !== 'auto' && backend !== id) {
      throw new MaxsiftError('INVALID_ARGUMENT', `The index "${options.name}" is open already, on ${id}.`, {
        remedy: `Close its other handles before it is opened on ${backend}.`,
      })
    }
    if (model && environment.model(model).key !== modelKey && !isNewest(model, modelSource)) {
      const { lease } = await models.acquire(model, options, accelerator, load)
      try {
        const encoder = await accelerator.use((backend) => lease.value.encoder(backend, load), call.signal)
        checkModel(index.manifest, encoder.fingerprint)
      } finally {
        await lease.release()
      }
    }
    if (!file) return
    const store = await fileStore(file, call.signal)
    await importFile(store, this.store, index.options.model, accelerator, load).finally(() => store.close())
    await index.refresh()
  }

  async close(): Promise<void> {
    this.#background.abort()
    await this.reranking.close()
    const loaded = await this.semantic.settled()
    await loaded?.index.close()
    await loaded?.model.release()
    await this.store.close()
  }
}

/** Puts the contents of an exported file in the place of the stored index, if the model fits. */
async function importFile(
  file: Store,
  store: Store,
  model: Model,
  accelerator: Accelerator,
  load: CallOptions,
): Promise<void> {
  const { fingerprint } = await accelerator.use((backend) => model.encoder(backend, load), load.signal)
  await copyIndex(file, store, {
    fingerprint,
    signal: load.signal,
    onProgress: (bytes) => load.onProgress?.({ stage: 'index', ...bytes }),
  })
}
