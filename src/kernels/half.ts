// Float16Array is missing in Node 20 and in older browsers.

const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)

const SMALLEST_NORMAL = 0x38800000 // 2^-14 as f32
const LARGEST = 0x477fe000 // 65504 as f32

/** IEEE 754 binary16 of a number, rounded to nearest, ties to even; beyond ±65504 it saturates. */
export function toHalf(value: number): number {
  float[0] = value
  const sign = (word[0] >>> 16) & 0x8000
  const magnitude = word[0] & 0x7fffffff
  if (magnitude >= LARGEST) return sign | 0x7bff
  if (magnitude < SMALLEST_NORMAL) {
    // A subnormal counts steps of 2^-24. Adding 2^23 leaves no room for a fraction, so f32 itself rounds to even.
    float[0] = Math.abs(value) * 2 ** 24
    float[0] += 2 ** 23
    return sign | (word[0] & 0xffff)
  }
  // Rebias the exponent (127 − 15 = 112) and round away 13 of the 23 bits; a carry moves into the exponent as it should.
  return sign | ((magnitude - (112 << 23) + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
}

/** The number of an IEEE 754 binary16. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >>> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}
