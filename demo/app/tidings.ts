import type { MaxsiftError } from 'maxsift'
import { interrupted } from '../intake/interrupted.ts'
import { isHopeless, type Library } from '../library/library.ts'
import { ask } from '../ui/ask.ts'
import type { Notices } from '../ui/notices.ts'
import { count, number } from '../ui/words.ts'

/** Says what a person has to know about the state of their documents. */
export class Tidings {
  #failure: MaxsiftError | null = null
  #pending = 0

  constructor(
    private readonly notices: Notices,
    private readonly library: Library,
  ) {}

  show(): void {
    const { failure, info } = this.library.own
    if (failure !== this.#failure) {
      this.#failure = failure
      if (failure && isHopeless(failure)) this.#tellHopeless(failure)
      else this.notices.hide('own')
    }
    const pending = info?.pending ?? 0
    if (pending === this.#pending) return
    this.#pending = pending
    if (pending === 0) this.notices.hide('pending')
  }

  /** What the last visit left unfinished. */
  async lastVisit(): Promise<void> {
    const pending = this.library.own.info?.pending ?? 0
    if (pending > 0)
      this.notices.show('pending', { text: `Going on with ${count(pending, 'document')} of your last visit …` })
    const reading = await interrupted()
    if (!reading) return
    const { label, files, done } = reading
    this.notices.show('last visit', {
      text:
        `When this page was closed, ${number(files - done)} of ${count(files, 'file')} of ${label} had not been read. ` +
        'A page cannot open your files again by itself: drop them here once more. What is indexed already is skipped.',
    })
  }

  #tellHopeless(failure: MaxsiftError): void {
    this.notices.tell('own', failure, [{ label: 'Remove your documents', act: () => void this.#remove(failure) }])
  }

  async #remove(failure: MaxsiftError): Promise<void> {
    const title = 'Remove your documents?'
    const text =
      'They are removed from this browser: texts and index. Your files are not touched; you can add them again.'
    if (!(await ask({ title, text, action: 'Remove' }))) return this.#tellHopeless(failure)
    await this.library.removeOwn().catch((error) => this.notices.tell('own', error))
  }
}
