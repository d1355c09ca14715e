/** MaxSim of many queries with many passages, on the CPU. */
import type { Codec } from '../codec/codec.ts'
import { type PackedQuery, packQuery, score, type Values } from '../cpu/maxsim.ts'

/** Token vectors of several texts, one after the other. */
export interface Vectors {
  dim: number
  /** (rows, dim) f32. */
  values: Float32Array
  /** First row of each text, and the number of rows at the end. */
  starts: Uint32Array
}

/** Token vectors as a codec keeps them, in numbers: value = code · scale of its row. */
export interface Coded {
  values: Values
  /** (rows); null where every scale is 1. */
  scales: Float32Array | null
  starts: Uint32Array
}

/** What scoring has to work with once vectors have been through a codec: rounded as an index rounds them. */
export function throughCodec({ values, starts, dim }: Vectors, codec: Codec): Coded {
  if (codec.id === 'f32') return { values, scales: null, starts }
  const { codes, scales } = codec.encode(values, dim)
  if (!codec.scaled) return { values: codec.decode({ codes, scales }, dim), scales: null, starts }
  // Converted once for all queries: products of f32 are faster than those of bytes.
  return { values: new Float32Array(new Int8Array(codes.buffer)), scales, starts }
}

export function packQueries({ dim, values, starts }: Vectors): PackedQuery[] {
  return Array.from({ length: starts.length - 1 }, (_, query) =>
    packQuery(values.subarray(starts[query] * dim, starts[query + 1] * dim), dim),
  )
}

/**
 * MaxSim of every query with every passage.
 * @returns (queries, passages) f32; −Infinity for a passage without rows.
 */
export function maxSim(queries: readonly PackedQuery[], { values, scales, starts }: Coded): Float32Array {
  const count = starts.length - 1
  const scores = new Float32Array(queries.length * count).fill(Number.NEGATIVE_INFINITY)
  // A passage stays in the cache while all queries pass over it.
  for (let passage = 0; passage < count; passage++) {
    const [from, to] = [starts[passage], starts[passage + 1]]
    if (from === to) continue
    for (let query = 0; query < queries.length; query++) {
      scores[query * count + passage] = score(queries[query], values, scales, from, to)
    }
  }
  return scores
}
