/** Scores of many passages at once, nearly: by a matrix product that is faster than ours, but rounds to f32. */
import type { Layout } from '../kernels/layout.ts'
import { NONE } from '../kernels/maxsim.ts'
import type { Values } from './maxsim.ts'
import type { TokenVectors } from './token-vectors.ts'

/** Takes a query, (rows, dim) f32; gives what multiplies token vectors, (n, dim), with it: (n, rows) f32. */
export type Multiplier = (query: Float32Array, dim: number) => (values: Values) => Promise<Float32Array>

/** Rows of a product: enough for the multiplier to be at its best, few enough to stay in the cache. */
const BLOCK_ROWS = 2_048

/**
 * The scores of all passages of living documents, and `NONE` for the others; each is off by at most `errorOf(query)`.
 * @param multiply What the multiplier gave for the query of so many `rows`.
 */
export async function estimate(
  layout: Layout,
  shards: readonly TokenVectors[],
  multiply: ReturnType<Multiplier>,
  { rows, dim }: { rows: number; dim: number },
  alive: Uint32Array,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const scores = new Float32Array(layout.passageCount).fill(NONE)
  const living = livingPassages(layout, alive)
  for (const [s, { firstPassage, passages }] of layout.shards.entries()) {
    const { values, scales } = shards[s]
    for (let first = firstPassage, end = firstPassage + passages; first < end; ) {
      const block = blockFrom(layout, living, first, end)
      if (block.living) {
        const products = await multiply(values.subarray(block.from * dim, block.to * dim))
        signal?.throwIfAborted()
        for (let passage = first; passage < block.end; passage++) {
          const [from, count] = [layout.passages.at(2 * passage), layout.passages.at(2 * passage + 1)]
          if (count > 0 && living[passage] === 1) {
            scores[passage] = sumOfMaxima(products, from - block.from, count, rows, scales, from)
          }
        }
      }
      first = block.end
    }
  }
  return scores
}

/**
 * A bound of what rounding does to a score: of a dot product in f32, at most dim · 2⁻²⁴ of the lengths, whatever the
 * order of its sums (Higham, Accuracy and Stability of Numerical Algorithms, 3.1). Token vectors have length 1; twice
 * the bound leaves room for codes that do not quite.
 */
export function errorOf(query: Float32Array, dim: number): number {
  let lengths = 0
  for (let row = 0; row < query.length; row += dim) lengths += Math.hypot(...query.subarray(row, row + dim))
  return 2 * dim * 2 ** -24 * lengths
}

/** 1 for each passage of a living document. */
function livingPassages({ starts, documentCount, passageCount }: Layout, alive: Uint32Array): Uint8Array {
  const living = new Uint8Array(passageCount)
  for (let document = 0; document < documentCount; document++) {
    if ((alive[document >>> 5] >>> (document & 31)) & 1) living.fill(1, starts.at(document), starts.at(document + 1))
  }
  return living
}

/** Passages that lie behind each other in a shard: as many as fit a block, at least one. */
function blockFrom({ passages }: Layout, living: Uint8Array, first: number, end: number) {
  const from = passages.at(2 * first)
  const block = { from, to: from, end: first, living: false }
  while (block.end < end) {
    const count = passages.at(2 * block.end + 1)
    if (block.end > first && block.to - from + count > BLOCK_ROWS) break
    block.living ||= count > 0 && living[block.end] === 1
    block.to += count
    block.end++
  }
  return block
}

/** Of products (n, rows), the largest of each column among `count` rows from `start` on, summed. */
function sumOfMaxima(
  products: Float32Array,
  start: number,
  count: number,
  rows: number,
  scales: Float32Array | null,
  from: number,
): number {
  const maxima = new Float32Array(rows).fill(Number.NEGATIVE_INFINITY)
  for (let token = 0; token < count; token++) {
    const scale = scales === null ? 1 : scales[from + token]
    for (let row = 0, at = (start + token) * rows; row < rows; row++, at++) {
      const product = products[at] * scale
      if (product > maxima[row]) maxima[row] = product
    }
  }
  return maxima.reduce((sum, maximum) => sum + maximum, 0)
}
