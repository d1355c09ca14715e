import { stem } from './stemmer.ts'

/** The stop words of Lucene's EnglishAnalyzer. */
const STOP_WORDS = new Set(
  (
    'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this ' +
    'to was will with'
  ).split(' '),
)

// Script extensions take in punctuation that these scripts share, hence the second condition.
const SCRIPTS = ['Han', 'Hira', 'Kana', 'Bopo', 'Hang', 'Thai', 'Laoo', 'Khmr', 'Mymr']
const DENSE = String.raw`(?:(?=[${SCRIPTS.map((script) => `\\p{scx=${script}}`).join('')}])[\p{L}\p{M}\p{N}])`

/** Pattern of a character of a word between blanks, for regular expressions with the flag `u`; most are of ASCII. */
export const LETTER = String.raw`(?:[a-z0-9]|(?!${DENSE})[\p{L}\p{M}\p{N}])`

const RUNS = new RegExp(
  String.raw`(?<word>${LETTER}+(?:'${LETTER}+)*)|(?<dense>${DENSE}+)|(?<sign>\p{RI}\p{RI}|\p{Extended_Pictographic})`,
  'gu',
)

/** A stretch of text that becomes terms. */
export interface Run {
  text: string
  /**
   * `word`: between blanks or punctuation. `dense`: in a script without blanks, or, as in Hangul, with blanks between
   * more than words. `sign`: an emoji.
   */
  kind: 'word' | 'dense' | 'sign'
  /** Where it lies in the folded text, in UTF-16 units. */
  start: number
  end: number
}

/** @param folded A text as `fold` gives it. */
export function runs(folded: string): Run[] {
  return Array.from(folded.matchAll(RUNS), ({ index: start, groups }) => {
    const { dense, word, sign } = groups as Partial<Record<Run['kind'], string>>
    const found = word?.replace(/'s$/, '') ?? dense ?? sign!
    const kind = word !== undefined ? 'word' : dense !== undefined ? 'dense' : 'sign'
    return { text: kind === 'word' ? found.replaceAll("'", '') : found, kind, start, end: start + found.length }
  })
}

/** @param english Words are stemmed lightly. */
export function documentTerms(run: Pick<Run, 'text' | 'kind'>, english: boolean): string[] {
  if (run.kind !== 'dense') return queryTerms(run, english)
  // The last character alone, too: every character then begins one term, and is found by that when it is asked for.
  const characters = [...run.text]
  return characters.map((character, i) => character + (characters[i + 1] ?? ''))
}

/** Pairs of neighbours in a dense run; one character stands for every term that begins with it. */
export function queryTerms({ text, kind }: Pick<Run, 'text' | 'kind'>, english: boolean): string[] {
  if (kind !== 'dense') return [kind === 'word' && english ? stem(text) : text]
  const characters = [...text]
  return characters.length === 1 ? characters : characters.slice(1).map((character, i) => characters[i] + character)
}

/** So frequent in English that a query can do without it. */
export const isStopWord = ({ text, kind }: Run): boolean => kind === 'word' && STOP_WORDS.has(text)
