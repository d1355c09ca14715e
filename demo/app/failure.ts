import { isHopeless, type Library, type ShelfName } from '../library/library.ts'
import { element } from '../reader/dom.ts'
import { unavailableSection } from '../unavailable/unavailable.ts'

/** Stands in the place of the search box while what is to be searched cannot be opened. */
export class Failure {
  readonly element = element('div', { class: 'failure-place' })
  #shown: Error | null = null
  #of: ShelfName | null = null

  constructor(private readonly library: Library) {}

  show(): void {
    const { library } = this
    const { current, shelf } = library
    // What cannot be mended by trying again is told elsewhere.
    const failure = shelf.failure && !isHopeless(shelf.failure) ? shelf.failure : null
    if (failure === this.#shown) return
    // One that tries again shows by itself what came of it.
    const isTrying = failure !== null && this.#shown !== null && this.#of === current
    this.#shown = failure
    this.#of = current
    if (isTrying) return
    // A page learns only when it is loaded that there is WebGPU now.
    const retry = failure?.code === 'WEBGPU_UNAVAILABLE' ? undefined : () => library.reopen(current)
    this.element.replaceChildren(...(failure ? [unavailableSection(failure, { retry })] : []))
  }
}
