import { element } from '../reader/dom.ts'
import { button } from '../ui/button.ts'
import { told } from '../ui/told.ts'
import { count, number, timeLeft } from '../ui/words.ts'
import type { Intake } from './intake.ts'
import { problemList } from './problem-list.ts'

/** How far the reading of files is, and what came of it. */
export class IntakeView {
  readonly element = element('section', { class: 'intake', 'aria-labelledby': 'intake-title', hidden: true })
  readonly #title = element('h2', { id: 'intake-title' })
  readonly #detail = element('p', { class: 'faint' })
  readonly #bar = element('progress', { max: '1', 'aria-labelledby': 'intake-title' })
  readonly #failure = element('p', { class: 'failure' })
  readonly #stop = button('Stop', () => this.intake.stop())
  readonly #resume = button('Go on', () => void this.intake.resume())
  readonly #leave = button('Leave it at that', () => this.intake.clear())
  readonly #close = button('Close', () => this.intake.clear())
  readonly #gone = element('div', { class: 'gone' })
  readonly #problems = element('div')
  readonly #announcer = element('p', { class: 'unseen', role: 'status' })
  #shown = { state: '', problems: -1, gone: null as unknown }

  /** @param remove removes documents from the index; settles with whether they are removed */
  constructor(
    private readonly intake: Intake,
    private readonly remove: (ids: readonly string[]) => Promise<boolean>,
  ) {
    const buttons = element('div', { class: 'row' }, this.#stop, this.#resume, this.#leave, this.#close)
    this.element.append(
      this.#title,
      this.#bar,
      this.#detail,
      this.#failure,
      this.#problems,
      this.#gone,
      buttons,
      this.#announcer,
    )
    // The guess shrinks while nothing else happens.
    setInterval(() => intake.state === 'reading' && this.show(), 1000)
  }

  show(): void {
    const { intake } = this
    const { state, failure, files, filesDone, problems } = intake
    const hadFocus = this.element.contains(document.activeElement)
    this.element.hidden = state === 'idle'
    set(this.#title, this.#headline())
    set(this.#detail, this.#details())
    this.#bar.hidden = state === 'done'
    this.#bar.value = intake.share
    set(this.#failure, failure ? `${told(failure)} What was read before is there and can be searched.` : '')
    this.#failure.hidden = !failure
    this.#stop.hidden = state !== 'reading'
    this.#resume.hidden = this.#leave.hidden = state !== 'stopped'
    this.#close.hidden = state !== 'done'
    if (problems.length !== this.#shown.problems) {
      this.#shown.problems = problems.length
      this.#problems.replaceChildren(...(problems.length > 0 ? [problemList(problems)] : []))
    }
    if (intake.gone !== this.#shown.gone) this.#showGone()
    if (state === this.#shown.state) return
    this.#shown.state = state
    if (state === 'stopped')
      this.#announcer.textContent = `Stopped: ${number(filesDone)} of ${number(files)} files read.`
    else this.#announcer.textContent = state === 'idle' ? '' : this.#headline()
    // The button that had the focus may just have gone.
    if (hadFocus && document.activeElement === document.body)
      this.element.querySelector<HTMLElement>('button:not([hidden])')?.focus()
  }

  #headline(): string {
    const { state, files, filesDone, label } = this.intake
    if (state === 'reading') return `Reading ${label}: ${number(filesDone)} of ${count(files, 'file')}`
    if (state === 'stopped') return `Stopped at ${number(filesDone)} of ${count(files, 'file')}`
    return `Done with ${count(files, 'file')}`
  }

  #details(): string {
    const { intake } = this
    const { state, changed, unchanged, documents, hasRefused, leftOut } = intake
    if (state === 'reading')
      return intake.timeLeft === null ? 'Working out how long it takes …' : timeLeft(intake.timeLeft)
    if (state === 'stopped') return 'To go on, this page must stay open: a page cannot open your files again by itself.'
    const parts = [hasRefused ? count(documents, 'document') : count(changed, 'new or changed document')]
    if (unchanged > 0 && !hasRefused) parts.push(`${number(unchanged)} unchanged`)
    if (leftOut > 0) parts.push(`${number(leftOut)} hidden or installed left out`)
    return `${parts.join(', ')}.`
  }

  /** Offers to remove what a folder does not hold any more. */
  #showGone(): void {
    const { gone } = this.intake
    this.#shown.gone = gone
    this.#gone.replaceChildren()
    if (gone.length === 0) return
    const keep = () => {
      this.intake.gone = []
      this.show()
    }
    const names = gone.map(({ id }) => id)
    this.#gone.append(
      element(
        'p',
        {},
        `${count(gone.length, 'document')} that you added before ${gone.length === 1 ? 'is' : 'are'} not there any more.`,
      ),
      element(
        'details',
        {},
        element('summary', {}, 'Which ones?'),
        element('ul', { class: 'names' }, ...names.map((name) => element('li', {}, element('bdi', {}, name)))),
      ),
      element(
        'div',
        { class: 'row' },
        button(
          `Remove ${gone.length === 1 ? 'it' : 'them'} from the search`,
          () => void this.remove(gone.map(({ id }) => id)).then((removed) => removed && keep()),
        ),
        button('Keep', keep),
      ),
    )
  }
}

/** A live region and what reads it are not to be stirred by a text that is the same. */
function set(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text
}
