/** MaxSim of all queries with the documents of a part: what a thread does. */
import { type CodecId, codecOf } from '../../codec/codec.ts'
import type { PackedQuery } from '../../cpu/maxsim.ts'
import { maxSim, throughCodec } from '../../eval/maxsim.ts'

export interface ScoringTask {
  dim: number
  codec: CodecId
  /** (rows, dim) f32. */
  values: Float32Array
  starts: Uint32Array
  /** Document of each passage, and how many there are. */
  owners: Uint32Array
  documents: number
}

/**
 * A document's score is the highest among its passages.
 * @returns (queries, documents) f32; −Infinity for a document without token vectors.
 */
export function scoreDocuments(queries: readonly PackedQuery[], task: ScoringTask): Float32Array {
  const { dim, codec, values, starts, owners, documents } = task
  const passages = maxSim(queries, throughCodec({ dim, values, starts }, codecOf({ id: codec })))
  const count = owners.length
  const scores = new Float32Array(queries.length * documents).fill(Number.NEGATIVE_INFINITY)
  for (let query = 0; query < queries.length; query++) {
    for (let passage = 0; passage < count; passage++) {
      const at = query * documents + owners[passage]
      scores[at] = Math.max(scores[at], passages[query * count + passage])
    }
  }
  return scores
}
