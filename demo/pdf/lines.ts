import type { TextItem, TextStyle } from 'pdfjs-dist/types/src/display/api'

/**
 * A piece of text on one baseline, without a gap wider than a letter. Measures are those of the page, turned so that
 * text runs along and lines follow each other down, whatever the direction of the writing.
 */
export interface Line {
  text: string
  /** Where it begins and ends along the baseline, from the left also where it is read from the right. */
  start: number
  end: number
  /** Of the baseline; grows down the page. */
  down: number
  /** Of the font: its height. */
  size: number
  /** Read from right to left. */
  rtl: boolean
  /** Lines of different directions do not stand in one column. Degrees, or 'vertical'. */
  direction: number | 'vertical'
}

/** The lines of a page, in the order in which the page draws them, and how the page is read. */
export interface PageLines {
  lines: Line[]
  /** Most letters of the page run from right to left, and so do its columns. */
  rtl: boolean
}

interface Piece extends Line {
  /** A space was drawn before it. */
  spaced?: boolean
}

/** A gap of this many font heights is a space; pdf.js takes the same measure within a piece. */
const SPACE = 0.1

/** A wider gap may be the one between two columns; a yet wider one is no longer that of a spread-out line. */
const GAP = 1
const CELL_GAP = 2

/** At most so many font heights lie between a text and its shadow, and so many pieces. */
const SHADOW = 0.2
const SHADOW_PIECES = 4

export function linesOf(items: readonly TextItem[], styles: Readonly<Record<string, TextStyle>>): PageLines {
  let balance = 0
  for (const { dir, str } of items) balance += (dir === 'rtl' ? 1 : -1) * str.trim().length
  const rtl = balance > 0
  const lines: Line[] = []
  let pieces: Piece[] = []
  let [start, end] = [0, 0]
  let spaced = false
  const close = () => {
    if (pieces.length > 0) lines.push(join(pieces, rtl))
    pieces = []
  }
  for (const item of items) {
    const piece: Piece = { ...measure(item, styles), spaced: spaced || /^\s/.test(item.str) }
    if (piece.text === '') {
      spaced ||= item.str !== ''
      continue
    }
    spaced = /\s$/.test(item.str)
    const last = pieces.at(-1)
    if (pieces.slice(-SHADOW_PIECES).some((other) => isShadow(piece, other))) continue
    const gap = Math.max(piece.start - end, start - piece.end)
    if (last && onOneLine(last, piece) && gap < GAP * Math.max(last.size, piece.size)) {
      start = Math.min(start, piece.start)
      end = Math.max(end, piece.end)
    } else {
      close()
      start = piece.start
      end = piece.end
    }
    pieces.push(piece)
  }
  close()
  return { lines, rtl }
}

/** https://developer.mozilla.org/docs/Web/SVG/Attribute/transform#matrix has the same six numbers. */
function measure(
  { str, dir, transform, width, height, fontName }: TextItem,
  styles: Readonly<Record<string, TextStyle>>,
) {
  const [a, b, c, d, x, y] = transform as number[]
  const line = { text: legible(str).trim(), size: Math.hypot(c, d) || Math.hypot(a, b) || 1, rtl: dir === 'rtl' }
  if (styles[fontName]?.vertical)
    return { ...line, start: -y, end: height - y, down: -x, direction: 'vertical' as const }
  // Scans are seldom quite straight.
  const direction = (Math.round((Math.atan2(b, a) * 180) / Math.PI / 5) * 5) % 360
  const [cos, sin] = [Math.cos((direction * Math.PI) / 180), Math.sin((direction * Math.PI) / 180)]
  const start = x * cos + y * sin
  return { ...line, start, end: start + width, down: x * sin - y * cos, direction }
}

/** Without what a font without a character map leaves, and with the usual forms of Arabic letters and upright signs. */
function legible(text: string): string {
  return text
    .replaceAll('\uf0b7', '•')
    .replace(/[\p{Cc}\p{Co}\ufffd]/gu, '')
    .replace(/[\ufb50-\ufdff\ufe10-\ufe19\ufe30-\ufe48\ufe70-\ufefc]/g, (form) => form.normalize('NFKC'))
}

/** Some programs draw a text twice, a little apart, for bold or for a shadow. */
function isShadow(piece: Line, other: Line): boolean {
  return (
    piece.text === other.text && onOneLine(piece, other) && Math.abs(piece.start - other.start) < SHADOW * piece.size
  )
}

/** Raised and lowered letters stay in their line. */
export function onOneLine(a: Line, b: Line): boolean {
  return a.direction === b.direction && Math.abs(a.down - b.down) < 0.5 * Math.max(a.size, b.size)
}

export function extent(lines: readonly Line[]): [start: number, end: number] {
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const line of lines) {
    start = Math.min(start, line.start)
    end = Math.max(end, line.end)
  }
  return [start, end]
}

/** One line out of pieces on one baseline, in reading order. A tab stands between those that are far apart. */
export function join(pieces: readonly Piece[], rtl: boolean): Line {
  const ordered = rtl ? rightToLeft(pieces) : pieces
  let text = ''
  ordered.forEach((piece, i) => {
    const before = ordered[i - 1]
    if (before) {
      const distance = Math.max(piece.start - before.end, before.start - piece.end)
      const size = Math.max(before.size, piece.size)
      if (distance >= CELL_GAP * size) text += '\t'
      else if (distance > SPACE * size || (piece.spaced && !rtl)) text += ' '
    }
    text += piece.text
  })
  // The dots that lead to a page number say nothing, and there are many.
  text = text.replace(/(?:\s?\.){5,}/g, ' …')
  const [start, end] = extent(pieces)
  // Of the longest piece: a footnote's number says little about its line.
  const { down, size, direction } = pieces.reduce((a, b) => (b.text.length > a.text.length ? b : a))
  return { text, start, end, down, size, rtl, direction }
}

/** From the right; what runs from left to right within it, such as an English name in several pieces, in one piece. */
function rightToLeft(pieces: readonly Piece[]): Piece[] {
  const runs: Piece[][] = []
  for (const piece of [...pieces].sort((a, b) => a.start - b.start)) {
    const run = runs.at(-1)
    if (run && !run[0].rtl && !piece.rtl) run.push(piece)
    else runs.push([piece])
  }
  return runs.reverse().map((run) => (run.length > 1 ? join(run, false) : run[0]))
}
