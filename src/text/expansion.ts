import type { ExpansionSpec } from '../model/spec.ts'

/** Expansion rows that a dynamic length leaves at least. */
export const LEAST_EXPANSION = 8

/** What `rerankers` (AnswerDotAI) pads to in the place of the paper's rule: not past a multiple, but past half of one. */
const beyond = (count: number, step: number) =>
  count % step <= LEAST_EXPANSION ? count + LEAST_EXPANSION : Math.ceil(count / step) * step

/**
 * Rows of a query of `count` tokens, markers included.
 *
 * `dynamic` is the rule of JaColBERTv2.5 (arXiv 2407.20750, section 3.5): the next multiple of `length`, or eight more
 * than there are tokens where that would leave fewer than eight expansion rows. `rerankers-16` and `rerankers-32` are
 * what the library rerankers runs for it and ran before (`colbert_ranker.py`).
 */
export function expandedLength(
  { strategy, length }: Pick<ExpansionSpec, 'strategy' | 'length'>,
  count: number,
): number {
  switch (strategy) {
    case 'fixed':
    case 'min':
      return Math.max(count, length)
    case 'dynamic': {
      const next = Math.ceil(count / length) * length
      return next - count < LEAST_EXPANSION ? count + LEAST_EXPANSION : next
    }
    case 'rerankers-16':
      return beyond(count, 16)
    case 'rerankers-32':
      return beyond(count, 32)
  }
}
