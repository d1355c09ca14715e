import { fromHalf, toHalf } from '../../src/kernels/half.ts'
import { rowBytes, type WeightFormat } from '../../src/kernels/weights.ts'

/** A matrix as a kernel sees it, and the values that it stands for. */
export interface Stored {
  /** Rows padded to a multiple of 4 columns. */
  bytes: Uint8Array
  /** f32 scale of each row; 1 unless I8. */
  scales: Float32Array
  /** (rows, columns): what the stored bytes mean. */
  values: Float32Array
}

const word = new DataView(new ArrayBuffer(4))

/** Upper half of the float: bfloat16 by truncation, which is as good as any rounding for a test. */
function toBrain(value: number): number {
  word.setFloat32(0, value)
  return word.getUint16(0)
}

function fromBrain(bits: number): number {
  word.setUint32(0, bits << 16)
  return word.getFloat32(0)
}

/** Stores a matrix (rows, columns) in a weight format. */
export function store(matrix: Float32Array, columns: number, format: WeightFormat): Stored {
  const rows = matrix.length / columns
  const stride = rowBytes(columns, format)
  const bytes = new Uint8Array(rows * stride)
  const view = new DataView(bytes.buffer)
  const values = new Float32Array(matrix.length)
  const scales = new Float32Array(rows).fill(1)
  for (let row = 0; row < rows; row++) {
    const source = matrix.subarray(row * columns, (row + 1) * columns)
    if (format === 'I8') scales[row] = Math.max(1e-9, ...source.map(Math.abs)) / 127
    source.forEach((value, c) => {
      const put = (width: number) => row * stride + c * width
      let meant = value
      if (format === 'F32') view.setFloat32(put(4), value, true)
      else if (format === 'F16') {
        view.setUint16(put(2), toHalf(value), true)
        meant = fromHalf(toHalf(value))
      } else if (format === 'BF16') {
        view.setUint16(put(2), toBrain(value), true)
        meant = fromBrain(toBrain(value))
      } else {
        const steps = Math.round(value / scales[row])
        view.setInt8(put(1), steps)
        meant = steps * scales[row]
      }
      values[row * columns + c] = meant
    })
  }
  return { bytes, scales, values }
}
