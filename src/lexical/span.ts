import { LETTER } from './terms.ts'

// Compiled once: that takes milliseconds.
const STARTS = new RegExp(`^${LETTER}`, 'u')
const ENDS = new RegExp(`${LETTER}$`, 'u')

// A word ends where its run does: behind the apostrophe of a possessive, but not within don't.
const BEFORE = new RegExp(`${LETTER}'?$`, 'u')
const AFTER = new RegExp(`^(?:'(?!s(?!'?${LETTER})))?${LETTER}`, 'u')

/** How much of a text BEFORE and AFTER may look at, in UTF-16 code units. */
const REACH = 6

/** Whole words in their order, as they are quoted in a query. */
export class Span {
  readonly #pattern: RegExp
  readonly #starts: boolean
  readonly #ends: boolean

  /** @param quoted Folded; a blank stands for any blanks and punctuation. */
  constructor(quoted: string) {
    const span = quoted.trim()
    const parts = span.split(/\s+/).map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'))
    this.#pattern = new RegExp(parts.join(String.raw`[^\p{L}\p{M}\p{N}\p{RI}\p{Extended_Pictographic}]+`), 'gu')
    this.#starts = STARTS.test(span)
    this.#ends = ENDS.test(span)
  }

  /** @param text Folded. */
  in(text: string): boolean {
    this.#pattern.lastIndex = 0
    for (let found = this.#pattern.exec(text); found; found = this.#pattern.exec(text)) {
      const { index } = found
      const end = index + found[0].length
      const cut =
        (this.#starts && BEFORE.test(text.slice(Math.max(0, index - REACH), index))) ||
        (this.#ends && AFTER.test(text.slice(end, end + REACH)))
      if (!cut) return true
      // The next one may begin within this one.
      this.#pattern.lastIndex = index + String.fromCodePoint(text.codePointAt(index)!).length
    }
    return false
  }
}
