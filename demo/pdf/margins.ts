/** Headers, footers and page numbers: what stands at the edge of page after page. */
import { type Line, onOneLine, type PageLines } from './lines.ts'

/** Rows at the top and at the bottom of a page that may be such lines. */
const EDGE_ROWS = 2

/** Pages before and after that are compared: even pages often differ from odd ones. */
const NEIGHBOURS = [-4, -3, -2, -1, 1, 2, 3, 4]
const LIKE_NEIGHBOURS = 2

/**
 * Leaves out lines that stand in the same place on pages nearby and say the same, but for the number of the page. Their
 * first occurrence stays where it has letters, so that no word is lost. A line in larger print than the text is none.
 */
export function withoutMargins(pages: readonly PageLines[]): PageLines[] {
  const edges = pages.map(({ lines }) => edgeLines(lines))
  return pages.map(({ lines, rtl }, page) => {
    const repeated = edges[page].filter((line) => {
      const like = NEIGHBOURS.filter((step) => edges[page + step]?.some((other) => isLike(line, other, step)))
      return like.length >= LIKE_NEIGHBOURS && (like[0] < 0 || !/\p{L}/u.test(line.text))
    })
    const dropped = new Set(repeated)
    return { lines: lines.filter((line) => !dropped.has(line)), rtl }
  })
}

/** The lines in the outermost rows, but for those in larger print than the rest. */
function edgeLines(lines: readonly Line[]): Line[] {
  if (lines.length === 0) return []
  const body = usualSize(lines)
  const sorted = lines.filter(({ size }) => size <= 1.1 * body).sort((a, b) => a.down - b.down)
  return [...new Set([...outermost(sorted), ...outermost(sorted.reverse())])]
}

function outermost(sorted: readonly Line[]): Line[] {
  const found: Line[] = []
  let rows = 0
  for (const line of sorted) {
    if (found.length === 0 || !onOneLine(found.at(-1)!, line)) rows++
    if (rows > EDGE_ROWS) break
    found.push(line)
  }
  return found
}

/** The font size in which most letters of a page are set. */
function usualSize(lines: readonly Line[]): number {
  const sorted = [...lines].sort((a, b) => a.size - b.size)
  const half = sorted.reduce((sum, { text }) => sum + text.length, 0) / 2
  let letters = 0
  for (const { size, text } of sorted) {
    letters += text.length
    if (letters >= half) return size
  }
  return 0
}

/** Whether a line of another page, so many pages on, is the same but for numbers that count the pages. */
function isLike(line: Line, other: Line, pages: number): boolean {
  if (!onOneLine(line, other) || Math.abs(line.size - other.size) > 0.1 * line.size) return false
  if (line.text === other.text) return true
  const [mine, its] = [line.text.split(/(\d+)/), other.text.split(/(\d+)/)]
  return (
    mine.length === its.length &&
    mine.every((part, i) => part === its[i] || (i % 2 === 1 && Number(its[i]) - Number(part) === pages))
  )
}
