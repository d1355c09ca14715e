import { fromHalf } from '../kernels/half.ts'
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
