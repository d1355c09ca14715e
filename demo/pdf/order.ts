/** The order in which the lines of a page are read. */
import { extent, join, type Line, onOneLine, type PageLines } from './lines.ts'

/** A column has this many lines at least, this many letters wide. */
const COLUMN_LINES = 4
const COLUMN_WIDTH = 8

/** A line of running text fills most of its column; the cells of a table seldom do. */
const COLUMN_FILL = 0.6

/** Lines that run across the columns, such as titles: at most this share of all. */
const MOST_ACROSS = 0.4

/** White strips that are tried as the one between two columns: few lines across, then the widest. */
const MOST_STRIPS = 4

/** Columns within a column: with two, three columns and four are seen. */
const MOST_NESTED = 2

/** Out of order are lines where more than this share of all steps goes up the page. */
const MOST_UPWARD = 0.1

/**
 * Columns one after the other, with what runs across them in its place between; what stands side by side otherwise, such
 * as the cells of a table, in one line. Text in other directions, such as a note along the margin, comes last.
 */
export function inReadingOrder({ lines, rtl }: PageLines): Line[] {
  const directions = [...new Set(lines.map(({ direction }) => direction))]
  const letters = (group: readonly Line[]) => group.reduce((sum, { text }) => sum + text.length, 0)
  return directions
    .map((direction) => lines.filter((line) => line.direction === direction))
    .sort((a, b) => letters(b) - letters(a))
    .flatMap((group) => rows(columns(group, rtl, false), rtl))
}

/** Pages draw columns one after the other or line by line across them; where columns are seen, both come out alike. */
function columns(lines: readonly Line[], rtl: boolean, inColumn: boolean): readonly Line[] {
  const gutter = findGutter(lines)
  if (gutter === null) return inColumn || outOfOrder(lines) ? byPosition(lines) : lines
  const across = lines.filter(({ start, end }) => start < gutter && end > gutter).sort((a, b) => a.down - b.down)
  const sides = sidesOf(lines, gutter)
  if (rtl) sides.reverse()
  const bands: Line[][] = Array.from({ length: across.length + 1 }, () => [])
  for (const line of sides.flatMap((side) => columns(side, rtl, true))) bands[linesAbove(across, line)].push(line)
  return bands.flatMap((band, i) => (i === 0 ? band : [across[i - 1], ...band]))
}

const sidesOf = (lines: readonly Line[], gutter: number) => [
  lines.filter(({ end }) => end <= gutter),
  lines.filter(({ start }) => start >= gutter),
]

/** How many lines, sorted down the page, stand above another one. */
function linesAbove(sorted: readonly Line[], { down }: Line): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle].down <= down) low = middle + 1
    else high = middle
  }
  return low
}

/** Where along the lines a white strip parts two columns of running text; null where there is none. */
function findGutter(lines: readonly Line[], depth = 0): number | null {
  if (lines.length < 2 * COLUMN_LINES || depth > MOST_NESTED) return null
  const edges = lines.flatMap(({ start, end }) => [
    { at: start, step: 1 },
    { at: end, step: -1 },
  ])
  edges.sort((a, b) => a.at - b.at || a.step - b.step)
  const strips: { at: number; width: number; across: number }[] = []
  let across = 0
  edges.forEach(({ at, step }, i) => {
    across += step
    // A strip begins where a line ends and ends where one begins.
    if (step > 0 || edges[i + 1]?.step !== 1 || across > MOST_ACROSS * lines.length) return
    strips.push({ at: (at + edges[i + 1].at) / 2, width: edges[i + 1].at - at, across })
  })
  strips.sort((a, b) => a.across - b.across || b.width - a.width)
  return strips.slice(0, MOST_STRIPS).find(({ at }) => partsColumns(lines, at, depth))?.at ?? null
}

function partsColumns(lines: readonly Line[], gutter: number, depth: number): boolean {
  const [left, right] = sidesOf(lines, gutter).map((side) => runningText(side, depth))
  if (!left || !right) return false
  const shared = Math.min(left.bottom, right.bottom) - Math.max(left.top, right.top)
  return shared >= 0.5 * Math.min(left.bottom - left.top, right.bottom - right.top)
}

/** How far down the page lines reach, where they look like the running text of a column, or of several. */
function runningText(lines: readonly Line[], depth: number): { top: number; bottom: number } | null {
  if (lines.length < COLUMN_LINES) return null
  const [start, end] = extent(lines)
  const widths = lines.map((line) => line.end - line.start).sort((a, b) => a - b)
  const filled =
    widths[widths.length >> 1] >= COLUMN_FILL * (end - start) && end - start >= COLUMN_WIDTH * lines[0].size
  if (!filled && findGutter(lines, depth + 1) === null) return null
  const downs = lines.map(({ down }) => down).sort((a, b) => a - b)
  return { top: downs[0], bottom: downs.at(-1)! }
}

function outOfOrder(lines: readonly Line[]): boolean {
  const upward = lines.filter((line, i) => i > 0 && lines[i - 1].down - line.down > lines[i - 1].size).length
  return upward > Math.max(3, MOST_UPWARD * lines.length)
}

const byPosition = (lines: readonly Line[]) => inRows([...lines].sort((a, b) => a.down - b.down)).flat()

/** Joins lines that follow each other on one baseline: the cells of a row. */
const rows = (lines: readonly Line[], rtl: boolean) => inRows(lines).map((row) => join(row, rtl))

/** Lines that follow each other on one baseline together, each row from the left. */
function inRows(lines: readonly Line[]): Line[][] {
  const found: Line[][] = []
  for (const line of lines) {
    const row = found.at(-1)
    if (row && onOneLine(row[0], line)) row.push(line)
    else found.push([line])
  }
  return found.map((row) => row.sort((a, b) => a.start - b.start))
}
