/** A pane that shows a document without an address of its own: the whole text, at the passage that was found. */
import type { ReaderPassage } from './assemble.ts'
import { element, focused, refocus } from './dom.ts'
import './reader.css'
import { ReaderText } from './text.ts'

export type { ReaderPassage } from './assemble.ts'

export interface ReaderDocument {
  title: string
  /**
   * The document's text and what was found in it, in any order: the sections of `SearchIndex.get`, the passages of a hit
   * with their `highlights`, or both. They may overlap; no text is shown twice.
   */
  passages: readonly ReaderPassage[]
  /** Which of `passages` to show first. */
  current: number
}

/** Until the chunks around the passage have their real heights. */
const MOST_SCROLLS = 8

/** One modal dialog, made when it is first opened and used again. */
export class Reader {
  readonly dialog: HTMLDialogElement
  readonly #title = element('h2', { dir: 'auto' })
  readonly #position = element('p', { class: 'reader-position', role: 'status', dir: 'auto' })
  readonly #previous = button('Previous', 'p')
  readonly #next = button('Next', 'n')
  readonly #body = element('div', { class: 'reader-body', role: 'region', 'aria-label': 'Text', tabindex: '0' })
  #text: ReaderText | null = null
  /** The passages that match and the one asked for, in text order; none where nothing matches. */
  #matches: readonly ReaderPassage[] = []
  #current = 0
  /** The next step of scrolling that is under way. */
  #frame = 0
  #origin: HTMLElement | null = null

  constructor() {
    const close = button('Close')
    close.addEventListener('click', () => this.close())
    this.#previous.addEventListener('click', () => this.#show(this.#current - 1))
    this.#next.addEventListener('click', () => this.#show(this.#current + 1))
    this.dialog = element(
      'dialog',
      { class: 'reader', closedby: 'any' },
      element('header', {}, this.#title, close),
      this.#body,
      element('footer', {}, this.#position, element('div', { class: 'reader-pager' }, this.#previous, this.#next)),
    )
    this.dialog.addEventListener('keydown', (event) => this.#key(event))
    this.dialog.addEventListener('close', () => this.#closed())
  }

  /** Shows a document; one that is shown already is replaced. Esc, the button and a click beside the pane close it. */
  open({ title, passages, current }: ReaderDocument): void {
    this.#title.textContent = title
    this.dialog.ariaLabel = title
    this.#text = new ReaderText(passages)
    this.#body.replaceChildren(this.#text.element)
    const shown = passages[current]
    const found = passages.filter(({ highlights }) => (highlights?.length ?? 0) > 0)
    // A document may be opened where nothing was found, or nothing at all.
    this.#matches = [...new Set(found.length > 0 && shown ? [...found, shown] : found)].sort(byPlace)
    for (const control of [this.#previous, this.#next]) control.hidden = this.#matches.length === 0
    if (!this.dialog.open) {
      this.#origin = focused()
      if (!this.dialog.isConnected) document.body.append(this.dialog)
      this.dialog.showModal()
      this.#body.focus({ preventScroll: true })
    }
    if (found.length > 0) this.#show(Math.max(0, this.#matches.indexOf(shown)))
    else this.#place(shown, false)
  }

  close(): void {
    this.dialog.close()
  }

  #closed(): void {
    this.#text = null
    this.#body.replaceChildren()
    refocus(this.#origin, this.dialog)
    this.#origin = null
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return
    const arrows = ['ArrowLeft', 'ArrowRight']
    const [back, forth] = getComputedStyle(this.dialog).direction === 'rtl' ? arrows.reverse() : arrows
    const step = ['n', forth].includes(event.key) ? 1 : ['p', back].includes(event.key) ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    this.#show(this.#current + step)
  }

  /** Goes to a match; there is none before the first one and after the last one. */
  #show(index: number): void {
    const count = this.#matches.length
    if (index < 0 || index >= count) return
    this.#current = index
    const match = this.#matches[index]
    // Not `disabled`: that would take the focus away from who pages with the keyboard.
    this.#previous.setAttribute('aria-disabled', String(index === 0))
    this.#next.setAttribute('aria-disabled', String(index >= count - 1))
    const where = match.heading ? ` · ${match.heading}` : ''
    this.#position.textContent = `Match ${index + 1} of ${count}${where}`
    this.#place(match, true)
  }

  /** Brings a passage into view; one that matches is told apart from the text around it. */
  #place(passage: ReaderPassage | undefined, matches: boolean): void {
    if (!matches) this.#position.textContent = ''
    const text = this.#text!
    const range = passage ? text.range(passage.start, passage.end) : null
    text.mark(range && matches ? passage! : null)
    if (range) this.#scrollTo(range)
    else this.#body.scrollTop = 0
  }

  /** What lies above takes its real height only when it comes near, so that one step seldom hits. */
  #scrollTo(range: Range, left = MOST_SCROLLS): void {
    // Where somebody wanted to go before: two that scroll would take turns.
    cancelAnimationFrame(this.#frame)
    const body = this.#body.getBoundingClientRect()
    const distance = range.getBoundingClientRect().top - body.top - body.height / 8
    this.#body.scrollTop += distance
    // Not whether it moved: at the end of a text that is still too short it cannot, until the next layout.
    if (Math.abs(distance) > 1 && left > 0)
      this.#frame = requestAnimationFrame(() => {
        if (this.#text?.element.contains(range.startContainer)) this.#scrollTo(range, left - 1)
      })
  }
}

const byPlace = (a: ReaderPassage, b: ReaderPassage) => a.start - b.start || a.end - b.end

function button(label: string, key?: string): HTMLButtonElement {
  return element(
    'button',
    { type: 'button', ...(key && { 'aria-keyshortcuts': key, title: `${label} (${key})` }) },
    label,
  )
}
