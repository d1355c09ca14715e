import type { Codec } from '../codec/codec.ts'
import { MaxsiftError } from '../errors.ts'
import { fromHalf } from '../kernels/half.ts'
import type { Values } from './maxsim.ts'

/** Token vectors in memory, as they are computed with: bytes stay bytes, halves are f32. */
export class TokenVectors {
  #values: Values
  #scales: Float32Array | null
  #capacity: number

  /**
   * @param rows Room to begin with.
   * @throws MaxsiftError `OUT_OF_MEMORY`.
   */
  constructor(
    private readonly codec: Codec,
    private readonly dim: number,
    rows: number,
  ) {
    this.#capacity = rows
    this.#values = allocate(rows, () => new (codec.id === 'int8' ? Int8Array : Float32Array)(rows * dim))
    this.#scales = codec.scaled ? allocate(rows, () => new Float32Array(rows)) : null
  }

  /** (capacity, dim) */
  get values(): Values {
    return this.#values
  }

  /** (capacity); null where every scale is 1. */
  get scales(): Float32Array | null {
    return this.#scales
  }

  get capacity(): number {
    return this.#capacity
  }

  get bytes(): number {
    return this.#values.byteLength + (this.#scales?.byteLength ?? 0)
  }

  /** Makes room for so many rows. @throws MaxsiftError `OUT_OF_MEMORY` */
  grow(rows: number): void {
    const grown = new TokenVectors(this.codec, this.dim, rows)
    grown.#values.set(this.#values)
    if (this.#scales) grown.#scales!.set(this.#scales)
    this.#values = grown.#values
    this.#scales = grown.#scales
    this.#capacity = rows
  }

  /** Takes token vectors as a store keeps them: a run of codes, and one of scales where the codec has them. */
  set(row: number, [codes, scales]: readonly Uint8Array[]): void {
    this.#values.set(decode(this.codec, codes), row * this.dim)
    if (this.#scales) this.#scales.set(floats(scales), row)
  }
}

function allocate<Values>(rows: number, make: () => Values): Values {
  try {
    return make()
  } catch (cause) {
    throw new MaxsiftError('OUT_OF_MEMORY', `There is no memory for ${rows} token vectors.`, { cause })
  }
}

/** Codes as numbers; a scale is not applied. */
function decode({ id }: Codec, codes: Uint8Array): Values {
  if (id === 'int8') return new Int8Array(codes.buffer, codes.byteOffset, codes.length)
  if (id === 'f32') return floats(codes)
  const view = new DataView(codes.buffer, codes.byteOffset, codes.length)
  return Float32Array.from({ length: codes.length / 2 }, (_, i) => fromHalf(view.getUint16(2 * i, true)))
}

/** A run lies anywhere in its chunk, also where no f32 may begin. */
function floats(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Float32Array(buffer, byteOffset, length / 4)
}
