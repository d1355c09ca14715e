export interface Attention {
  /** (tokens, 3 · hidden): queries, keys, values */
  qkv: Float32Array
  /** 0 hides a token as a key. */
  attend: ArrayLike<number>
  hidden: number
  heads: number
  /** Lengths of the packed sequences. */
  lengths: readonly number[]
}

/** softmax(q · kᵀ / √d) · v for each sequence and head; without any visible key, the mean of the values. */
export function attention({ qkv, attend, hidden, heads, lengths }: Attention): Float32Array {
  const out = new Float32Array((qkv.length / 3 / hidden) * hidden)
  const size = hidden / heads
  let start = 0
  for (const length of lengths) {
    const tokens = Array.from({ length }, (_, i) => start + i)
    const keys = tokens.filter((token) => attend[token])
    const visible = keys.length > 0 ? keys : tokens
    for (let head = 0; head < heads; head++) {
      const part = (token: number, which: number) => {
        const at = token * 3 * hidden + which * hidden + head * size
        return qkv.subarray(at, at + size)
      }
      for (const token of tokens) {
        const query = part(token, 0)
        const scores = visible.map((key) => (keys.length === 0 ? 0 : dot(query, part(key, 1)) / Math.sqrt(size)))
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

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0)
