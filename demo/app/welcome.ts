import type { ShelfName } from '../library/library.ts'
import { element } from '../reader/dom.ts'
import { button } from '../ui/button.ts'
import { count } from '../ui/words.ts'

/** Questions whose words are mostly not those of the answers. */
const QUESTIONS = [
  'how do I keep my index when the browser is closed?',
  'what happens when the disk is full?',
  'can I search without internet?',
  'which browsers does it run in?',
]

/** What stands below the search box while it is empty: something to try, and a place to drop files. */
export class Welcome {
  readonly element = element('section', { class: 'welcome', 'aria-label': 'Where to begin' })
  #shown = ''

  /** @param doors buttons that let files in */
  constructor(
    private readonly ask: (question: string) => void,
    private readonly doors: () => HTMLElement[],
  ) {}

  /** @param documents Of the person's own */
  show(shelf: ShelfName, documents: number): void {
    const key = `${shelf} ${documents}`
    if (key === this.#shown) return
    this.#shown = key
    this.element.replaceChildren(
      ...(shelf === 'sample' ? [this.#questions()] : []),
      ...(documents === 0 ? [this.#dropZone()] : []),
      ...(shelf === 'own' && documents > 0 ? [hint(documents)] : []),
    )
  }

  #questions(): HTMLElement {
    const items = QUESTIONS.map((question) =>
      element(
        'li',
        {},
        button(question, () => this.ask(question), { class: 'question' }),
      ),
    )
    return element(
      'div',
      {},
      element('h2', {}, 'Ask the documentation of maxsift'),
      element('p', { class: 'faint' }, 'Whole questions work: what is searched for is the meaning, not the words.'),
      element('ul', { class: 'questions' }, ...items),
    )
  }

  #dropZone(): HTMLElement {
    return element(
      'div',
      { class: 'zone' },
      element('h2', {}, 'Search your own documents'),
      element('p', {}, 'Drop files or a folder anywhere on this page: Markdown, text, HTML, JSON Lines, PDF.'),
      element('div', { class: 'row center' }, ...this.doors()),
      element('p', { class: 'faint' }, 'They are read in this browser and stay in it. Nothing is uploaded.'),
    )
  }
}

function hint(documents: number): HTMLElement {
  const what = `Ask ${documents === 1 ? 'your document' : `your ${count(documents, 'document')}`} a question.`
  return element('p', { class: 'faint' }, `${what} More files can be dropped anywhere on this page.`)
}
