/** Number formats of weights on the GPU, those of the checkpoint, and what shaders call them. */
export const FORMATS = { F32: 0, F16: 1, BF16: 2, I8: 3 } as const

export type WeightFormat = keyof typeof FORMATS

const BYTES = { F32: 4, F16: 2, BF16: 2, I8: 1 } as const

/** Bytes of one row of a matrix on the GPU: rows are padded with zeros to a multiple of 4 columns. */
export function rowBytes(columns: number, format: WeightFormat): number {
  return Math.ceil(columns / 4) * 4 * BYTES[format]
}

/** A run of rows of a matrix. */
export interface RowRange {
  first: number
  rows: number
}

/**
 * Cuts a matrix into runs of rows that each fit one binding.
 * Runs but the last are a multiple of 32 rows: the kernels' tiles, and 4 columns of a result at once, stay whole.
 * @throws Error where not even 32 rows fit.
 */
export function shardRows(
  rows: number,
  bytesPerRow: number,
  limits: { bindingBytes: number; bufferBytes: number },
): RowRange[] {
  const most = Math.floor(Math.min(limits.bindingBytes, limits.bufferBytes) / bytesPerRow)
  const step = rows <= most ? rows : most - (most % 32)
  if (step === 0) throw new Error(`a row of ${bytesPerRow} bytes does not fit ${limits.bindingBytes}`)
  const shards: RowRange[] = []
  for (let first = 0; first < rows; first += step) shards.push({ first, rows: Math.min(step, rows - first) })
  return shards
}
