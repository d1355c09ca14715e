import type { Codec } from '../codec/codec.ts'
import type { PassageVectors } from '../search/backend.ts'

/** Token vectors (rows, dim) in the form in which a store keeps them. */
export function codesOf(codec: Codec, vectors: Float32Array, dim: number): PassageVectors {
  const { codes, scales } = codec.encode(vectors, dim)
  return { tokens: vectors.length / dim, codes: codec.scaled ? [bytes(codes), bytes(scales)] : [bytes(codes)] }
}

const bytes = ({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array) =>
  new Uint8Array(buffer, byteOffset, byteLength)
