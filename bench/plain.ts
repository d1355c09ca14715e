/** What one would write without a GPU: loops over typed arrays. */
import type { Corpus } from './corpus.ts'

/** Scores of the first `count` passages. @param query (rows, dim) */
export function plainMaxSim(query: Float32Array, corpus: Corpus, count: number): Float32Array {
  const { dim, values } = corpus
  const scores = new Float32Array(count)
  for (let passage = 0; passage < count; passage++) {
    const { from, to } = corpus.place(passage)
    let sum = 0
    for (let start = 0; start < query.length; start += dim) {
      let highest = Number.NEGATIVE_INFINITY
      for (let token = from; token < to; token++) {
        let dot = 0
        for (let i = 0; i < dim; i++) dot += query[start + i] * values[token * dim + i]
        if (dot > highest) highest = dot
      }
      sum += highest
    }
    scores[passage] = sum
  }
  return scores
}

/** Places of the k highest scores, best first; of equal ones the first. */
export function plainTop(scores: Float32Array, k: number): number[] {
  return Array.from(scores.keys())
    .sort((a, b) => scores[b] - scores[a] || a - b)
    .slice(0, k)
}
