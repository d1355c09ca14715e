/** Words that a line end parts put together again. */
import type { Line } from './lines.ts'

const LAST_WORD = /\p{L}+[-\u2010]?$/u
const FIRST_WORD = /^\p{L}+/u
const AND = /^(?:and|or|und|oder|et|ou|y|o|e|en|och|og)$/
/** Written without spaces between words. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u

/** How the words of a document are written where no line end parts them, in lower case. */
export interface Words {
  whole: ReadonlySet<string>
  hyphenated: ReadonlySet<string>
}

export function wordsOf(pages: readonly (readonly Line[])[]): Words {
  const whole = new Set<string>()
  const hyphenated = new Set<string>()
  for (const { text } of pages.flat())
    for (const { 0: word, index } of text.matchAll(/\p{L}+(?:[-\u2010]\p{L}+)*/gu)) {
      // What stands at an end of a line may be a part of a word.
      if (index === 0 || index + word.length === text.length) continue
      const set = /[-\u2010]/.test(word) ? hyphenated : whole
      set.add(plain(word))
    }
  return { whole, hyphenated }
}

const plain = (word: string) => word.toLowerCase().replaceAll('\u2010', '-')

/**
 * Goes on with the next line. A hyphen at the end of a line goes, unless the document has the word with it elsewhere, a
 * name follows (Anglo-Saxon), or it stands for the rest of a word (in- and output). Soft hyphens are not seen here: pdf.js
 * drops them, so that only the document's other words tell that two parts are one.
 */
export function joinLines(text: string, next: string, { whole, hyphenated }: Words): string {
  const first = LAST_WORD.exec(text.slice(-64))?.[0]
  const second = FIRST_WORD.exec(next)?.[0]
  if (first && second) {
    const both = plain(first + second)
    if (!/[-\u2010]$/.test(first)) {
      if (whole.has(both) && !whole.has(plain(first)) && !whole.has(plain(second))) return text + next
    } else if (!AND.test(second)) {
      const kept = /^\p{Lu}/u.test(second) || hyphenated.has(both)
      return (kept ? text : text.slice(0, -1)) + next
    }
  }
  const unspaced = UNSPACED.test(text.slice(-1)) && UNSPACED.test(next[0])
  return text + (unspaced || /[—/]$/.test(text) ? '' : ' ') + next
}
