import type { Section } from './assemble.ts'

/** What becomes one element. */
export interface Block {
  kind: 'heading' | 'paragraph' | 'omission'
  text: string
  /** Where `text` lies in the document; both the same for what is no part of it. */
  start: number
  end: number
}

/** A paragraph beyond this is laid out in parts, so that a text without a line break does not stop the page. */
const LONGEST = 8_192

/** Lines at the head of a section among which its heading is looked for: headings with nothing below them come first. */
const HEAD_LINES = 6

/** The headings and paragraphs of a document, in order. Blank lines separate paragraphs; single line breaks stay inside. */
export function blocksOf(sections: readonly Section[]): Block[] {
  return sections.flatMap((section) => {
    const { text, start, heading, omitted } = section
    const blocks: Block[] = []
    if (omitted > 0) blocks.push({ kind: 'omission', text: '…', start, end: start })
    let body = 0
    const headLines = heading === undefined ? [] : linesUpTo(text, heading)
    for (const line of headLines) {
      blocks.push({ kind: 'heading', text: line, start: start + body, end: start + body + line.length })
      body += line.length + 1
    }
    if (heading && headLines.length === 0) blocks.push({ kind: 'heading', text: heading, start, end: start })
    for (const [from, to] of paragraphs(text, Math.min(body, text.length)))
      blocks.push({ kind: 'paragraph', text: text.slice(from, to), start: start + from, end: start + to })
    return blocks
  })
}

/** The first lines up to the one that is the heading, or none where it is none of them. */
function linesUpTo(text: string, heading: string): string[] {
  const lines = text.slice(0, heading.length + 4_096).split('\n', HEAD_LINES)
  const at = lines.indexOf(heading.trim())
  return lines.slice(0, at + 1).some((line) => line.trim() === '') ? [] : lines.slice(0, at + 1)
}

/** Ranges between blank lines, without white space lines around them. */
function paragraphs(text: string, from: number): [number, number][] {
  const ranges: [number, number][] = []
  const push = (start: number, end: number) => {
    while (start < end && text[start] === '\n') start++
    const stop = start + text.slice(start, end).trimEnd().length
    while (stop - start > LONGEST) {
      const cut = cutAt(text, start)
      ranges.push([start, cut])
      start = cut
    }
    if (start < stop) ranges.push([start, stop])
  }
  const blank = /\n[^\S\n]*\n/g
  blank.lastIndex = from
  let start = from
  for (let match = blank.exec(text); match; match = blank.exec(text)) {
    push(start, match.index)
    start = match.index + match[0].length
    // The line break that ends one blank line may begin the next one.
    blank.lastIndex = start - 1
  }
  push(start, text.length)
  return ranges
}

/** After a white space where there is one, and never inside a surrogate pair. */
function cutAt(text: string, start: number): number {
  const end = start + LONGEST
  for (let i = end; i > start + LONGEST / 2; i--) if (/\s/.test(text[i - 1])) return i
  return /[\uD800-\uDBFF]/.test(text[end - 1]) ? end - 1 : end
}
