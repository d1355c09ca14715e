/** MaxSim of one query with passages, in double precision over the codes as they are stored. */

/** Codes of token vectors as numbers: signed bytes, or f32. */
export type Values = Int8Array | Float32Array

/** Query rows that go through a passage at once. More would not fit the registers. */
const LANES = 4

/** A query in the form that `score` reads. */
export interface PackedQuery {
  rows: number
  dim: number
  /** (groups, dim, LANES) f64, so that the inner loop converts nothing; lanes beyond the last row are zero. */
  groups: Float64Array
}

/** @param vectors (rows, dim) */
export function packQuery(vectors: Float32Array, dim: number): PackedQuery {
  const rows = vectors.length / dim
  const groups = new Float64Array(Math.ceil(rows / LANES) * dim * LANES)
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / LANES) * dim * LANES + (row % LANES)
    for (let i = 0; i < dim; i++) groups[start + i * LANES] = vectors[row * dim + i]
  }
  return { rows, dim, groups }
}

/**
 * The sum over all query rows of the largest dot product with one of the token vectors `from` to `to` − 1, at least one.
 * @param scales Of each token vector; null where they are 1.
 */
export function score(query: PackedQuery, values: Values, scales: Float32Array | null, from: number, to: number) {
  const { dim, groups } = query
  let sum = 0
  for (let group = 0; group < groups.length; group += dim * LANES) {
    sum += sumOfMaxima(groups, group, values, scales, from, to, dim)
  }
  return sum
}

/** Four query rows against the rows of a passage, two at a time; of an odd number the last one is taken twice. */
function sumOfMaxima(
  groups: Float64Array,
  group: number,
  values: Values,
  scales: Float32Array | null,
  from: number,
  to: number,
  dim: number,
): number {
  let m0 = Number.NEGATIVE_INFINITY
  let m1 = m0
  let m2 = m0
  let m3 = m0
  for (let row = from; row < to; row += 2) {
    const other = row + 1 < to ? row + 1 : row
    const a = row * dim
    const b = other * dim
    let a0 = 0
    let a1 = 0
    let a2 = 0
    let a3 = 0
    let b0 = 0
    let b1 = 0
    let b2 = 0
    let b3 = 0
    for (let i = 0, at = group; i < dim; i++, at += LANES) {
      const x = values[a + i]
      const y = values[b + i]
      const q0 = groups[at]
      const q1 = groups[at + 1]
      const q2 = groups[at + 2]
      const q3 = groups[at + 3]
      a0 += x * q0
      a1 += x * q1
      a2 += x * q2
      a3 += x * q3
      b0 += y * q0
      b1 += y * q1
      b2 += y * q2
      b3 += y * q3
    }
    const s = scales === null ? 1 : scales[row]
    const t = scales === null ? 1 : scales[other]
    m0 = Math.max(m0, a0 * s, b0 * t)
    m1 = Math.max(m1, a1 * s, b1 * t)
    m2 = Math.max(m2, a2 * s, b2 * t)
    m3 = Math.max(m3, a3 * s, b3 * t)
  }
  return m0 + m1 + m2 + m3
}

/** Of every query row, the token vector with the largest dot product, the first of equals, and that product. */
export interface BestTokens {
  /** Counted from `from`. */
  tokens: Uint32Array
  similarities: Float32Array
}

/** What `score` adds up, one by one. */
export function bestTokens(
  { rows, dim, groups }: PackedQuery,
  values: Values,
  scales: Float32Array | null,
  from: number,
  to: number,
): BestTokens {
  const best: BestTokens = { tokens: new Uint32Array(rows), similarities: new Float32Array(rows) }
  const vector = new Float64Array(dim)
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / LANES) * dim * LANES + (row % LANES)
    for (let i = 0; i < dim; i++) vector[i] = groups[start + i * LANES]
    let highest = Number.NEGATIVE_INFINITY
    for (let token = from; token < to; token++) {
      let dot = 0
      for (let i = 0; i < dim; i++) dot += values[token * dim + i] * vector[i]
      if (scales !== null) dot *= scales[token]
      if (dot <= highest) continue
      highest = dot
      best.tokens[row] = token - from
    }
    best.similarities[row] = highest
  }
  return best
}
