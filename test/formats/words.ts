import fc from 'fast-check'
import type { Content } from '../../src/formats/sections.ts'

/** All words of a document, title first where the text does not have it. */
export function wordsOf(content: Content | { text: string }): string[] {
  const texts = 'text' in content ? [content.text] : content.passages.map(({ text }) => text)
  return texts.flatMap((text) => text.match(/[\p{L}\p{N}_]+/gu) ?? [])
}

/** Words, and a text of them. */
export function propertyWords() {
  const word = fc.stringMatching(/^[a-z]{1,8}[0-9]{0,2}$/)
  const gap = fc.constantFrom(' ', '\n', '\n\n', '  ', '. ', ', ', '\t', '\r\n')
  return fc.array(fc.tuple(word, gap), { maxLength: 40 }).map((pairs) => ({
    words: pairs.map(([word]) => word),
    text: pairs.flat().join(''),
  }))
}
