import type { Hit, PassageHit } from '../index.ts'
import { make, set } from './dom.ts'
import { addressOf } from './link.ts'
import { firstPassage, furtherPassage } from './passage.ts'
import { whyView } from './why.ts'

export interface RowsOptions {
  /** Where they are shown. */
  element: HTMLElement
  /** Holds the focus while rows are walked through. */
  input: HTMLInputElement
  /** A passage was clicked, or Enter pressed on it. */
  select(hit: Hit, passage: PassageHit, event: MouseEvent): void
}

/** One document. */
interface Row {
  id: string
  hit: Hit
  group: HTMLElement
  /** One for each passage, best first. */
  options: HTMLAnchorElement[]
  button: HTMLButtonElement
  why: HTMLElement
}

/**
 * The hits: a listbox of documents with an option for each passage, and beside it, since an option may hold no control,
 * a list of buttons and what they open. The grid puts each of these where it belongs to the eye.
 */
export class Rows {
  readonly #listbox = make('div', { role: 'listbox', id: 'hits', class: 'through', 'aria-label': 'Results' })
  readonly #reasons = make('div', { role: 'group', class: 'through', 'aria-label': 'Why these results' })
  #rows = new Map<string, Row>()
  #active: { row: Row; option: HTMLAnchorElement; passage: PassageHit } | null = null
  #query = ''
  #count = 0

  constructor(private readonly options: RowsOptions) {
    options.element.append(this.#listbox, this.#reasons)
    set(options.input, { 'aria-controls': this.#listbox.id })
    // The focus stays in the box, and with it the keyboard of a phone as it is.
    this.#listbox.addEventListener('mousedown', (event) => {
      if (event.button === 0) event.preventDefault()
    })
    this.#reasons.addEventListener('keydown', (event) => this.#walkButtons(event))
  }

  /** The query that the rows answer. */
  get query(): string {
    return this.#query
  }

  get count(): number {
    return this.#rows.size
  }

  get active(): HTMLAnchorElement | null {
    return this.#active?.option ?? null
  }

  /** Shows these hits. What is there already stays itself: an open reason, the active row, the focus. */
  render(query: string, found: readonly Hit[]): void {
    const hits = query === this.#query ? this.#pinned(found) : found
    this.#query = query
    const focused = (this.options.element.getRootNode() as ShadowRoot).activeElement
    const inside = [...this.#rows.values()].find(({ why }) => focused && why.contains(focused))
    const rows = new Map(hits.map((hit) => [hit.id, this.#rows.get(hit.id) ?? this.#make(hit)]))
    let line = 1
    for (const hit of hits) line = this.#update(rows.get(hit.id)!, hit, line)
    this.#rows = rows
    place(
      this.#listbox,
      [...rows.values()].map(({ group }) => group),
    )
    place(
      this.#reasons,
      [...rows.values()].flatMap(({ button, why }) => [button, why]),
    )
    this.options.element.hidden = rows.size === 0
    set(this.options.input, { 'aria-expanded': String(rows.size > 0) })
    this.#keepActive()
    if (focused instanceof HTMLElement) this.#keepFocus(focused, inside?.button)
  }

  /** Makes the next or previous row active; beyond the last and before the first lies the box itself. */
  move(step: 1 | -1): void {
    const all = this.#options()
    const at = this.active ? all.indexOf(this.active) : step === 1 ? -1 : all.length
    this.activate(all[at + step] ?? null)
  }

  moveTo(end: 'first' | 'last'): void {
    this.activate(this.#options().at(end === 'first' ? 0 : -1) ?? null)
  }

  activate(option: HTMLAnchorElement | null): void {
    this.#setActive(option)
    option?.scrollIntoView({ block: 'nearest' })
  }

  /** Opens or closes the reason of the active row. @returns whether there is one */
  showActive(open: boolean): boolean {
    if (this.#active) this.#show(this.#active.row, open)
    return this.#active !== null
  }

  /** Closes what is open. @returns whether anything was */
  closeAll(): boolean {
    const open = [...this.#rows.values()].filter(({ why }) => !why.hidden)
    const focused = (this.options.element.getRootNode() as ShadowRoot).activeElement
    for (const row of open) {
      if (row.why.contains(focused)) row.button.focus()
      this.#show(row, false)
    }
    return open.length > 0
  }

  #make(hit: Hit): Row {
    const id = `hit-${++this.#count}`
    const row: Row = {
      id,
      hit,
      group: make('div', { role: 'group', class: 'through' }),
      options: [],
      button: make('button', { part: 'why-button', type: 'button', dir: 'auto', 'aria-expanded': 'false' }, 'Why?'),
      why: make('section', { part: 'why', class: 'why', id: `${id}-why`, hidden: true }),
    }
    set(row.button, { 'aria-controls': row.why.id })
    row.button.addEventListener('click', () => this.#show(row, row.why.hidden === true))
    row.button.addEventListener('focus', () => row !== this.#active?.row && this.activate(row.options[0]))
    return row
  }

  /** @returns the first line of the grid after the row */
  #update(row: Row, hit: Hit, first: number): number {
    row.hit = hit
    const title = hit.title || hit.id
    let line = first
    set(row.group, { 'aria-label': title })
    const wanted = hit.passages.map((passage, i) => {
      const option = row.options[i] ?? this.#makeOption(row, i)
      set(option, { href: addressOf(hit, passage, document.baseURI) })
      option.style.gridRow = String(line++)
      option.replaceChildren(...(i === 0 ? firstPassage(passage, title) : furtherPassage(passage, title)))
      return option
    })
    row.options = wanted
    place(row.group, wanted)
    set(row.button, { 'aria-label': `Why? ${title}` })
    row.button.style.gridRow = String(first)
    set(row.why, { 'aria-label': `Why: ${title}` })
    row.why.style.gridRow = String(line++)
    if (!row.why.hidden) row.why.replaceChildren(...whyView(hit, this.#query))
    return line
  }

  /** When rows get better under the cursor, that of the cursor keeps its place. */
  #pinned(hits: readonly Hit[]): readonly Hit[] {
    const id = this.#active?.row.hit.id
    const hit = hits.find((each) => each.id === id)
    if (!hit) return hits
    const others = hits.filter((each) => each !== hit)
    const place = [...this.#rows.keys()].indexOf(hit.id)
    return [...others.slice(0, place), hit, ...others.slice(place)]
  }

  #setActive(option: HTMLAnchorElement | null): void {
    this.active?.setAttribute('aria-selected', 'false')
    const row = option && [...this.#rows.values()].find(({ options }) => options.includes(option))
    this.#active = row ? { row, option, passage: row.hit.passages[row.options.indexOf(option)] } : null
    if (row) option.setAttribute('aria-selected', 'true')
    set(this.options.input, { 'aria-activedescendant': row ? option.id : null })
    this.#setTabStop()
  }

  #makeOption(row: Row, i: number): HTMLAnchorElement {
    const option = make('a', {
      part: i === 0 ? 'hit' : 'hit more',
      class: i === 0 ? 'hit' : 'hit more',
      role: 'option',
      id: `${row.id}-${i}`,
      tabindex: -1,
      'aria-selected': 'false',
    })
    option.addEventListener('click', (event) => {
      this.options.select(row.hit, row.hit.passages[row.options.indexOf(option)], event)
    })
    return option
  }

  #options(): HTMLAnchorElement[] {
    return [...this.#rows.values()].flatMap(({ options }) => options)
  }

  /** The same passage of the same document, or else that document's best one. */
  #keepActive(): void {
    const was = this.#active
    const still = was && this.#rows.get(was.row.hit.id)
    const same = still?.hit.passages.findIndex(({ start }) => start === was?.passage.start) ?? -1
    this.#setActive(still?.options[Math.max(0, same)] ?? null)
  }

  /** What moved or went away in the document has lost the focus. */
  #keepFocus(focused: HTMLElement, instead: HTMLElement = this.options.input): void {
    const root = this.options.element.getRootNode() as ShadowRoot
    if (root.activeElement === focused) return
    const next = [focused, instead, this.options.input].find((each) => each.isConnected)
    next?.focus({ preventScroll: true })
  }

  #show(row: Row, open: boolean): void {
    row.why.hidden = !open
    set(row.button, { 'aria-expanded': String(open) })
    row.why.replaceChildren(...(open ? whyView(row.hit, this.#query) : []))
    if (open) row.why.scrollIntoView({ block: 'nearest' })
  }

  /** One stop of the Tab key for all buttons: that of the active row, or the first. */
  #setTabStop(): void {
    const rows = [...this.#rows.values()]
    const stop = this.#active?.row ?? rows[0]
    for (const row of rows) row.button.tabIndex = row === stop ? 0 : -1
  }

  #walkButtons(event: KeyboardEvent): void {
    const buttons = [...this.#rows.values()].map(({ button }) => button)
    const at = buttons.indexOf(event.target as HTMLButtonElement)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key]
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
    event.preventDefault()
    buttons[Math.max(0, Math.min(to, buttons.length - 1))].focus()
  }
}

/** Makes these the children of `parent`, touching only what is not in its place. */
function place(parent: Node, children: readonly Node[]): void {
  const wanted = new Set(children)
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove()
  let next = parent.firstChild
  for (const child of children)
    if (child === next) next = next.nextSibling
    else parent.insertBefore(child, next)
}
