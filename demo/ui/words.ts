/** Numbers as a person reads them. */

const NUMBER = new Intl.NumberFormat('en')

export const count = (n: number, one: string, many = `${one}s`) => `${NUMBER.format(n)} ${n === 1 ? one : many}`

export const number = (n: number) => NUMBER.format(n)

export function bytes(n: number): string {
  if (n < 1e3) return `${n} bytes`
  if (n < 1e6) return `${round(n / 1e3)} kB`
  return n < 1e9 ? `${round(n / 1e6)} MB` : `${round(n / 1e9)} GB`
}

const round = (n: number) => (n < 9.95 ? n.toFixed(1) : n.toFixed(0))

/** How long something will still take: as exact as a guess can be. */
export function timeLeft(milliseconds: number): string {
  const seconds = milliseconds / 1000
  if (seconds < 10) return 'a few seconds left'
  if (seconds < 55) return `about ${Math.ceil(seconds / 10) * 10} seconds left`
  if (seconds < 90) return 'about a minute left'
  if (seconds < 3300) return `about ${Math.round(seconds / 60)} minutes left`
  const hours = Math.round(seconds / 3600)
  return hours === 1 ? 'about an hour left' : `about ${hours} hours left`
}

/** "a", "a and b", "a, b and 7 more". */
export function list(names: readonly string[], most = 3): string {
  const shown = names.length > most ? names.slice(0, most - 1) : names
  const rest = names.length - shown.length
  const parts = rest > 0 ? [...shown, `${NUMBER.format(rest)} more`] : [...shown]
  const last = parts.pop() ?? ''
  return parts.length > 0 ? `${parts.join(', ')} and ${last}` : last
}
