/** Token vectors of passages of real lengths, without texts: a pool of seeded unit vectors that passages are runs of. */
import type { Codec } from '../src/codec/codec.ts'
import type { PassageVectors, Residents } from '../src/search/backend.ts'
import { LENGTHS } from './lengths.ts'
import { uniform } from './stats.ts'

const POOL = 16_384
/** Passages that differ; later ones repeat them. Their scores are all there is to check. */
export const DISTINCT = 512
const BATCH = 256

export class Corpus {
  /** (POOL, dim) f32, as the codec gives them back. */
  readonly values: Float32Array
  readonly #codes: Uint8Array
  readonly #scales: Uint8Array

  constructor(
    readonly passages: number,
    readonly dim: number,
    readonly codec: Codec,
  ) {
    const { codes, scales } = codec.encode(unitVectors(POOL, dim, 7), dim)
    this.values = codec.decode({ codes, scales }, dim)
    this.#codes = new Uint8Array(codes.buffer)
    this.#scales = new Uint8Array(scales.buffer)
  }

  /** Token vectors of all passages. */
  get tokens(): number {
    let sum = 0
    for (let i = 0; i < this.passages; i++) sum += LENGTHS[i % LENGTHS.length]
    return sum
  }

  /** The run of the pool that a passage is. */
  place(passage: number): { from: number; to: number } {
    const from = ((passage % DISTINCT) * 31) % (POOL - 512)
    return { from, to: from + LENGTHS[passage % LENGTHS.length] }
  }

  /** Appends every passage as a document of its own. */
  async appendTo(residents: Residents): Promise<void> {
    for (let first = 0; first < this.passages; first += BATCH) {
      const count = Math.min(BATCH, this.passages - first)
      await residents.append(Array.from({ length: count }, (_, i) => [this.#vectors(first + i)]))
    }
  }

  #vectors(passage: number): PassageVectors {
    const { from, to } = this.place(passage)
    const width = this.codec.words(this.dim) * 4
    const codes = [this.#codes.subarray(from * width, to * width)]
    if (this.codec.scaled) codes.push(this.#scales.subarray(from * 4, to * 4))
    return { tokens: to - from, codes }
  }
}

export function unitVectors(rows: number, dim: number, seed: number): Float32Array {
  const next = uniform(seed)
  const vectors = Float32Array.from({ length: rows * dim }, () => next() + next() + next() - 1.5)
  for (let row = 0; row < rows; row++) {
    const vector = vectors.subarray(row * dim, (row + 1) * dim)
    const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0))
    for (let i = 0; i < dim; i++) vector[i] /= length
  }
  return vectors
}
