import { type Placed, Top } from './top.ts'

/** `rrf`: by reciprocal rank; `score`: by scores made comparable. */
export const FUSIONS = ['rrf', 'score'] as const
export type Fusion = (typeof FUSIONS)[number]

/** How rankings are fused unless something else is asked for: what was best on the mean of test collections. */
export const FUSION: Fusion = 'score'
/** Documents of each ranking that are fused, unless more are asked for. */
export const FUSED = 100

/** As in the paper. */
const K = 60

/**
 * One ranking of two: a document gets the sum of what each gives it, nothing where it is missing.
 *
 * `rrf`: 1 / (60 + rank), ranks from 1. G. V. Cormack, C. L. A. Clarke, S. Büttcher, "Reciprocal Rank Fusion
 * Outperforms Condorcet and Individual Rank Learning Methods", SIGIR 2009.
 * `score`: half of (score − lowest) / (highest − lowest), each over its own ranking; 1 in the place of the quotient
 * where all scores are equal. J. H. Lee, "Analyses of Multiple Evidence Combination", SIGIR 1997.
 * @param a Best first, each document once; scores are finite.
 * @param depth At most so many documents; by default all.
 * @returns by score, then by ordinal.
 */
export function fuse(
  by: Fusion,
  a: readonly Placed[],
  b: readonly Placed[],
  depth = Number.POSITIVE_INFINITY,
): Placed[] {
  const scores = new Map<number, number>()
  const sharesOf = by === 'rrf' ? reciprocalRanks : normalizedScores
  for (const ranking of [a, b]) {
    const shares = sharesOf(ranking)
    ranking.forEach(({ ordinal }, i) => {
      scores.set(ordinal, (scores.get(ordinal) ?? 0) + shares[i])
    })
  }
  const top = new Top(Math.min(depth, scores.size))
  for (const [ordinal, score] of scores) top.offer(ordinal, score)
  return top.list()
}

const reciprocalRanks = (ranking: readonly Placed[]): number[] => ranking.map((_, i) => 1 / (K + i + 1))

function normalizedScores(ranking: readonly Placed[]): number[] {
  if (ranking.length === 0) return []
  const [highest, lowest] = [ranking[0].score, ranking[ranking.length - 1].score]
  return ranking.map(({ score }) => (highest === lowest ? 1 : (score - lowest) / (highest - lowest)) / 2)
}
