import {
  type CallOptions,
  type CreateIndexOptions,
  createIndex,
  type IndexEvents,
  type IndexInfo,
  type MaxsiftError,
  type Progress,
  removeIndex,
  type SearchIndex,
} from 'maxsift'
import { type Kept, keep, kept, type ModelChoice, type ModelSettings, optionsOf, otherName } from '../model/choice.ts'
import { copyDocuments } from '../model/copy.ts'

/** Where the ready-made index of the project's own documentation lies. */
const SAMPLE = 'sample/'

export type ShelfName = 'own' | 'sample'

export interface Shelf {
  index: SearchIndex | null
  info: IndexInfo | null
  /** Why it could not be opened. */
  failure: MaxsiftError | null
}

/** Another model or version, or damage: the documents are there, but only removing them helps. */
export function isHopeless({ code }: MaxsiftError): boolean {
  return code === 'MODEL_MISMATCH' || code === 'INDEX_VERSION_MISMATCH' || code === 'STORE_CORRUPT'
}

export interface LibraryEvents {
  /** Something that is shown may have changed. */
  change(): void
  /** How far the opening of a shelf is. */
  progress(progress: Progress): void
  /** Something failed outside of a call. */
  error(error: Error, shelf: ShelfName): void
}

/** The two indexes of this page, and which of them is searched. */
export class Library {
  readonly own: Shelf = { index: null, info: null, failure: null }
  readonly sample: Shelf = { index: null, info: null, failure: null }
  /** Resolves when the own documents are open, or could not be opened. */
  settled: Promise<void> = Promise.resolve()
  #chosen: ShelfName | null = null
  #kept: Kept = kept()

  constructor(
    private readonly settings: ModelSettings,
    private readonly events: LibraryEvents,
  ) {}

  /** Opens both; never rejects. */
  async open(): Promise<void> {
    await Promise.all([this.#openOwn(), this.#open('sample')])
  }

  /** Tries again to open what could not be. @throws MaxsiftError why it still cannot */
  async reopen(name: ShelfName): Promise<void> {
    await (name === 'own' ? this.#openOwn() : this.#open(name))
    if (this[name].failure) throw this[name].failure
  }

  /** Which of the two is searched: the own documents as soon as there are any, unless the person chose. */
  get current(): ShelfName {
    const { info, failure } = this.own
    if (this.#chosen) return this.#chosen
    // As long as nobody knows whether there are any, too.
    const mayHaveOwn = failure ? !isHopeless(failure) : !info
    return mayHaveOwn || this.sample.failure ? 'own' : 'sample'
  }

  get shelf(): Shelf {
    return this[this.current]
  }

  choose(name: ShelfName): void {
    this.#chosen = name
    this.events.change()
  }

  /** Takes an index that has come into the place of the own one, or the same one anew. */
  async replaceOwn(index: SearchIndex): Promise<void> {
    const old = this.own.index
    this.#take('own', index)
    await old?.close()
    await this.look('own')
  }

  /** Removes the own documents, also those that cannot be opened, and begins anew. */
  async removeOwn(): Promise<void> {
    const work = async () => {
      if (this.own.index) await this.own.index.destroy()
      else await removeIndex(this.#kept.index)
      Object.assign(this.own, { index: null, info: null, failure: null })
      this.#chosen = null
      await this.#open('own')
    }
    const done = work()
    this.settled = done.catch(() => {})
    await done
  }

  /** How the own documents are opened. */
  get ownOptions(): CreateIndexOptions {
    const { index, choice } = this.#kept
    return { name: index, ...optionsOf(choice, this.settings) }
  }

  get model(): ModelChoice {
    return this.#kept.choice
  }

  /** Has another model read the own documents into a new index, which then takes the place of the old one. */
  async useModel(choice: ModelChoice, call: CallOptions): Promise<void> {
    const old = this.own.index!
    const name = otherName(this.#kept.index)
    // An attempt that a closed page broke off may have left something.
    await removeIndex(name)
    const index = await createIndex({ name, ...optionsOf(choice, this.settings), ...call })
    try {
      await copyDocuments(old, index, call)
    } catch (error) {
      await index.destroy()
      throw error
    }
    this.#kept = { index: name, choice }
    keep(this.#kept)
    this.#take('own', index)
    await old.destroy()
    await this.look('own')
  }

  /** Asks an index how large it is. */
  async look(name: ShelfName): Promise<void> {
    const shelf = this[name]
    const { index } = shelf
    // A handle that was closed meanwhile has nothing to say.
    const info = await index?.info().catch(() => null)
    if (index !== shelf.index) return
    shelf.info = info ?? shelf.info
    if (name === 'own' && info && info.documents + info.pending > 0) this.#chosen ??= 'own'
    this.events.change()
  }

  async close(): Promise<void> {
    await Promise.all([this.own.index?.close(), this.sample.index?.close()])
  }

  #openOwn(): Promise<void> {
    this.settled = this.#open('own')
    return this.settled
  }

  async #open(name: ShelfName): Promise<void> {
    const shelf = this[name]
    // The sample can be searched by words before a model is there, and where there never is one.
    const place = name === 'own' ? this.ownOptions : { source: SAMPLE, waitForModel: false }
    try {
      this.#take(name, await createIndex({ ...place, onProgress: (progress) => this.events.progress(progress) }))
      await this.look(name)
    } catch (error) {
      shelf.failure = error as MaxsiftError
      this.events.change()
    }
  }

  #take(name: ShelfName, index: SearchIndex): void {
    const shelf = this[name]
    shelf.index = index
    shelf.failure = null
    const current = () => this[name].index === index
    index.addEventListener('change', () => current() && void this.look(name))
    index.addEventListener('progress', () => current() && void this.look(name))
    index.addEventListener('ready', () => current() && void this.look(name))
    index.addEventListener('error', ({ detail }: CustomEvent<IndexEvents['error']>) => {
      // Without its model the sample is searched by words, and its hits say so.
      const said = name === 'sample' && !this.sample.info?.ready
      if (current() && !said) this.events.error(detail, name)
    })
  }
}
