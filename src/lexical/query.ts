import { fold } from './fold.ts'
import { Span } from './span.ts'
import { type Run, runs } from './terms.ts'

export interface ParsedQuery {
  words: { run: Run; quoted: boolean }[]
  /** What a passage must hold. */
  spans: Span[]
  /** The last word is neither quoted nor followed by anything: whoever types may go on with it. */
  open: boolean
}

/** A quotation mark without a partner is no more than a character. */
export function parseQuery(query: string): ParsedQuery {
  const folded = fold(query).replace(/[“”„‟]/g, '"')
  const words: ParsedQuery['words'] = []
  const spans: Span[] = []
  // The odd ones stand between marks.
  const parts = folded.split(/"([^"]*)"/)
  parts.forEach((part, i) => {
    const quoted = i % 2 === 1
    for (const run of runs(part)) words.push({ run, quoted })
    if (quoted && part.trim() !== '') spans.push(new Span(part))
  })
  return { words, spans, open: /[\p{L}\p{M}\p{N}]$/u.test(folded) }
}
