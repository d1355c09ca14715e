import { bestTokens, maxSim } from './maxsim.reference.ts'

/** The best passages of one document: score descending, then as they come; without those that have no token vectors. */
export function bestPassages(query: Float32Array, passages: readonly Float32Array[], dim: number, count: number) {
  return passages
    .map((vectors, passage) => ({
      passage,
      score: maxSim(query, vectors, dim),
      tokens: bestTokens(query, vectors, dim),
    }))
    .filter(({ score }) => Number.isFinite(score))
    .sort((a, b) => b.score - a.score || a.passage - b.passage)
    .slice(0, count)
}
