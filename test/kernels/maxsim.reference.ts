export interface BestToken {
  /** Index within the passage; the first of equals. */
  token: number
  similarity: number
}

/** Of every query row, the token vector of the passage with the largest dot product, in double precision. */
export function bestTokens(query: Float32Array, passage: Float32Array, dim: number): BestToken[] {
  const rows = query.length / dim
  const tokens = passage.length / dim
  return Array.from({ length: rows }, (_, row) => {
    let best: BestToken = { token: -1, similarity: Number.NEGATIVE_INFINITY }
    for (let token = 0; token < tokens; token++) {
      let similarity = 0
      for (let i = 0; i < dim; i++) similarity += query[row * dim + i] * passage[token * dim + i]
      if (similarity > best.similarity) best = { token, similarity }
    }
    return best
  })
}

/** MaxSim: the sum of every query row's largest dot product; −Infinity for a passage without token vectors. */
export function maxSim(query: Float32Array, passage: Float32Array, dim: number): number {
  return bestTokens(query, passage, dim).reduce((sum, { similarity }) => sum + similarity, 0)
}
