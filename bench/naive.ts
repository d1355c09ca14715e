import type { Capabilities } from '../src/gpu/device.ts'
import type { Plan } from '../src/gpu/kernel.ts'
import { codesWgsl } from '../src/kernels/codes.ts'
import type { SearchIndex } from '../src/kernels/search.ts'
import wgsl from './naive.wgsl'

/** One piece of a naive MaxSim: its two dispatches and the shard that the first one reads. */
export interface NaivePiece {
  shard: number
  matrix: Plan
  reduction: Plan
}

/**
 * Plans the scores of all passages by way of the similarity matrix.
 * Buffers of `matrix`: query, shard, matrix; of `reduction`: matrix, passages, scores.
 */
export function planNaive(
  { dim, bits, layout, shards }: Pick<SearchIndex, 'dim' | 'bits' | 'layout' | 'shards'>,
  rows: number,
  caps: Capabilities,
): { pieces: NaivePiece[]; matrixBytes: number } {
  const limit = Math.min(caps.limits.bindingBytes, 2 ** 27) / (rows * 4)
  // A row of groups along the tokens, and one invocation a passage: within 65,535 groups.
  const most = Math.floor(Math.min(limit, caps.limits.groups * 64))
  const pieces: NaivePiece[] = []
  let widest = 0
  layout.shards.forEach(({ firstPassage, passages }, shard) => {
    const end = firstPassage + passages
    for (let passage = firstPassage; passage < end; ) {
      const first = layout.passages.at(2 * passage)
      let tokens = 0
      let count = 0
      while (passage + count < end) {
        const length = layout.passages.at(2 * (passage + count) + 1)
        if (tokens + length > most) break
        tokens += length
        count += 1
      }
      if (count === 0) throw new Error(`passage ${passage} is too long for the naive kernel`)
      const params = [rows, dim / 4, shards[shard].capacity, first, tokens, passage, count]
      const plan = (matrix: boolean, grid: Plan['grid']): Plan => {
        const defines = { MATRIX: matrix, CODE_BITS: bits }
        return { variant: { name: `naive.${matrix}`, wgsl: codesWgsl + wgsl, defines }, grid, params }
      }
      pieces.push({
        shard,
        matrix: plan(true, [Math.ceil(tokens / 64), rows, 1]),
        reduction: plan(false, [Math.ceil(count / 64), 1, 1]),
      })
      widest = Math.max(widest, tokens)
      passage += count
    }
  })
  return { pieces, matrixBytes: widest * rows * 4 }
}
