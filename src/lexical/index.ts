/** Lexical search over passages, and fusion of two rankings. */
import { Bm25, type QueryTerm } from './bm25.ts'
import { alternatives, completions } from './expand.ts'
import { fold } from './fold.ts'
import { type Located, locateRuns, locateTerms } from './locate.ts'
import { parseQuery } from './query.ts'
import type { Span } from './span.ts'
import { documentTerms, isStopWord, runs } from './terms.ts'
import type { Placed } from './top.ts'

export { cut } from './cut.ts'
export { type RankedDocument, rankDocuments } from './documents.ts'
export { FUSED, FUSION, FUSIONS, type Fusion, fuse } from './fusion.ts'
export type { Located } from './locate.ts'
export type { Placed } from './top.ts'

export interface LexicalPassage {
  title?: string
  text: string
}

export interface LexicalOptions {
  /** Light stemming of English, and queries without its stop words where others remain; by default true. */
  english?: boolean
  /** How many words of the text one in the title is worth; by default 2. */
  titleBoost?: number
}

export interface LexicalSearchOptions {
  /** At most so many passages. */
  depth: number
  /** The query may be unfinished: its last word also stands for those that begin with it. By default false. */
  typing?: boolean
  /** Leaves passages out. */
  accept?: (ordinal: number) => boolean
}

/** A word of a query. */
export interface WordMatch extends Located {
  /** What it adds to the score; those of all words add up to it. */
  share: number
  /** Where the text of the passage has it; in the title it may stand, too. */
  matches: Located[]
}

/**
 * Passages by their words, ranked by BM25. Words are equal whatever their case, accents and, in English, common
 * endings; a word that occurs nowhere stands for those one or two letters away. Scripts without blanks are searched by
 * pairs of characters. Passages are kept by reference: quoted spans are looked up in them.
 */
export class LexicalIndex {
  readonly #bm25 = new Bm25()
  readonly #passages = new Map<number, LexicalPassage>()
  readonly #english: boolean
  readonly #titleBoost: number

  constructor({ english = true, titleBoost = 2 }: LexicalOptions = {}) {
    this.#english = english
    this.#titleBoost = titleBoost
  }

  /** Passages that are there. */
  get size(): number {
    return this.#bm25.size
  }

  /** @returns its ordinal: the number of passages added before, also of those that were removed. */
  add({ title, text }: LexicalPassage): number {
    const passage = title ? { title, text } : { text }
    const ordinal = this.#bm25.add(this.#counts(passage))
    this.#passages.set(ordinal, passage)
    return ordinal
  }

  /** What is left ranks as if it had never been there. @returns whether there was such a passage. */
  remove(ordinal: number): boolean {
    const passage = this.#passages.get(ordinal)
    if (!passage) return false
    this.#bm25.remove(ordinal, this.#counts(passage))
    return this.#passages.delete(ordinal)
  }

  /**
   * Passages with at least one word of the query and every quoted span in title or text, best first; equal scores in
   * the order in which the passages were added.
   */
  search(query: string, { depth, typing = false, accept = () => true }: LexicalSearchOptions): Placed[] {
    const { words, spans } = this.#parse(query, typing)
    const held = (ordinal: number) => holds(this.#passages.get(ordinal)!, spans)
    const terms = words.flatMap(({ terms }) => terms)
    return this.#bm25.search(terms, depth, (ordinal) => accept(ordinal) && held(ordinal))
  }

  /** Why a passage is found: what each word of the query adds to its score, and where the passage has it. */
  explain(query: string, ordinal: number, { typing = false }: Pick<LexicalSearchOptions, 'typing'> = {}): WordMatch[] {
    const passage = this.#passages.get(ordinal)!
    const places = locateTerms(passage.text, this.#english)
    const asked = locateRuns(query)
    return this.#parse(query, typing).words.map(({ place, terms }) => {
      const found = new Set(terms.flatMap(({ alternatives }) => [...alternatives.keys()]))
      const matches = places.filter(({ term }) => found.has(term)).map(({ start, end }) => ({ start, end }))
      const share = this.#bm25.parts(terms, ordinal).reduce((sum, part) => sum + part, 0)
      return { start: asked[place].start, end: asked[place].end, share, matches }
    })
  }

  /** The words of a query that count, with the terms that stand for them. */
  #parse(query: string, typing: boolean): { words: { place: number; terms: QueryTerm[] }[]; spans: Span[] } {
    const { words, spans, open } = parseQuery(query)
    const unfinished = typing && open ? words.at(-1) : undefined
    const spare = (word: (typeof words)[number]) =>
      this.#english && isStopWord(word.run) && !word.quoted && word !== unfinished
    const wanted = words.every(spare) ? words : words.filter((word) => !spare(word))
    const terms = wanted.map((word) => {
      const found = (word === unfinished ? completions : alternatives)(this.#bm25, word.run, this.#english)
      return {
        place: words.indexOf(word),
        terms: found.map((alternatives) => ({ alternatives, required: word.quoted })),
      }
    })
    return { words: terms, spans }
  }

  #counts({ title = '', text }: LexicalPassage): Map<string, number> {
    const counts = new Map<string, number>()
    for (const [field, weight] of [
      [title, this.#titleBoost],
      [text, 1],
    ] as const) {
      for (const run of runs(fold(field))) {
        for (const term of documentTerms(run, this.#english)) counts.set(term, (counts.get(term) ?? 0) + weight)
      }
    }
    return counts
  }
}

/**
 * The filter that quoted spans in a query are, for passages found in another way: title or text holds each of them.
 * @returns null where nothing is quoted.
 */
export function quotedFilter(query: string): ((passage: LexicalPassage) => boolean) | null {
  const { spans } = parseQuery(query)
  return spans.length === 0 ? null : (passage) => holds(passage, spans)
}

function holds({ title = '', text }: LexicalPassage, spans: readonly Span[]): boolean {
  if (spans.length === 0) return true
  const fields = [title, text].map(fold)
  return spans.every((span) => fields.some((field) => span.in(field)))
}
