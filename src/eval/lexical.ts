import MiniSearch from 'minisearch'
import { Bm25 } from '../lexical/bm25.ts'
import { fold } from '../lexical/fold.ts'
import { cut, LexicalIndex, rankDocuments } from '../lexical/index.ts'
import { documentTerms, isStopWord, queryTerms, runs } from '../lexical/terms.ts'
import type { Placed } from '../lexical/top.ts'

/** A lexical index over documents in the order in which they were added. */
export interface Lexical {
  /** Its ordinal is the number of documents before it. */
  add(document: { title: string; text: string }): void
  /** Documents that hold at least one term of the query, best first, at most `depth`. */
  search(query: string, depth: number): Placed[]
}

const terms = (text: string, of: typeof queryTerms): string[] =>
  runs(fold(text)).flatMap((run) => (isStopWord(run) ? [] : of(run, true)))

const whole = ({ title, text }: { title: string; text: string }) => (title === '' ? text : `${title} ${text}`)

/** `minisearch` as it comes (BM25+ with k1 1.2, b 0.7, δ 0.5; any term), with our terms. */
export class MiniSearchBm25 implements Lexical {
  #count = 0
  readonly #index = new MiniSearch<{ id: number; text: string }>({
    fields: ['text'],
    tokenize: (text) => terms(text, documentTerms),
    processTerm: (term) => term,
    searchOptions: { tokenize: (text) => terms(text, queryTerms) },
  })

  add(document: { title: string; text: string }): void {
    this.#index.add({ id: this.#count++, text: whole(document) })
  }

  search(query: string, depth: number): Placed[] {
    return this.#index
      .search(query)
      .map(({ id, score }) => ({ ordinal: id as number, score }))
      .sort((a, b) => b.score - a.score || a.ordinal - b.ordinal)
      .slice(0, depth)
  }
}

/** Plain BM25 over one field, without anything that lexical search adds to it. */
export class LuceneBm25 implements Lexical {
  readonly #index = new Bm25()

  add(document: { title: string; text: string }): void {
    const counts = new Map<string, number>()
    for (const term of terms(whole(document), documentTerms)) counts.set(term, (counts.get(term) ?? 0) + 1)
    this.#index.add(counts)
  }

  search(query: string, depth: number): Placed[] {
    return this.#index.search(
      terms(query, queryTerms).map((term) => ({ alternatives: new Map([[term, 1]]) })),
      depth,
    )
  }
}

/** Lexical search as the package has it: over passages of its own. */
export class PassageSearch implements Lexical {
  readonly #index = new LexicalIndex()
  /** Of each passage. */
  readonly #documents: number[] = []
  #count = 0

  add({ title, text }: { title: string; text: string }): void {
    for (const { start, end } of cut(text)) {
      this.#index.add({ title, text: text.slice(start, end) })
      this.#documents.push(this.#count)
    }
    this.#count++
  }

  search(query: string, depth: number): Placed[] {
    const found = rankDocuments(this.#index, query, depth, (passage) => this.#documents[passage])
    return found.map(({ document, score }) => ({ ordinal: document, score }))
  }
}
