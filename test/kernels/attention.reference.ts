export interface Attention {
  /** (tokens, 3 · hidden): queries, keys, values */
  qkv: Float32Array
  /** 0 hides a token as a key. */
  attend: ArrayLike<number>
  hidden: number
  heads: number
  /** Lengths of the packed sequences. */
  lengths: readonly number[]
  /** A row sees the keys at most so far away. */
  window?: number
  /** Base of rotary positions, which turn queries and keys. */
  theta?: number
}

/** softmax(q · kᵀ / √d) · v for each sequence and head; zeros without any visible key. */
export function attention(given: Attention): Float32Array {
  const { qkv, attend, hidden, heads, lengths, window = Number.POSITIVE_INFINITY, theta } = given
  const out = new Float32Array((qkv.length / 3 / hidden) * hidden)
  const size = hidden / heads
  let start = 0
  for (const length of lengths) {
    const tokens = Array.from({ length }, (_, i) => start + i)
    for (let head = 0; head < heads; head++) {
      const part = (token: number, which: number) => {
        const at = token * 3 * hidden + which * hidden + head * size
        const values = qkv.subarray(at, at + size)
        return theta === undefined || which === 2 ? values : turn(values, token - start, theta)
      }
      for (const token of tokens) {
        const query = part(token, 0)
        const visible = tokens.filter((key) => attend[key] && Math.abs(key - token) <= window)
        if (visible.length === 0) continue
        const scores = visible.map((key) => dot(query, part(key, 1)) / Math.sqrt(size))
        const most = Math.max(...scores)
        const shares = scores.map((score) => Math.exp(score - most))
        const sum = shares.reduce((a, b) => a + b)
        for (let c = 0; c < size; c++) {
          const mixed = visible.reduce((mix, key, i) => mix + shares[i] * part(key, 2)[c], 0)
          out[token * hidden + head * size + c] = mixed / sum
        }
      }
    }
    start += length
  }
  return out
}

/** Pairs of columns, half a head apart, as points of a plane, turned by position · theta^(−2i / d). */
function turn(values: Float32Array, position: number, theta: number): Float32Array {
  const half = values.length / 2
  return values.map((value, c) => {
    const angle = position * theta ** (-(c % half) / half)
    return value * Math.cos(angle) + (c < half ? -values[c + half] : values[c - half]) * Math.sin(angle)
  })
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)
