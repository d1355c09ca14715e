/** A query row as `x ≈ scale · (254 · high + low)`. */
export interface SplitRow {
  high: Int8Array
  low: Int8Array
  scale: number
}

export function splitRow(row: Float32Array): SplitRow {
  const largest = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  const high = new Int8Array(row.length)
  const low = new Int8Array(row.length)
  if (largest < 1e-30) return { high, low, scale: 0 }
  const scale = Math.fround(largest * Math.fround(1 / 32258))
  row.forEach((x, i) => {
    const coarse = (x * 127) / largest
    high[i] = Math.round(coarse)
    low[i] = Math.round((coarse - high[i]) * 254)
  })
  return { high, low, scale }
}

/** Queries as MaxSim takes them: tiles of 32 rows by columns, two of four bytes a quad, and one of scales. */
export function splitQueries(query: Float32Array, queries: number, dim: number): Uint32Array {
  const rows = query.length / dim / queries
  const tiles = Math.ceil(rows / 32)
  const columns = dim / 2 + 1
  const codes = new Uint32Array(queries * tiles * columns * 32)
  const scales = new Float32Array(codes.buffer)
  for (let i = 0; i < queries * rows; i++) {
    const { high, low, scale } = splitRow(query.subarray(i * dim, (i + 1) * dim))
    const row = i % rows
    const tile = Math.floor(i / rows) * tiles + Math.floor(row / 32)
    const at = (column: number) => (tile * columns + column) * 32 + (row % 32)
    const [highs, lows] = [high, low].map(({ buffer }) => new Uint32Array(buffer))
    for (let quad = 0; quad < dim / 4; quad++) {
      codes[at(2 * quad)] = highs[quad]
      codes[at(2 * quad + 1)] = lows[quad]
    }
    scales[at(columns - 1)] = scale
  }
  return codes
}

/** MaxSim in integers: sums of products of bytes, which are exact, scaled once. */
export function integerMaxSim(query: Float32Array, codes: Int8Array, scales: Float32Array, dim: number): number {
  let sum = 0
  for (let start = 0; start < query.length; start += dim) {
    const { high, low, scale } = splitRow(query.subarray(start, start + dim))
    let best = Number.NEGATIVE_INFINITY
    scales.forEach((tokenScale, token) => {
      let dot = 0
      for (let i = 0; i < dim; i++) dot += (254 * high[i] + low[i]) * codes[token * dim + i]
      best = Math.max(best, dot * tokenScale)
    })
    sum += best * scale
  }
  return sum
}
