import type { LexicalIndex } from './index.ts'

/** A document found by its best passage. */
export interface RankedDocument<Document> {
  document: Document
  score: number
  /** The ordinal of that passage. */
  passage: number
}

/**
 * Documents by the score of their best passage; equal ones in the order in which those passages were added. A query may
 * be unfinished.
 * @param depth At most so many documents.
 * @param documentOf The document of a passage; null for one that is not to be found.
 */
export function rankDocuments<Document>(
  index: LexicalIndex,
  query: string,
  depth: number,
  documentOf: (passage: number) => Document | null,
): RankedDocument<Document>[] {
  const accept = (passage: number) => documentOf(passage) !== null
  for (let passages = 2 * depth; ; passages *= 4) {
    const found = index.search(query, { depth: passages, typing: true, accept })
    const ranked = new Map<Document, RankedDocument<Document>>()
    for (const { ordinal, score } of found) {
      const document = documentOf(ordinal)!
      if (!ranked.has(document)) ranked.set(document, { document, score, passage: ordinal })
    }
    if (ranked.size >= depth || found.length < passages) return [...ranked.values()].slice(0, depth)
  }
}
