import type { Progress } from '../index.ts'
import { icon, make, set } from './dom.ts'
import css from './style.css?inline'
import { amount, stageOf, told } from './words.ts'

const DEFAULT_LABEL = 'Search'
/** Milliseconds after which a count is said: not at every letter that is typed. */
const CALM = 500

let shared: CSSStyleSheet | undefined

/** One for all elements of the page. */
function styleSheet(): CSSStyleSheet {
  if (!shared) {
    shared = new CSSStyleSheet()
    shared.replaceSync(css)
  }
  return shared
}

/** All of the element but its rows: the box, what is going on, what went wrong. */
export class View {
  readonly input = make('input', {
    part: 'input',
    role: 'combobox',
    // Not `search`: that brings a button and an Esc of the browser's own.
    type: 'text',
    inputmode: 'search',
    enterkeyhint: 'search',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    dir: 'auto',
    'aria-autocomplete': 'list',
    'aria-expanded': 'false',
    'aria-haspopup': 'listbox',
  })
  readonly clear = make('button', { part: 'clear', type: 'button', 'aria-label': 'Clear', hidden: true })
  readonly results = make('div', { part: 'results', class: 'results', hidden: true })
  readonly retry = make('button', { part: 'retry', type: 'button' }, 'Try again')
  readonly #hint = make('kbd', { part: 'shortcut', 'aria-hidden': 'true' })
  readonly #busy = make('div', { part: 'busy', class: 'busy', hidden: true })
  readonly #bar = make('progress')
  readonly #stage = make('span', { dir: 'auto' })
  readonly #progress = make('div', { part: 'progress', class: 'progress', hidden: true }, this.#stage, this.#bar)
  readonly #what = make('strong', { dir: 'auto' })
  readonly #remedy = make('span', { dir: 'auto' })
  readonly #detail = make('span', { class: 'faint', dir: 'auto' })
  readonly #failure = make('div', { part: 'error', class: 'error', hidden: true })
  readonly #count = make('bdi')
  readonly #note = make('bdi', { part: 'note', class: 'note', hidden: true })
  readonly #status = make('p', { part: 'status', class: 'status faint', hidden: true }, this.#count, this.#note)
  readonly #live = make('p', { role: 'status', class: 'unseen' })
  #saying: ReturnType<typeof setTimeout> | undefined
  #said = ''

  constructor(root: ShadowRoot) {
    root.adoptedStyleSheets = [styleSheet()]
    this.clear.append(icon('M4 4l8 8M12 4l-8 8'))
    this.#failure.append(this.#what, this.#remedy, this.#detail, this.retry)
    const glass = icon('M11 7A4 4 0 1 1 3 7A4 4 0 0 1 11 7M10 10L14 14')
    const box = make('div', { part: 'box', class: 'box' }, glass, this.input, this.#hint, this.clear, this.#busy)
    const alert = make('div', { role: 'alert' }, this.#failure)
    root.append(make('div', { class: 'root' }, box, this.#progress, alert, this.#status, this.results, this.#live))
    this.setLabel(null)
  }

  setLabel(placeholder: string | null): void {
    const label = placeholder?.trim() || DEFAULT_LABEL
    set(this.input, { placeholder: label, 'aria-label': label })
  }

  /** @param shown For people; @param aria For `aria-keyshortcuts` */
  setShortcut(shown: string, aria: string): void {
    this.#hint.textContent = shown
    this.#hint.hidden = shown === ''
    set(this.input, { 'aria-keyshortcuts': aria || null })
  }

  setBusy(busy: boolean): void {
    this.#busy.hidden = !busy
  }

  setProgress(progress: Progress | null): void {
    const stage = progress && stageOf(progress)
    this.#progress.hidden = !progress
    if (!progress || !stage) return
    if (!this.#stage.textContent?.startsWith(stage)) this.say(stage)
    this.#stage.textContent = `${stage}: ${amount(progress)}`
    const { loaded, total } = progress
    set(this.#bar, { 'aria-label': stage, value: total === null ? null : Math.min(loaded, total), max: total || null })
  }

  setError(error: unknown): void {
    this.#failure.hidden = error === null
    if (error === null) return
    const { what, remedy, detail } = told(error)
    this.#what.textContent = what
    this.#remedy.textContent = remedy
    this.#detail.textContent = detail
  }

  /** @param note What else is to be known of the hits */
  setStatus(text: string, note = ''): void {
    this.#count.textContent = text
    this.#note.textContent = note
    this.#note.hidden = note === ''
    this.#status.hidden = text === ''
  }

  /** Has something said to who cannot see it, once nothing newer is to be said. */
  say(text: string, after = CALM): void {
    clearTimeout(this.#saying)
    this.#saying = setTimeout(() => {
      // The same words again must differ to be said again.
      this.#said = text && text === this.#said ? `${text}\u00a0` : text
      this.#live.textContent = this.#said
    }, after)
  }
}
