import codes from '../../shaders/lib/codes.wgsl'
import decode from '../../shaders/lib/decode.wgsl'

/** Bits of a component of a stored token vector: signed bytes with one f32 scale a row, halves, or f32. */
export type CodeBits = 8 | 16 | 32

/** What a kernel of codes puts on top of its text; it needs the constant CODE_BITS. */
export const codesWgsl = decode + codes

/** Bytes of one token vector in a shard, its scale included. */
export function rowBytes(bits: CodeBits, dim: number): number {
  return (dim * bits) / 8 + (bits === 8 ? 4 : 0)
}

/** Byte offset of the scales in a shard of so many rows. */
export function scalesOffset(bits: CodeBits, dim: number, capacity: number): number {
  return (capacity * dim * bits) / 8
}
