/** Lines to running text, with the paragraphs apart. */
import { extent, type Line } from './lines.ts'
import { joinLines, type Words } from './words.ts'

/** Ends a sentence, with what may close it. */
const SENTENCE_END = /[.!?:…。！？]["'’”»)\]]*$/
const BULLET = /^(?:[•‣◦▪●○■□–—*·-]|\(?\d{1,3}[.)]|\(?[a-z]\))\s/

/** Cells side by side, or an entry of a table of contents: a line of its own. */
const ROW = /\t|…\s*\S{1,6}$/

/** Of the usual distance between lines: more is a paragraph's. */
const PARAGRAPH_GAP = 1.35

/** Lines before and after that tell how wide a column is. */
const AROUND = 5

/** The text of a page: paragraphs with a blank line between them, list items and rows of tables on lines of their own. */
export function pageText(lines: readonly Line[], words: Words): string {
  const leading = usualLeading(lines)
  let text = ''
  lines.forEach((line, i) => {
    const before = lines[i - 1]
    if (!before) text = line.text
    else if (startsParagraph(lines, i, leading)) text += `\n\n${line.text}`
    else if (BULLET.test(line.text) || ROW.test(before.text) || ROW.test(line.text)) text += `\n${line.text}`
    else text = joinLines(text, line.text, words)
  })
  return text
}

/** From one line to the next, in font heights. */
const stepBetween = (before: Line, line: Line) => (line.down - before.down) / Math.max(before.size, line.size)

/** The usual step within paragraphs: smaller than that between them, so that a quarter of all lines suffices. */
function usualLeading(lines: readonly Line[]): number {
  const steps = lines
    .slice(1)
    .map((line, i) => stepBetween(lines[i], line))
    .filter((step) => step > 0 && step < 3)
    .sort((a, b) => a - b)
  return steps[steps.length >> 2] ?? 1.2
}

function startsParagraph(lines: readonly Line[], i: number, leading: number): boolean {
  const [before, line, after] = [lines[i - 1], lines[i], lines[i + 1]]
  const size = Math.max(before.size, line.size)
  if (before.direction !== line.direction || Math.abs(before.size - line.size) > 0.15 * size) return true
  const step = stepBetween(before, line)
  const ended = SENTENCE_END.test(before.text)
  // On to the next column, in the middle of a sentence or between two.
  if (step <= 0 || step > 4 * leading) return ended || !/^\p{Ll}/u.test(line.text)
  if (step > PARAGRAPH_GAP * leading + 0.1) return true
  const indent = inset(line) - inset(before)
  const indented = indent > 0.8 * size && (!after || after.down < line.down || inset(line) > inset(after) + 0.8 * size)
  const centred = Math.abs(line.start + line.end - before.start - before.end) < size
  const elsewhere = Math.abs(indent) > size && !centred && !/^\p{Ll}/u.test(line.text)
  return (ended && indented) || ((ended || elsewhere) && isShort(lines, i - 1))
}

/** Where a line begins to be read: the greater, the further in. */
const inset = ({ rtl, start, end }: Line) => (rtl ? -end : start)

/** Whether a line ends well before the longest one around it. */
function isShort(lines: readonly Line[], i: number): boolean {
  const line = lines[i]
  const column = lines
    .slice(Math.max(0, i - AROUND), i + AROUND + 1)
    .filter(({ start, end }) => start < line.end && end > line.start)
  const [start, end] = extent(column)
  return (line.rtl ? line.start - start : end - line.end) > 0.25 * (end - start)
}
