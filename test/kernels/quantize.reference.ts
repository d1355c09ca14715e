export { codecOf } from '../../src/codec/codec.ts'

/** Codes of a shard as whole numbers: bytes signed, halves and floats by their place in the order of numbers. */
export function steps(words: Uint32Array, bits: number): number[] {
  if (bits === 8) return Array.from(new Int8Array(words.buffer, words.byteOffset, words.byteLength))
  const signed = (bits === 16 ? new Uint16Array(words.buffer, words.byteOffset, words.length * 2) : words).values()
  const sign = 2 ** (bits - 1)
  return Array.from(signed, (code) => (code >= sign ? sign - code : code))
}
