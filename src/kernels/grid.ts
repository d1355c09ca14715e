/**
 * A grid for a list of `count` workgroups: a row of them while they fit one dimension, else a near-square.
 * The shader's index is `group.y * groups.x + group.x`; it returns at once where that is beyond the count.
 */
export function fold(count: number, most: number): [number, number, number] {
  if (count <= most) return [count, 1, 1]
  const x = Math.ceil(Math.sqrt(count))
  return [x, Math.ceil(count / x), 1]
}
