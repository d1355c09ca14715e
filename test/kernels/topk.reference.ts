export interface Scored {
  document: number
  score: number
}

/**
 * The k best documents by sorting them all: score descending, then ordinal ascending. A document scores as its best
 * passage; one that is not alive, or without a passage that has token vectors (null), is no hit.
 */
export function topDocuments(documents: readonly (readonly (number | null)[])[], alive: readonly boolean[], k: number) {
  const hits: Scored[] = []
  documents.forEach((passages, document) => {
    const scores = passages.filter((score) => score !== null)
    if (alive[document] && scores.length > 0) hits.push({ document, score: Math.max(...scores) })
  })
  return hits.sort((a, b) => b.score - a.score || a.document - b.document).slice(0, k)
}
