/** What most models do not need, as a script of its own that the engine imports by its address: other tokenizers than
 * BERT's, and rerankers. */
export { rerankerStyle } from '../model/reranker.ts'
export { scorePairs } from '../search/reranker.ts'
export { createModel, createNormalizer } from '../text/families.ts'
