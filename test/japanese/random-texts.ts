/** The random texts of make.py. */
export function randomTexts(pieces: readonly string[], count: number): string[] {
  let state = 1
  const below = (limit: number) => {
    state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n)
    return (state >> 8) % limit
  }
  return Array.from({ length: count }, () => {
    const parts = 1 + below(24)
    return Array.from({ length: parts }, () => pieces[below(pieces.length)]).join('')
  })
}
