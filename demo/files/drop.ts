import { element } from '../reader/dom.ts'
import { button } from '../ui/button.ts'
import { chosen, dropped, type Given } from './given.ts'
import { ENDINGS } from './read.ts'

/** The ways in which files come into the page. */
export class Doors {
  readonly #files = picker({ multiple: true, accept: ENDINGS.join() }, 'files')
  readonly #folder = picker({ webkitdirectory: true }, 'folder')

  /** @param take gets what was given */
  constructor(private readonly take: (given: Given) => void) {
    for (const input of [this.#files, this.#folder]) {
      input.addEventListener('change', () => {
        const given = chosen(input.files ?? [])
        // Choosing the same again must fire again.
        input.value = ''
        take(given)
      })
      document.body.append(input)
    }
    this.#watchDrops()
  }

  buttons(): HTMLElement[] {
    return [button('Add files', () => this.#files.click()), button('Add a folder', () => this.#folder.click())]
  }

  /** The whole page takes drops; while something hangs over it, it says so. */
  #watchDrops(): void {
    const veil = element(
      'div',
      { class: 'veil', hidden: true },
      element('p', {}, 'Drop files or folders to search them'),
    )
    document.body.append(veil)
    let over: ReturnType<typeof setTimeout> | undefined
    const clear = () => {
      clearTimeout(over)
      veil.hidden = true
    }
    document.addEventListener('dragover', (event) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      event.dataTransfer!.dropEffect = 'copy'
      clearTimeout(over)
      veil.hidden = false
      // While something hangs over the page this comes many times a second; that it has left is not always told.
      over = setTimeout(clear, 500)
    })
    document.addEventListener('drop', (event) => {
      clear()
      if (!hasFiles(event)) return
      event.preventDefault()
      void dropped(event.dataTransfer!.items).then(this.take)
    })
  }
}

const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false

/** Opened by a button, so that it is neither seen nor reached by itself. */
function picker(attributes: Record<string, string | boolean>, name: string): HTMLInputElement {
  return element('input', { type: 'file', id: `pick-${name}`, hidden: true, ...attributes })
}
