/** Sets of document indexes as bits, bit i of byte i >> 3; in the manifest as base64. */

export function hasBit(bits: Uint8Array, index: number): boolean {
  return (bits[index >> 3] & (1 << (index & 7))) !== 0
}

export function setBit(bits: Uint8Array, index: number): void {
  bits[index >> 3] |= 1 << (index & 7)
}

export function countBits(bits: Uint8Array): number {
  let total = 0
  for (let byte of bits) for (; byte; byte &= byte - 1) total++
  return total
}

/** `undefined` stands for the empty set: most segments have no deleted document. */
export function encodeBits(bits: Uint8Array): string | undefined {
  return bits.some((byte) => byte !== 0) ? btoa(String.fromCharCode(...bits)) : undefined
}

/** @throws RangeError unless the text is base64 of a set of indexes below `size`. */
export function decodeBits(encoded: string | undefined, size: number): Uint8Array {
  const bits = new Uint8Array(Math.ceil(size / 8))
  if (encoded === undefined) return bits
  let raw: string
  try {
    raw = atob(encoded)
  } catch (cause) {
    throw new RangeError('not base64', { cause })
  }
  if (raw.length !== bits.length) throw new RangeError(`${raw.length} bytes for ${size} documents`)
  for (let i = 0; i < raw.length; i++) bits[i] = raw.charCodeAt(i)
  if (size % 8 && bits[bits.length - 1] >> (size % 8)) throw new RangeError(`a bit beyond ${size} documents`)
  return bits
}
