import type { PassageHit } from '../index.ts'

/** `[start, end, weight]` in a text; in order, apart, within the text, weights from 0 to 1. */
export type Mark = readonly [start: number, end: number, weight: number]

/** A word longer than this is cut inside: it is no word of a language. */
const LONGEST_WORD = 40
/** How far around a cut the text is looked at. */
const AROUND = 2 * LONGEST_WORD

/** The highlights of a passage that can be drawn; an index from elsewhere may hold anything. */
export function marksOf({ text, highlights }: Pick<PassageHit, 'text' | 'highlights'>): Mark[] {
  const marks: Mark[] = []
  for (const [start, end, weight] of [...highlights].sort((a, b) => a[0] - b[0])) {
    const whole = Number.isInteger(start) && Number.isInteger(end)
    if (!whole || start < (marks.at(-1)?.[1] ?? 0) || end <= start || end > text.length) continue
    marks.push([start, end, Math.min(1, Math.max(0, weight || 0))])
  }
  return marks
}

/** The marks within a range, cut at its ends. */
export function within(marks: readonly Mark[], from: number, to: number): Mark[] {
  return marks
    .filter(([start, end]) => end > from && start < to)
    .map(([start, end, weight]): Mark => [Math.max(start, from), Math.min(end, to), weight])
}

/**
 * The part of a text to show: at most about `length` UTF-16 units, with the most weight of marks in it and these in its
 * middle, cut between words.
 * @param from The part starts here or later
 */
export function bestPart(text: string, marks: readonly Mark[], length: number, from = 0): [number, number] {
  const whole = trimmed(text, from, text.length)
  if (whole[1] - whole[0] <= length) return whole
  const [start, end] = heaviest(within(marks, ...whole), length) ?? [whole[0], whole[0]]
  const slack = Math.max(0, length - (end - start))
  const first = Math.max(whole[0], Math.min(start - Math.floor(slack / 2), whole[1] - length))
  const last = Math.min(whole[1], first + length)
  return [
    first === whole[0] ? first : Math.min(nextWord(text, first), Math.max(start, first)),
    last === whole[1] ? last : Math.max(lastWord(text, last), Math.min(end, last)),
  ]
}

/** The next place where a part may begin: no word is cut there, and nothing hangs on to what is left out. */
function nextWord(text: string, at: number): number {
  const from = wordBoundary(text, at, 1)
  const hanging = /^[^\p{L}\p{N}\p{S}\p{Ps}\p{Pi}]+/u.exec(text.slice(from, from + AROUND))
  return from + (hanging?.[0].length ?? 0)
}

/** The last place where a part may end. */
function lastWord(text: string, at: number): number {
  const to = wordBoundary(text, at, -1)
  const hanging = /[\s\p{Ps}\p{Pi}]+$/u.exec(text.slice(Math.max(0, to - AROUND), to))
  return to - (hanging?.[0].length ?? 0)
}

/** From the first to the last of those neighbours that weigh most together within `length`. */
function heaviest(marks: readonly Mark[], length: number): [number, number] | null {
  let best: [number, number] | null = null
  let most = -1
  let weight = 0
  for (let first = 0, next = 0; first < marks.length; weight -= marks[first][2], first++) {
    while (next < marks.length && (next === first || marks[next][1] - marks[first][0] <= length))
      weight += marks[next++][2]
    // A later one must weigh more by more than the rounding of the running sum.
    if (weight <= most + 1e-9) continue
    most = weight
    best = [marks[first][0], marks[next - 1][1]]
  }
  return best
}

/** The range without white space at its ends. */
function trimmed(text: string, from: number, to: number): [number, number] {
  const part = text.slice(from, to)
  const start = from + part.length - part.trimStart().length
  return [start, Math.max(start, to - (part.length - part.trimEnd().length))]
}

const segmenters = new Map<string, Intl.Segmenter>()

function segmentAt(text: string, at: number, granularity: 'word' | 'grapheme'): { start: number; end: number } {
  const segmenter = segmenters.get(granularity) ?? new Intl.Segmenter(undefined, { granularity })
  segmenters.set(granularity, segmenter)
  const from = Math.max(0, at - AROUND)
  const found = segmenter.segment(text.slice(from, at + AROUND)).containing(at - from)
  if (!found) return { start: at, end: at }
  return { start: from + found.index, end: from + found.index + found.segment.length }
}

/** The nearest place before (-1) or after (1) `at` where no word, or else no character, is cut. */
function wordBoundary(text: string, at: number, direction: 1 | -1): number {
  const word = wordAround(text, at)
  if (word.start === at) return at
  return direction === 1 ? word.end : word.start
}

/** The word at a place; of an overlong one only the character there. */
export function wordAround(text: string, at: number): { start: number; end: number } {
  const word = segmentAt(text, at, 'word')
  return word.end - word.start <= LONGEST_WORD ? word : segmentAt(text, at, 'grapheme')
}
