import type { Progress } from 'maxsift'
import { element } from '../reader/dom.ts'
import { bytes } from '../ui/words.ts'

/** Stands in the place of the search box until an index is open. */
export class Loading {
  readonly #text = element('p', { id: 'loading-text' }, 'Starting …')
  readonly #bar = element('progress', { 'aria-labelledby': 'loading-text' })
  readonly element = element('div', { class: 'loading' }, this.#text, this.#bar)

  progress({ stage, loaded, total }: Progress): void {
    if (stage === 'encode') return
    if (total) {
      this.#bar.max = total
      this.#bar.value = loaded
    } else this.#bar.removeAttribute('value')
    const what = stage === 'model' ? 'Loading the model, once' : 'Opening the index'
    this.#text.textContent = `${what}: ${bytes(loaded)}${total ? ` of ${bytes(total)}` : ''}`
  }
}
