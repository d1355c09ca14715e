/** Where sentences and paragraphs of a text begin. */

/** A piece of the text; pieces follow each other without a gap. */
export interface Piece {
  start: number
  end: number
  /** The first piece of a paragraph. */
  paragraph: boolean
}

/** Sentences are looked for in windows: the platform's segmenter takes quadratic time on a long string. */
const WINDOW = 4096

/** Sentences; a blank line ends one too. One that is longer than a window is cut at white space, or at the window's end. */
export function sentences(text: string): Piece[] {
  const pieces: Piece[] = []
  const boundaries = Array.from(text.matchAll(/\n[^\S\n]*\n\s*/g), (match) => match.index + match[0].length)
  let start = 0
  for (const paragraphEnd of [...boundaries, text.length]) {
    for (let from = start; from < paragraphEnd; ) {
      const whole = paragraphEnd - from <= WINDOW
      const ends = sentenceEnds(text.slice(from, whole ? paragraphEnd : from + windowLength(text, from)))
      // The last sentence of a window may go on after it, so the next window begins with it.
      if (!whole && ends.length > 1) ends.pop()
      else if (!whole) ends[0] = lastSpace(text, from, from + ends[0]) - from
      let at = from
      for (const length of ends) {
        const end = from + length
        // Empty lines are sentences to the platform.
        const blank = at > start && text.slice(at, end).trim() === ''
        if (blank) pieces[pieces.length - 1].end = end
        else pieces.push({ start: at, end, paragraph: at === start })
        at = end
      }
      from = at
    }
    start = paragraphEnd
  }
  return pieces
}

/** A window that does not end within a surrogate pair. */
const windowLength = (text: string, from: number) =>
  /[\ud800-\udbff]/.test(text[from + WINDOW - 1]) ? WINDOW - 1 : WINDOW

/** The position after the last white space between `from` and `to`; `to` where there is none. */
function lastSpace(text: string, from: number, to: number): number {
  for (let at = to; at > from; at--) if (/\s/.test(text[at - 1])) return at
  return to
}

let segmenter: Intl.Segmenter | null | undefined

/** Positions in a text at which its sentences end, each with the white space after it. */
function sentenceEnds(text: string): number[] {
  // One language for all: rules of sentences hardly differ, and an index is to come out the same on every machine.
  segmenter ??=
    typeof Intl !== 'undefined' && 'Segmenter' in Intl ? new Intl.Segmenter('en', { granularity: 'sentence' }) : null
  if (!segmenter) return plainSentenceEnds(text)
  return Array.from(segmenter.segment(text), ({ index, segment }) => index + segment.length)
}

/** For engines without `Intl.Segmenter`: a mark and white space, an ideographic full stop, or the end of a line. */
export function plainSentenceEnds(text: string): number[] {
  const ends = Array.from(
    text.matchAll(/[.!?…][)\]"'”’»]*\s+|[。！？｡][」』）”]*\s*|\n\s*/g),
    (match) => match.index + match[0].length,
  )
  return ends.at(-1) === text.length ? ends : [...ends, text.length]
}
