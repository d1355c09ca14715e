/** Σ over rows of the largest value among slots first … first + slots − 1; `partials`: (slots, rows). */
export function mergeSlots(partials: Float32Array, rows: number, first: number, slots: number): number {
  let sum = 0
  for (let row = 0; row < rows; row++) {
    let best = Number.NEGATIVE_INFINITY
    for (let slot = first; slot < first + slots; slot++) best = Math.max(best, partials[slot * rows + row])
    sum += best
  }
  return sum
}
