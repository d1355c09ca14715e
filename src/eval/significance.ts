/** How two systems differ over the same queries. */
export interface Comparison {
  /** Mean of a − b. */
  difference: number
  wins: number
  ties: number
  losses: number
  /** Probability of a difference at least this large if the systems were the same. */
  p: number
}

const PERMUTATIONS = 100_000

/**
 * Paired randomisation test, two-sided: under the null hypothesis the two values of a query could as well be swapped.
 * M. D. Smucker, J. Allan, B. Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval
 * Evaluation", CIKM 2007.
 * @param a Values of one system by query, in the same order as `b`.
 * @param seed Equal seeds give equal results.
 */
export function compare(a: ArrayLike<number>, b: ArrayLike<number>, seed = 1, permutations = PERMUTATIONS): Comparison {
  const differences = Float64Array.from({ length: a.length }, (_, i) => a[i] - b[i])
  const sum = differences.reduce((total, value) => total + value, 0)
  // Queries without a difference change no sum.
  const moving = differences.filter((value) => value !== 0)
  const next = generator(seed)
  // Sums in another order differ in their last bits; they are to count as equal.
  const bound = Math.abs(sum) * (1 - 1e-12)
  let extreme = 0
  for (let i = 0; i < permutations; i++) {
    let swapped = 0
    let bits = 0
    for (let j = 0; j < moving.length; j++) {
      if ((j & 31) === 0) bits = next()
      swapped += bits & 1 ? -moving[j] : moving[j]
      bits >>>= 1
    }
    if (Math.abs(swapped) >= bound) extreme++
  }
  return {
    difference: a.length === 0 ? 0 : sum / a.length,
    wins: moving.filter((value) => value > 0).length,
    ties: a.length - moving.length,
    losses: moving.filter((value) => value < 0).length,
    // The order as observed is one of those possible.
    p: (extreme + 1) / (permutations + 1),
  }
}

/** Whole numbers of 32 bits: G. L. Steele's SplitMix, in its form for 32 bits. */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
}
