/** Which terms of an index stand for a word of a query. */
import type { Alternatives, Bm25 } from './bm25.ts'
import { stem } from './stemmer.ts'
import { queryTerms, type Run } from './terms.ts'

// The weights of minisearch: both fall with the distance, that of a prefix slowly.
const prefixWeight = (length: number, more: number) => (0.375 * length) / (length + 0.3 * more)
const fuzzyWeight = (length: number, distance: number) => (0.45 * length) / (length + distance)

/** What may still come of a word that ends in one of our endings: its stem is shorter than what is typed. */
const ENDINGS = ['g', 'ng', 's', 'd']

/** What is searched for one word. Each element counts as one term of the query. */
export function alternatives(index: Bm25, run: Run, english: boolean): Alternatives[] {
  const terms = queryTerms(run, english)
  if (run.kind === 'dense') {
    return [...run.text].length === 1 ? [even(index.startingWith(run.text))] : terms.map((term) => even([term]))
  }
  const [term] = terms
  return [run.kind === 'sign' || index.has(term) ? even([term]) : misspelt(index, term)]
}

/** Of a word that may go on. */
export function completions(index: Bm25, run: Run, english: boolean): Alternatives[] {
  if (run.kind !== 'word') return alternatives(index, run, english)
  const { text } = run
  const weights = new Map<string, number>()
  for (const term of index.startingWith(text)) {
    weights.set(term, prefixWeight(term.length, term.length - text.length))
  }
  const whole = english ? ['', ...ENDINGS].map((ending) => stem(text + ending)) : [text]
  for (const term of whole) if (index.has(term)) weights.set(term, 1)
  return weights.size > 0 ? [weights] : alternatives(index, run, english)
}

const even = (terms: readonly string[]): Alternatives => new Map(terms.map((term) => [term, 1]))

/** A number with another digit is another number, and short words are all near each other. */
function misspelt(index: Bm25, term: string): Alternatives {
  if (term.length < 4 || /\p{N}/u.test(term)) return new Map()
  const near = index.near(term, term.length < 8 ? 1 : 2)
  return new Map(near.map(([other, distance]) => [other, fuzzyWeight(other.length, distance)]))
}
