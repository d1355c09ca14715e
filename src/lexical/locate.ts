import { fold } from './fold.ts'
import { documentTerms, type Run, runs } from './terms.ts'

/** Something where it stands in a text, in UTF-16 units. */
export interface Located {
  start: number
  end: number
}

/** A character with what folding may join to it: marks, those of half-width Kana, and vowels and finals of Hangul. */
const CLUSTERS =
  /\P{M}(?:\p{M}|\u200D|[\uFF9E\uFF9F]|[\u1160-\u11FF\uD7B0-\uD7FF]|[\u314F-\u3163\u3187-\u318E\uFFC2-\uFFDC])*|\p{M}+/gu

/** A folded text that knows which cluster of the original each of its UTF-16 units comes from. */
class FoldedText {
  readonly text: string
  readonly #starts: number[] = []
  readonly #ends: number[] = []

  constructor(original: string) {
    let folded = ''
    for (const { 0: cluster, index } of original.matchAll(CLUSTERS)) {
      const part = fold(cluster)
      for (let i = 0; i < part.length; i++) {
        this.#starts.push(index)
        this.#ends.push(index + cluster.length)
      }
      folded += part
    }
    this.text = folded
  }

  /** Where a stretch of the folded text lies in the original. */
  original(start: number, end: number): Located {
    return { start: this.#starts[start], end: this.#ends[end - 1] }
  }
}

/** The runs of a text, located in the text as it is. */
export function locateRuns(text: string): Run[] {
  const folded = new FoldedText(text)
  return runs(folded.text).map((run) => ({ ...run, ...folded.original(run.start, run.end) }))
}

/** The terms of a text where they stand in it, in order; those of a dense run overlap. */
export function locateTerms(text: string, english: boolean): (Located & { term: string })[] {
  const folded = new FoldedText(text)
  return runs(folded.text).flatMap((run) => {
    const terms = documentTerms(run, english)
    if (run.kind !== 'dense') return terms.map((term) => ({ term, ...folded.original(run.start, run.end) }))
    // A term begins at each character of the run.
    let at = run.start
    return terms.map((term) => {
      const start = at
      at += String.fromCodePoint(folded.text.codePointAt(at)!).length
      return { term, ...folded.original(start, start + term.length) }
    })
  })
}
