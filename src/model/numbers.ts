import type { WeightType } from './spec.ts'

/** Numbers of a stored tensor as f32. `I8` gives the codes; their scales are the caller's. */
export function readNumbers(bytes: Uint8Array, type: WeightType): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (type) {
    case 'F32':
      return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(i * 4, true))
    case 'F16':
      return Float32Array.from({ length: bytes.length / 2 }, (_, i) => fromHalf(view.getUint16(i * 2, true)))
    case 'BF16': {
      const words = Uint32Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(i * 2, true) << 16)
      return new Float32Array(words.buffer)
    }
    case 'I8':
      return Float32Array.from({ length: bytes.length }, (_, i) => view.getInt8(i))
  }
}

/** The number of an IEEE 754 binary16. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** IEEE 754 binary16 of f32 numbers, rounded to nearest, ties to even; beyond ±65504 they saturate. */
export function toHalves(numbers: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length)
  return Uint16Array.from(bits, (word, i) => {
    const sign = (word >>> 16) & 0x8000
    const magnitude = word & 0x7fffffff
    if (magnitude >= 0x477fe000) return sign | 0x7bff
    // Below 2^-14 a half counts steps of 2^-24; adding 2^23 of them lets f32 itself round the count.
    if (magnitude < 0x38800000) return sign | (Math.fround(Math.abs(numbers[i]) * 2 ** 24 + 2 ** 23) - 2 ** 23)
    // Exponents are biased by 15 instead of 127; a carry of the rounding moves into them as it should.
    return sign | ((magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
  })
}
