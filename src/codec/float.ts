import { fromHalf, toHalf } from '../kernels/half.ts'
import type { Codec } from './codec.ts'

/** Vectors as they are: the codec of exact scores. */
export const float32: Codec = {
  id: 'f32',
  parameters: {},
  bits: 32,
  scaled: false,
  words: (dim) => dim,
  bytes: (dim) => dim * 4,
  encode: (vectors) => ({
    codes: new Uint32Array(vectors.slice().buffer),
    scales: new Float32Array(0),
  }),
  decode: ({ codes }) => new Float32Array(codes.slice().buffer),
}

/** Half precision: 11 significant bits, enough for rankings to equal those of f32 on normalised vectors. */
export const float16: Codec = {
  id: 'f16',
  parameters: {},
  bits: 16,
  scaled: false,
  words: (dim) => dim / 2,
  bytes: (dim) => dim * 2,
  encode(vectors) {
    const codes = new Uint32Array(vectors.length / 2)
    for (let i = 0; i < codes.length; i++) codes[i] = toHalf(vectors[2 * i]) | (toHalf(vectors[2 * i + 1]) << 16)
    return { codes, scales: new Float32Array(0) }
  },
  decode({ codes }) {
    const vectors = new Float32Array(codes.length * 2)
    for (let i = 0; i < codes.length; i++) {
      vectors[2 * i] = fromHalf(codes[i] & 0xffff)
      vectors[2 * i + 1] = fromHalf(codes[i] >>> 16)
    }
    return vectors
  },
}
