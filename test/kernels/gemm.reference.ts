/** erf by its power series, which double precision carries to |x| < 4; beyond, it is ±1 within 2e-8. */
export function erf(x: number): number {
  if (Math.abs(x) >= 4) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

export const activations = {
  identity: (x: number) => x,
  gelu: (x: number) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  tanh: Math.tanh,
  relu: (x: number) => Math.max(0, x),
  sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  silu: (x: number) => x / (1 + Math.exp(-x)),
}

export interface Product {
  /** (m, k) */
  a: Float32Array
  /** (n, k) */
  w: Float32Array
  /** (n) */
  bias: Float32Array
  k: number
  activation?: keyof typeof activations
  /** (m, n) */
  residual?: Float32Array
}

/** activation(a · wᵀ + bias) + residual, in double precision. */
export function gemm({ a, w, bias, k, activation = 'identity', residual }: Product): Float32Array {
  const [m, n] = [a.length / k, w.length / k]
  const out = new Float32Array(m * n)
  for (let row = 0; row < m; row++) {
    for (let column = 0; column < n; column++) {
      let sum = bias[column]
      for (let i = 0; i < k; i++) sum += a[row * k + i] * w[column * k + i]
      out[row * n + column] = activations[activation](sum) + (residual ? residual[row * n + column] : 0)
    }
  }
  return out
}
