import type { Filter, Hit, MaxsiftError, PassageHit, Progress, SearchIndex, SearchResult } from '../index.ts'
import { AttributesElement } from './attributes.ts'
import { IndexChoice } from './index-choice.ts'
import { ariaShortcuts, isComposing, isShortcut, readShortcuts, type Shortcut, shownShortcut } from './keys.ts'
import { Rows } from './rows.ts'
import type { MaxsiftSearchEventMap } from './types.ts'
import { View } from './view.ts'
import { byWords, outcome } from './words.ts'

/** Milliseconds without a key after which a query counts as typed. */
const PAUSE = 150
const PASSAGES = 3

/**
 * `<maxsift-search>`: a search box, the hits, and why they are hits. It searches `index`, or else the index that its
 * attributes name, which it opens when it is first seen or used.
 */
export class MaxsiftSearch extends AttributesElement {
  readonly #view: View
  readonly #rows: Rows
  readonly #choice = new IndexChoice(this, {
    progress: (progress) => this.#progress(progress),
    error: (error) => this.#problem(error),
    change: () => this.#changed(),
    other: () => {
      this.#outdated = true
      void this.refresh()
    },
  })
  #filter: Filter | null = null
  /** What is to be found: the text of the box, without what an input method has not settled yet. */
  #query = ''
  #composing = false
  /** Whether the rows are of another index or filter than the query is now put to. */
  #outdated = false
  #shortcuts: Shortcut[] = []
  #searching: AbortController | null = null
  #pause: ReturnType<typeof setTimeout> | undefined
  /** From being put into a document to being taken out of it. */
  #life: AbortController | null = null
  #failure: unknown = null
  /** Why the model cannot be run here, so that words alone are searched. */
  #unavailable: unknown = null

  constructor() {
    super()
    const root = this.attachShadow({ mode: 'open' })
    this.#view = new View(root)
    const { input, results, clear, retry } = this.#view
    const select = this.#select.bind(this)
    this.#rows = new Rows({ input, element: results, select })
    input.addEventListener('input', () => {
      clear.hidden = input.value === ''
      if (!this.#composing) this.#typed()
    })
    input.addEventListener('compositionstart', () => {
      this.#composing = true
      this.#cancel()
    })
    input.addEventListener('compositionend', () => {
      this.#composing = false
      this.#typed()
    })
    input.addEventListener('keydown', (event) => this.#key(event))
    clear.addEventListener('click', () => this.#empty())
    retry.addEventListener('click', () => this.#retry())
    root.addEventListener('keydown', (event) => this.#escape(event as KeyboardEvent))
    // What failed is tried again when there is something to search for, or on request.
    root.addEventListener('focusin', () => this.#failure ?? this.#choice.want())
    this.#setShortcuts()
  }

  connectedCallback(): void {
    this.#adopt('index')
    this.#adopt('filter')
    this.#adopt('value')
    if (this.#life) return
    this.#life = new AbortController()
    const { signal } = this.#life
    this.ownerDocument.addEventListener('keydown', (event) => this.#summon(event), { signal })
    this.#choice.awaitSight()
    if (this.#query !== this.#rows.query) void this.refresh()
  }

  disconnectedCallback(): void {
    // Moved elements are taken out and put in again within one task; what they opened stays open.
    setTimeout(() => {
      if (this.isConnected) return
      this.#life?.abort()
      this.#life = null
      this.#cancel()
      this.#choice.leave()
    })
  }

  attributeChangedCallback(attribute: string, before: string | null, after: string | null): void {
    if (before === after) return
    if (attribute === 'placeholder') this.#view.setLabel(after)
    else if (attribute === 'shortcut') this.#setShortcuts()
    else if (attribute === 'limit') void this.refresh()
    else if (attribute === 'preload') this.#choice.awaitSight()
    else this.#choice.rename()
  }

  /** An open index to be searched, in place of the one that the attributes name. Who opened it closes it. */
  get index(): SearchIndex | null {
    return this.#choice.given
  }
  set index(index: SearchIndex | null) {
    if (index !== this.#choice.given) this.#choice.given = index
  }

  /** Limits the search, as in `index.search(query, { filter })`. */
  get filter(): Filter | null {
    return this.#filter
  }
  set filter(filter: Filter | null) {
    this.#filter = filter ?? null
    this.#outdated = true
    void this.refresh()
  }

  /** The query. Setting it searches at once. */
  get value(): string {
    return this.#view.input.value
  }
  set value(value: string) {
    const { input, clear } = this.#view
    input.value = value ?? ''
    clear.hidden = input.value === ''
    if (input.value !== this.#query) this.#rows.activate(null)
    this.#query = input.value
    void this.refresh()
  }

  override focus(options?: FocusOptions): void {
    this.#view.input.focus(options)
  }

  /** Searches again, such as after documents changed. Rows stay until the new ones are there. Never rejects. */
  async refresh(): Promise<void> {
    // At its end there will be a search anyway.
    if (this.#composing) return
    this.#cancel()
    const query = this.#query
    if (query.trim() === '' || !this.isConnected) return this.#clear()
    const search = new AbortController()
    const { signal } = search
    this.#searching = search
    this.#view.setBusy(true)
    try {
      const index = await this.#choice.open()
      if (signal.aborted) return
      if (!index) return this.#clear()
      const filter = this.#filter ?? undefined
      const result = await index.search(query, { limit: this.limit, passages: PASSAGES, explain: true, filter, signal })
      if (!signal.aborted) this.#show(query, result)
    } catch (error) {
      if (signal.aborted) return
      // Rows for another query would pass for an answer to this one.
      if (this.#outdated || this.#rows.query !== query) this.#clear()
      this.#fail(error)
    } finally {
      if (this.#searching === search) this.#cancel()
    }
  }

  /** May be called again for the same query, as results get better. */
  #show(query: string, { hits, total, elapsed, mode, pending }: SearchResult): void {
    this.#fail(null)
    this.#outdated = false
    this.#rows.render(query, hits)
    const status = outcome(hits.length, total, this.#filter !== null)
    this.#view.setStatus(status, mode === 'lexical' ? byWords(pending, this.#unavailable) : '')
    this.#view.say(status)
    this.#tell('search', { query, hits, total, elapsed, mode })
  }

  #clear(): void {
    this.#rows.render('', [])
    this.#view.setStatus('')
    this.#view.say('')
  }

  /** Gives up what is under way, and what is about to be. */
  #cancel(): void {
    clearTimeout(this.#pause)
    this.#pause = undefined
    this.#searching?.abort()
    this.#searching = null
    this.#view.setBusy(false)
  }

  #typed(): void {
    this.#query = this.#view.input.value
    this.#cancel()
    this.#rows.activate(null)
    if (this.#query.trim() === '') this.#clear()
    else {
      this.#view.setBusy(true)
      this.#pause = setTimeout(() => this.refresh(), PAUSE)
    }
  }

  #empty(): void {
    this.value = ''
    this.focus()
  }

  /** What befalls the index. Without a model there are still words: that is said beside the hits. */
  #problem(error: unknown): void {
    this.#unavailable = (error as Partial<MaxsiftError> | null)?.code === 'WEBGPU_UNAVAILABLE' ? error : null
    if (this.#unavailable && this.#choice.isOpen) {
      this.#tell('error', { error: error as Error })
      this.#changed()
    } else this.#fail(error)
  }

  /** Shows an error and says it; null takes it back. One error is said once, whoever waited for what failed. */
  #fail(error: unknown): void {
    if (error === this.#failure || (error as Error | null)?.name === 'AbortError') return
    this.#failure = error
    if (error === null && this.shadowRoot!.activeElement === this.#view.retry) this.focus()
    this.#view.setError(error)
    if (error !== null) this.#tell('error', { error: error as Error })
  }

  #retry(): void {
    this.#fail(null)
    this.focus()
    this.#choice.reopen()
    void this.refresh()
  }

  #progress(progress: Progress | null): void {
    this.#view.setProgress(progress)
    if (progress) this.#tell('progress', progress)
  }

  /** Many changes in a row lead to one search. */
  #changed(): void {
    if (this.#query.trim() !== '') this.#pause ??= setTimeout(() => this.refresh(), PAUSE)
  }

  #select(hit: Hit, passage: PassageHit, event: MouseEvent): void {
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
    // As with any link: in a new tab or window, or downloaded.
    if (elsewhere && (event.currentTarget as Element).hasAttribute('href')) return
    if (!this.#tell('select', { hit, passage, query: this.#rows.query })) event.preventDefault()
  }

  #key(event: KeyboardEvent): void {
    if (isComposing(event)) return
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event
    const plain = !ctrlKey && !metaKey && !altKey && !shiftKey
    const rows = this.#rows
    if (key === 'Enter') {
      if (rows.active) {
        // A click with the same keys does what they mean for links.
        const like = { ctrlKey, metaKey, altKey, shiftKey, bubbles: true, composed: true, cancelable: true }
        rows.active.dispatchEvent(new MouseEvent('click', like))
      } else if (this.#pause !== undefined || (!this.#searching && rows.query !== this.#query)) void this.refresh()
    } else if (key === 'ArrowDown' && plain && rows.count > 0) rows.move(1)
    else if (key === 'ArrowUp' && plain && rows.count > 0) rows.move(-1)
    else if (key === 'Home' && plain && rows.active) rows.moveTo('first')
    else if (key === 'End' && plain && rows.active) rows.moveTo('last')
    else if (key === 'ArrowDown' && altKey && rows.showActive(true))
      this.#view.say('The reason is open. Tab leads to it.', 0)
    else if (key === 'ArrowUp' && altKey && rows.showActive(false)) this.#view.say('', 0)
    else return
    event.preventDefault()
  }

  /** Closes what is open, then empties the box, then leaves it. */
  #escape(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || isComposing(event)) return
    if (!this.#rows.closeAll()) {
      if (this.value === '') {
        const focused = this.shadowRoot!.activeElement as HTMLElement
        focused.blur()
        return
      }
      this.#empty()
    }
    // A dialog around the element stays open.
    event.preventDefault()
    event.stopPropagation()
  }

  #summon(event: KeyboardEvent): void {
    if (event.defaultPrevented || !isShortcut(event, this.#shortcuts) || !this.checkVisibility()) return
    this.focus()
    if (this.shadowRoot!.activeElement !== this.#view.input) return
    this.#view.input.select()
    event.preventDefault()
  }

  #setShortcuts(): void {
    this.#shortcuts = readShortcuts(this.shortcut)
    this.#view.setShortcut(shownShortcut(this.#shortcuts), ariaShortcuts(this.#shortcuts))
  }

  /** A property that was set before the element was defined lies before the accessor. */
  #adopt(property: 'index' | 'filter' | 'value'): void {
    if (!Object.hasOwn(this, property)) return
    const self = this as Record<string, unknown>
    const value = self[property]
    delete self[property]
    self[property] = value
  }

  #tell<Type extends keyof MaxsiftSearchEventMap>(type: Type, detail: MaxsiftSearchEventMap[Type]['detail']): boolean {
    const options = { detail, bubbles: true, composed: true, cancelable: type === 'select' }
    return this.dispatchEvent(new CustomEvent(type, options))
  }
}
