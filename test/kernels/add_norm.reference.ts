/** LayerNorm(x + residual) · gamma + beta for every row, in double precision. */
export function addNorm(
  x: Float32Array,
  residual: Float32Array,
  gamma: Float32Array,
  beta: Float32Array,
  columns: number,
  epsilon: number,
): Float32Array {
  const out = new Float32Array(x.length)
  for (let start = 0; start < x.length; start += columns) {
    const row = Array.from({ length: columns }, (_, c) => x[start + c] + residual[start + c])
    const mean = row.reduce((sum, value) => sum + value, 0) / columns
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns
    row.forEach((value, c) => {
      out[start + c] = ((value - mean) / Math.sqrt(variance + epsilon)) * gamma[c] + beta[c]
    })
  }
  return out
}
