/**
 * Puts the text of a document together from its passages. Passages that an index cut overlap each other and lie inside
 * the sections that the caller gave: any mix of them will do. All ranges are UTF-16 units of the document's text.
 */

export interface ReaderPassage {
  text: string
  /** Where `text` lies in the document's text. */
  start: number
  end: number
  heading?: string
  /** Tells two sections with the same heading apart. */
  anchor?: string
  /** `[start, end, weight]` in `text`: the words that made the passage match. */
  highlights?: readonly (readonly [number, number, number])[]
}

/** Text without a hole. `text.length` is `end - start`, so that a range of the document is found by subtraction. */
export interface Section {
  start: number
  end: number
  text: string
  heading?: string
  anchor?: string
  /** Units of the document before this section that no passage holds, and that are more than white space. */
  omitted: number
}

export interface Mark {
  start: number
  end: number
  /** Of the heaviest word of the passage: 0 to 1. */
  weight: number
}

/** Passages hold everything but white space around them; what is missing beyond this is missing text. */
const MOST_WHITE_SPACE = 64

/** The sections of a document, in text order. What several passages hold is there once. */
export function assemble(passages: readonly ReaderPassage[]): Section[] {
  const sections: Section[] = []
  // Of two that start together the longer one comes first: the other adds nothing.
  const inOrder = passages.filter(({ text }) => text !== '').sort((a, b) => a.start - b.start || b.end - a.end)
  for (const { text, start, heading, anchor } of inOrder) {
    const last = sections.at(-1)
    const reach = last?.end ?? 0
    const known = Math.max(0, reach - start)
    if (last && known >= text.length) continue
    const fresh = { text: text.slice(known), start: start + known, end: start + text.length }
    const gap = fresh.start - reach
    const omitted = gap > MOST_WHITE_SPACE ? gap : 0
    if (last && omitted === 0 && last.heading === heading && last.anchor === anchor) {
      last.text += whiteSpace(gap) + fresh.text
      last.end = fresh.end
    } else sections.push({ ...fresh, heading, anchor, omitted })
  }
  return sections
}

/** Stands for white space that was cut off: a line's end, or a paragraph's. */
const whiteSpace = (length: number) => '\n\n'.slice(0, length) + ' '.repeat(Math.max(0, length - 2))

/** The highlights of all passages as ranges of the document: in order, apart from each other, the heavier one on top. */
export function marksOf(passages: readonly ReaderPassage[]): Mark[] {
  const all = passages.flatMap(({ text, start, highlights = [] }) => {
    const most = Math.max(...highlights.map(([, , weight]) => weight))
    return highlights
      .map(([from, to, weight]) => ({
        start: start + Math.max(0, from),
        end: start + Math.min(text.length, to),
        weight: most > 0 ? Math.max(0, weight / most) : 0,
      }))
      .filter((mark) => mark.start < mark.end)
  })
  const edges = [...new Set(all.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b)
  all.sort((a, b) => a.start - b.start)
  const marks: Mark[] = []
  let open: Mark[] = []
  let next = 0
  edges.forEach((start, i) => {
    open = open.filter(({ end }) => end > start)
    for (; next < all.length && all[next].start === start; next++) open.push(all[next])
    if (open.length === 0) return
    const weight = Math.max(...open.map((mark) => mark.weight))
    const last = marks.at(-1)
    if (last?.end === start && last.weight === weight) last.end = edges[i + 1]
    else marks.push({ start, end: edges[i + 1], weight })
  })
  return marks
}
