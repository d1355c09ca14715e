import wgsl from '../../shaders/embed_norm.wgsl'
import decode from '../../shaders/lib/decode.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import { f32, type Plan } from '../gpu/kernel.ts'
import { fold } from './grid.ts'
import { normLibrary, type RowForce, rowVariant } from './rows.ts'
import { FORMATS, type RowRange, type WeightFormat } from './weights.ts'

const text = normLibrary + decode + wgsl

export interface EmbedNormShape {
  /** Tokens. */
  rows: number
  /** At most 1,024. */
  columns: number
  epsilon: number
  /** Rows of the whole word table. */
  vocabulary: number
  /** The part of the word table that is bound. */
  shard: RowRange
  words: WeightFormat
  /** `none` where positions are not added. */
  positions: WeightFormat | 'none'
}

/** The second value of a token: its position, and its type. */
export const placeOf = (position: number, type = 0) => position + (type << 16)

/**
 * Plans `out = LayerNorm(word + position + type)` for the tokens whose words are in the shard.
 * Buffers: tokens (pairs of id and `placeOf`), the shard of the word table,
 * affine (gamma, beta, types 0 and 1, then scales of I8 words, scales of I8 positions), out, the position table if any.
 */
export function planEmbedNorm(shape: EmbedNormShape, caps: Capabilities, force?: RowForce): Plan {
  const { rows, columns, epsilon, vocabulary, shard, words, positions } = shape
  const { defines, enable } = rowVariant(columns, caps, force)
  return {
    variant: {
      name: `embed_norm.${words}`,
      wgsl: text,
      defines: { ...defines, WORDS: FORMATS[words], POSITIONS: positions === 'none' ? 4 : FORMATS[positions] },
      enable,
    },
    grid: fold(rows, caps.limits.groups),
    params: [rows, columns, f32(epsilon), shard.first, shard.first + shard.rows, words === 'I8' ? vocabulary : 0],
  }
}
