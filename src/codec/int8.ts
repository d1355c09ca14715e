import type { Codec } from './codec.ts'

const STEP = Math.fround(1 / 127)

/** Below this a vector counts as zero: the reciprocal of its scale would leave the range of f32. */
const TINY = Math.fround(1e-30)

/** Adding it to a small f32 leaves no room for a fraction: rounds to nearest, ties to even, as WGSL's `round` does. */
const ROUNDER = 1.5 * 2 ** 23

/**
 * Signed bytes with one f32 scale a vector: x ≈ code · scale, scale = max|x| / 127, codes from −127 to 127.
 * Symmetric and without a zero point, so that the scale can be applied once to a whole dot product.
 * The arithmetic is that of the kernel `quantize`, step by step in f32.
 */
export const int8: Codec = {
  id: 'int8',
  parameters: {},
  bits: 8,
  scaled: true,
  words: (dim) => dim / 4,
  bytes: (dim) => dim + 4,
  encode(vectors, dim) {
    const rows = vectors.length / dim
    const codes = new Uint32Array(vectors.length / 4)
    const bytes = new Int8Array(codes.buffer)
    const scales = new Float32Array(rows)
    for (let row = 0; row < rows; row++) {
      const start = row * dim
      let largest = 0
      for (let i = start; i < start + dim; i++) largest = Math.max(largest, Math.abs(vectors[i]))
      if (largest < TINY) continue
      scales[row] = largest * STEP
      const inverse = Math.fround(127 / largest)
      for (let i = start; i < start + dim; i++) {
        const rounded = Math.fround(Math.fround(vectors[i] * inverse) + ROUNDER) - ROUNDER
        bytes[i] = Math.max(-127, Math.min(127, rounded))
      }
    }
    return { codes, scales }
  },
  decode({ codes, scales }, dim) {
    const bytes = new Int8Array(codes.buffer, codes.byteOffset, codes.byteLength)
    return Float32Array.from(bytes, (code, i) => code * scales[Math.floor(i / dim)])
  },
}
