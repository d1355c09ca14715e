import type { Progress, SearchIndex } from '../index.ts'
import type { AttributesElement } from './attributes.ts'
import { OwnIndex, type OwnIndexOptions } from './own-index.ts'

export interface ChoiceEvents {
  /** How far opening is; null at its end. */
  progress(progress: Progress | null): void
  /** Opening failed, or the index did afterwards; null once that is over. */
  error(error: unknown): void
  /** The index would answer otherwise now: it holds something else, or its model is there. */
  change(): void
  /** Another index is to be searched. */
  other(): void
}

/** Which index is searched: one that is given, or else the one that the attributes name, opened when it is wanted. */
export class IndexChoice {
  readonly #own: OwnIndex
  #given: SearchIndex | null = null
  #watched: { index: SearchIndex; stop: AbortController } | null = null
  #sight: IntersectionObserver | null = null
  /** Whether the index was wanted whose name has just changed; null when no name has. */
  #renamed: boolean | null = null

  constructor(
    private readonly element: AttributesElement,
    private readonly events: ChoiceEvents,
  ) {
    this.#own = new OwnIndex((progress) => events.progress(progress))
  }

  get given(): SearchIndex | null {
    return this.#given
  }
  set given(index: SearchIndex | null) {
    this.#given = index
    this.#own.close()
    this.#watch(index)
    this.events.error(null)
    this.awaitSight()
    this.events.other()
  }

  /** Whether there is an index that answers. */
  get isOpen(): boolean {
    return this.#watched !== null
  }

  /** The index to search; null where none is given or named. @throws what `createIndex` throws */
  async open(): Promise<SearchIndex | null> {
    const options = this.#given || !this.element.isConnected ? null : this.#named()
    if (this.#given) this.#watch(this.#given)
    if (!options) return this.#given
    this.#sight?.disconnect()
    const index = await this.#own.open(options)
    if (this.#own.isWanted) this.#watch(index)
    return index
  }

  /** Has the index opened, if it is not yet. */
  want(): void {
    this.open().catch((error) => this.events.error(error))
  }

  /** Opens the named index anew. */
  reopen(): void {
    this.#own.close()
    this.want()
  }

  /** Opens the named index once the element is seen, unless the visitor wants to save data: then once it is used. */
  awaitSight(): void {
    this.#sight?.disconnect()
    const { element } = this
    const { connection } = navigator as { connection?: { saveData?: boolean } }
    const waits = element.preload === 'focus' || connection?.saveData
    if (waits || !element.isConnected || this.#given || this.#own.isWanted || !this.#named()) return
    this.#sight = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.want())
    this.#sight.observe(element)
  }

  /** The attributes name another index. Several that change in one go are one change. */
  rename(): void {
    if (this.#given) return
    const first = this.#renamed === null
    this.#renamed = this.#renamed || this.#own.isWanted
    this.#own.close()
    if (!first) return
    queueMicrotask(() => {
      const wanted = this.#renamed
      this.#renamed = null
      this.events.error(null)
      if (wanted) this.want()
      else this.awaitSight()
      this.events.other()
    })
  }

  /** The element has left its document. */
  leave(): void {
    this.#sight?.disconnect()
    this.#watch(null)
    this.#own.close()
  }

  #named(): OwnIndexOptions | null {
    const { name, source, model, onnx: runtime, japanese } = this.element
    if (!name && !source && !model) return null
    const index = { ...(name && { name }), ...(source && { source }), ...(model && { model }) }
    return { ...index, ...(runtime && { runtime }), ...(japanese && { japanese }) }
  }

  #watch(index: SearchIndex | null): void {
    if (this.#watched?.index === index) return
    this.#watched?.stop.abort()
    this.#watched = null
    if (!index) return
    const stop = new AbortController()
    const { signal } = stop
    this.#watched = { index, stop }
    index.addEventListener('change', () => this.events.change(), { signal })
    index.addEventListener('ready', () => this.events.change(), { signal })
    // Whoever gave an index hears of its errors too.
    if (index === this.#given) return
    index.addEventListener('error', ({ detail }) => this.events.error(detail), { signal })
    index.addEventListener('ready', () => this.events.progress(null), { signal })
    index.addEventListener('error', () => this.events.progress(null), { signal })
    const progress = ({ detail }: CustomEvent<Progress>) => detail.stage !== 'encode' && this.events.progress(detail)
    index.addEventListener('progress', progress, { signal })
  }
}
