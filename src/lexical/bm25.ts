import SearchableMap from 'minisearch/SearchableMap'
import { type Placed, Top } from './top.ts'

const K1 = 1.2
const B = 0.75

/** Parallel, ascending by document. */
interface Postings {
  documents: number[]
  counts: number[]
}

/** How often each term stands in a document; more than that for a field that weighs more. */
export type Counts = ReadonlyMap<string, number>

/** Terms that count as one term of a query, each with how much an occurrence is worth. */
export type Alternatives = ReadonlyMap<string, number>

export interface QueryTerm {
  alternatives: Alternatives
  /** Documents without it are not found. */
  required?: boolean
}

/**
 * BM25 as Lucene has it since version 8, with exact document lengths, over `minisearch`'s radix tree of terms, which
 * finds prefixes and misspellings. Not over `minisearch` itself: that multiplies a document's score by the number of
 * terms matched, takes lengths in distinct terms, and never shows the counts of which another score could be made.
 * S. Robertson, H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; Lucene's `BM25Similarity`.
 * Fields that weigh more add more to a count, and to the length: S. Robertson, H. Zaragoza, M. Taylor, "Simple BM25
 * Extension to Multiple Weighted Fields", CIKM 2004.
 */
export class Bm25 {
  readonly #postings = new Map<string, Postings>()
  /** Its keys are those of the postings; on the way through a tree, indexing takes twice the time. */
  readonly #terms = new SearchableMap<true>()
  /** By document, also of those removed. */
  readonly #lengths: number[] = []
  #size = 0
  #total = 0

  /** Documents that are there. */
  get size(): number {
    return this.#size
  }

  /** @returns its ordinal: the number of documents added before, also of those that were removed. */
  add(counts: Counts): number {
    const document = this.#lengths.length
    let length = 0
    for (const [term, count] of counts) {
      let postings = this.#postings.get(term)
      if (!postings) {
        postings = { documents: [], counts: [] }
        this.#postings.set(term, postings)
        this.#terms.set(term, true)
      }
      postings.documents.push(document)
      postings.counts.push(count)
      length += count
    }
    this.#lengths.push(length)
    this.#total += length
    this.#size++
    return document
  }

  /** @param counts Those with which it was added. */
  remove(document: number, counts: Counts): void {
    for (const term of counts.keys()) {
      const postings = this.#postings.get(term)!
      if (postings.documents.length === 1) {
        this.#postings.delete(term)
        this.#terms.delete(term)
        continue
      }
      const at = placeOf(postings.documents, document)
      postings.documents.splice(at, 1)
      postings.counts.splice(at, 1)
    }
    this.#total -= this.#lengths[document]
    this.#size--
  }

  has(term: string): boolean {
    return this.#postings.has(term)
  }

  startingWith(prefix: string): string[] {
    return [...this.#terms.atPrefix(prefix).keys()]
  }

  /** Terms within an edit distance of `most`, with their distance. */
  near(term: string, most: number): [term: string, distance: number][] {
    return Array.from(this.#terms.fuzzyGet(term, most), ([other, [, distance]]) => [other, distance])
  }

  /**
   * Documents with at least one term of the query, best first.
   * @param query Its terms; one that stands there twice counts twice.
   * @param accept Leaves documents out. It is asked of those alone that would be among the best.
   */
  search(query: readonly QueryTerm[], depth: number, accept: (document: number) => boolean = () => true): Placed[] {
    const scores = new Float64Array(this.#lengths.length)
    const counts = new Float64Array(this.#lengths.length)
    /** How many of the required terms each document holds. */
    const held = new Uint32Array(this.#lengths.length)
    for (const { alternatives, required = false } of query) {
      const touched = this.#count(alternatives, counts)
      for (const document of touched) {
        scores[document] += this.#part(counts[document], touched.length, document)
        counts[document] = 0
        held[document] += Number(required)
      }
    }
    const requirements = query.filter(({ required }) => required).length
    const top = new Top(depth)
    scores.forEach((score, document) => {
      if (score > 0 && held[document] === requirements && top.admits(document, score) && accept(document)) {
        top.offer(document, score)
      }
    })
    return top.list()
  }

  /** What each term of the query adds to the score of a document. */
  parts(query: readonly QueryTerm[], document: number): number[] {
    const counts = new Float64Array(this.#lengths.length)
    return query.map(({ alternatives }) => {
      const touched = this.#count(alternatives, counts)
      const part = counts[document] === 0 ? 0 : this.#part(counts[document], touched.length, document)
      for (const each of touched) counts[each] = 0
      return part
    })
  }

  /** @param having Documents that hold the term. */
  #part(count: number, having: number, document: number): number {
    const idf = Math.log(1 + (this.#size - having + 0.5) / (having + 0.5))
    const norm = K1 * (1 - B + (B * this.#lengths[document] * this.#size) / this.#total)
    return (idf * count) / (count + norm)
  }

  /** @returns the documents that hold one of them. */
  #count(alternatives: Alternatives, into: Float64Array): number[] {
    const touched: number[] = []
    // In one order, whatever the tree went through: sums in another one differ in their last bits.
    for (const [term, weight] of [...alternatives].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { documents, counts } = this.#postings.get(term) ?? { documents: [], counts: [] }
      documents.forEach((document, i) => {
        if (into[document] === 0) touched.push(document)
        into[document] += weight * counts[i]
      })
    }
    return touched
  }
}

/** Binary search for a value that is there. */
function placeOf(ascending: readonly number[], value: number): number {
  let low = 0
  for (let high = ascending.length - 1; low < high; ) {
    const middle = (low + high) >> 1
    if (ascending[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}
