/**
 * A grid for a list of `count` workgroups: a row of them while they fit one dimension, else a near-square; `layers` times.
 * The shader's index is `group.y * groups.x + group.x`; it returns at once where that is beyond the count.
 */
export function fold(count: number, most: number, layers = 1): [number, number, number] {
  if (count <= most) return [count, 1, layers]
  const x = Math.ceil(Math.sqrt(count))
  return [x, Math.ceil(count / x), layers]
}
