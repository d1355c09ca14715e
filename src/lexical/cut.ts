import type { Located } from './locate.ts'

/** UTF-16 units of a passage: an abstract or a few paragraphs, enough for a quotation to lie within one. */
const LENGTH = 2_000

/** Ends of sentences and lines. */
const ENDS = /[.!?…][)\]"'”’»]*\s+|[。！？｡][」』）”]*\s*|\n\s*/g

/**
 * Cuts a text into passages that hold everything but white space: at lines, else at sentences, else at white space.
 * The passages of token vectors are cut by a model; these need none.
 */
export function cut(text: string, start = 0, end = text.length): Located[] {
  const passages: Located[] = []
  for (let from = start; from < end; ) {
    const to = end - from <= LENGTH ? end : endWithin(text, from, from + LENGTH)
    const part = text.slice(from, to)
    const first = from + part.length - part.trimStart().length
    if (first < to) passages.push({ start: first, end: from + part.trimEnd().length })
    from = to
  }
  return passages
}

/** Where a passage that begins at `from` best ends, at `most` at the latest. */
function endWithin(text: string, from: number, most: number): number {
  const window = text.slice(from, most)
  let line = 0
  let sentence = 0
  for (const { 0: end, index } of window.matchAll(ENDS)) {
    // At the very end of the window the white space may go on.
    sentence = index + end.length
    if (end.includes('\n')) line = sentence
  }
  if (line > LENGTH / 2) return from + line
  if (sentence > LENGTH / 2) return from + sentence
  const space = window.search(/\s\S*$/)
  if (space > LENGTH / 2) return from + space + 1
  return /[\ud800-\udbff]$/.test(window) ? most - 1 : most
}
