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
