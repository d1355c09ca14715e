import { MaxsiftError } from '../errors.ts'
import { float16, float32 } from './float.ts'
import { int8 } from './int8.ts'

/** Token vectors as a store and the GPU hold them: codes and scales are separate runs. */
export interface Encoded {
  /** (rows, words) of 32 bits, little-endian; component 0 of a vector in the lowest bits of its first word. */
  codes: Uint32Array
  /** (rows); empty where the codec has no scales. */
  scales: Float32Array
}

/**
 * How token vectors are stored. A codec is a pure description with its CPU form; the GPU form is the kernel `quantize`,
 * which is told `bits` alone.
 */
export interface Codec {
  readonly id: CodecId
  /** What, beside the id, decides the meaning of the codes; stored with every index. */
  readonly parameters: Readonly<Record<string, never>>
  /** Bits of a component. */
  readonly bits: 8 | 16 | 32
  /** Whether each token vector has one f32 scale. */
  readonly scaled: boolean
  /** 32-bit words of the codes of one token vector. */
  words(dim: number): number
  /** Bytes of one token vector, scale included. */
  bytes(dim: number): number
  /** `vectors`: (rows, dim) row-major. */
  encode(vectors: Float32Array, dim: number): Encoded
  /** (rows, dim) row-major. */
  decode(encoded: Encoded, dim: number): Float32Array
}

export type CodecId = 'f32' | 'f16' | 'int8'

/** A codec as an option or a manifest names it. */
export interface CodecRecord {
  id: string
  parameters?: Readonly<Record<string, unknown>>
}

const CODECS: ReadonlyMap<string, Codec> = new Map([float32, float16, int8].map((codec) => [codec.id, codec]))

/**
 * The codec of a record.
 * @param source Where the record comes from: it decides the error for an unknown codec.
 * @throws MaxsiftError `INVALID_ARGUMENT` (an option), `INDEX_VERSION_MISMATCH` (an index made by another version).
 */
export function codecOf(record: CodecRecord, source: 'option' | 'index' = 'option'): Codec {
  const codec = CODECS.get(record.id)
  const unknown = Object.keys(record.parameters ?? {})
  if (codec && unknown.length === 0) return codec
  const what = codec ? `parameters (${unknown.join(', ')}) of the codec ${codec.id}` : `codec "${record.id}"`
  throw source === 'option'
    ? new MaxsiftError('INVALID_ARGUMENT', `Unknown ${what}; there are ${[...CODECS.keys()].join(', ')}.`)
    : new MaxsiftError('INDEX_VERSION_MISMATCH', `The index uses the ${what}, which this version does not know.`)
}

/** Whether the kernels take token vectors of this width: a multiple of 4 from 16 to 768. */
export function isDimSupported(dim: number): boolean {
  return Number.isInteger(dim) && dim % 4 === 0 && dim >= 16 && dim <= 768
}
