import type { Explanation } from '../index.ts'
import { wordAround } from './snippet.ts'

/** Columns for words of their own; a screen has no room for more. */
const WORDS = 12

/** What a column stands for: a word of the passage, all further words, or what is no text of it (title, markers). */
export interface HeatColumn {
  kind: 'word' | 'others' | 'outside'
  word: string
}

/** A token of the query's text, or all its markers, or all its expansion tokens. */
export interface HeatRow {
  kind: Explanation['kind']
  token: string
  /** How many tokens the row stands for. */
  count: number
  /** In hundredths, a cell for each column; null where no token of the row met that column. */
  cells: (number | null)[]
  /** In hundredths. */
  sum: number
}

/** The score of a passage taken apart. Cells add up to the sums of their row and column, and these to `score`. */
export interface Heat {
  columns: HeatColumn[]
  rows: HeatRow[]
  /** Of each column, in hundredths. */
  sums: number[]
  /** In hundredths. */
  score: number
}

/** @param text The passage that the matches lie in */
export function heatOf(query: string, text: string, explanation: readonly Explanation[], score: number): Heat {
  const words = new Map<number, { word: string; share: number }>()
  const places = explanation.map(({ share, match }) => {
    if (match.start < 0 || match.start >= text.length) return -1
    const { start, end } = wordAround(text, match.start)
    const known = words.get(start) ?? { word: text.slice(start, Math.max(end, match.end)), share: 0 }
    known.share += share
    words.set(start, known)
    return start
  })
  const shown = [...words]
    .sort(([, a], [, b]) => b.share - a.share)
    .slice(0, WORDS)
    .map(([start]) => start)
    .sort((a, b) => a - b)
  const columns: HeatColumn[] = shown.map((start) => ({ kind: 'word', word: words.get(start)!.word }))
  const others = words.size > shown.length ? columns.push({ kind: 'others', word: '' }) - 1 : -1
  const outside = places.includes(-1) ? columns.push({ kind: 'outside', word: '' }) - 1 : -1
  const columnOf = new Map([...words.keys()].map((start) => [start, others]))
  for (const [column, start] of shown.entries()) columnOf.set(start, column)

  const rows: { row: HeatRow; shares: (number | null)[] }[] = []
  for (const [i, { kind, token, start, end, share }] of explanation.entries()) {
    let row = kind === 'text' ? undefined : rows.find((each) => each.row.kind === kind)
    if (!row) {
      const shares = columns.map(() => null)
      row = { row: { kind, token: query.slice(start, end) || token, count: 0, cells: [], sum: 0 }, shares }
      rows.push(row)
    }
    const column = places[i] < 0 ? outside : columnOf.get(places[i])!
    row.row.count += 1
    row.shares[column] = (row.shares[column] ?? 0) + share
  }

  const parts = apportion(
    rows.flatMap(({ shares }) => shares.filter((share) => share !== null)),
    score,
  )
  let next = 0
  for (const { row, shares } of rows) {
    row.cells = shares.map((share) => (share === null ? null : parts[next++]))
    row.sum = sum(row.cells)
  }
  const sums = columns.map((_, column) => sum(rows.map(({ row }) => row.cells[column])))
  return { columns, rows: rows.map(({ row }) => row), sums, score: sum(sums) }
}

/**
 * Rounds parts to hundredths that add up to the rounded whole: those with the largest remainders are rounded up.
 * The parts' own sum counts where the whole is another figure altogether.
 */
export function apportion(parts: readonly number[], whole: number): number[] {
  const exact = parts.reduce((total, part) => total + part, 0)
  const target = Math.round(100 * (Math.abs(exact - whole) < 0.01 ? whole : exact))
  const rounded = parts.map((part) => Math.floor(100 * part))
  const byRemainder = parts
    .map((part, i) => [100 * part - rounded[i], i])
    .sort(([a], [b]) => b - a)
    .map(([, i]) => i)
  const missing = target - sum(rounded)
  // Between 0 and one for each part, but for the rounding of sums.
  for (let k = 0; k < Math.abs(missing) && parts.length > 0; k++)
    rounded[byRemainder[k % parts.length]] += Math.sign(missing)
  return rounded
}

const sum = (values: readonly (number | null)[]) => values.reduce<number>((total, value) => total + (value ?? 0), 0)
