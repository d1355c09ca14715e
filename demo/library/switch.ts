import { element } from '../reader/dom.ts'
import { count } from '../ui/words.ts'
import type { Library, Shelf, ShelfName } from './library.ts'

/** Which documents are searched: one of two. */
export class Switch {
  readonly #row = element('div', { class: 'choices' })
  readonly element = element('fieldset', { class: 'switch' }, element('legend', {}, 'Search in'), this.#row)
  readonly #choices: Record<ShelfName, { input: HTMLInputElement; note: HTMLElement }>

  constructor(private readonly library: Library) {
    this.#choices = { own: this.#choice('own', 'Your documents'), sample: this.#choice('sample', 'maxsift docs') }
  }

  show(): void {
    const { library } = this
    for (const name of ['own', 'sample'] as const) {
      const { input, note } = this.#choices[name]
      input.checked = library.current === name
      input.disabled = name === 'sample' && library.sample.failure !== null
      const text = stateOf(library[name])
      if (note.textContent !== text) note.textContent = text
    }
  }

  #choice(name: ShelfName, label: string) {
    const input = element('input', { type: 'radio', name: 'shelf', value: name, id: `shelf-${name}` })
    input.addEventListener('change', () => this.library.choose(name))
    const note = element('span', { class: 'note' })
    this.#row.append(element('label', {}, input, element('span', { class: 'name' }, label), note))
    return { input, note }
  }
}

function stateOf({ info, failure }: Shelf): string {
  if (failure) return 'not available'
  if (!info) return 'opening …'
  return info.documents === 0 ? 'none yet' : count(info.documents, 'document')
}
