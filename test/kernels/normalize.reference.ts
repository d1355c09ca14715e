/** Rows `keep` of x, each divided by its length, or by 1e-12 where it is shorter. */
export function normalize(x: Float32Array, keep: ArrayLike<number>, columns: number): Float32Array {
  const out = new Float32Array(keep.length * columns)
  for (let i = 0; i < keep.length; i++) {
    const row = x.subarray(keep[i] * columns, (keep[i] + 1) * columns)
    const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
    row.forEach((value, c) => {
      out[i * columns + c] = value / Math.max(norm, 1e-12)
    })
  }
  return out
}
