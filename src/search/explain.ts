import type { EncodedText } from '../text/encode.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { passageText } from './prepare.ts'
import type { Explanation } from './types.ts'

/** For each query row: the best token vector of a passage (its number among the kept rows) and their dot product. */
export interface Matches {
  tokens: Uint32Array
  similarities: Float32Array
}

/** A passage as it was encoded: what its token vectors stand for. */
export interface EncodedPassage {
  title: string | undefined
  text: string
  input: EncodedText
}

/** What each scored row of a query stands for. */
export function rowKinds(query: EncodedText, expansion: number | undefined): Explanation['kind'][] {
  return Array.from(query.keep, (row) => {
    if (query.starts[row] >= 0) return 'text'
    return query.ids[row] === expansion ? 'expansion' : 'marker'
  })
}

/** Per query token: what it is, what it met in the passage, and its share of the score. */
export function explain(
  tokenizer: Tokenizer,
  query: EncodedText,
  kinds: readonly Explanation['kind'][],
  passage: EncodedPassage,
  { tokens, similarities }: Matches,
): Explanation[] {
  const { input } = passage
  return Array.from(query.keep, (row, i) => {
    const found = input.keep[tokens[i]]
    const [start, end] = range(passage, found)
    return {
      token: tokenizer.tokenOf(query.ids[row]) ?? '',
      kind: kinds[i],
      start: query.starts[row],
      end: query.ends[row],
      share: similarities[i],
      match: { token: tokenizer.tokenOf(input.ids[found]) ?? '', start, end },
    }
  })
}

/**
 * The words (not mere punctuation) of the passage that tokens of the query's text met best, each with its share of the
 * score: the sum over all query tokens that met it, so that a word that the expansion points at as well weighs more.
 */
export function highlights(
  tokenizer: Tokenizer,
  kinds: readonly Explanation['kind'][],
  passage: EncodedPassage,
  { tokens, similarities }: Matches,
): [number, number, number][] {
  const { input } = passage
  const score = similarities.reduce((sum, similarity) => sum + similarity, 0)
  const words = new Map<number, { start: number; end: number; share: number; met: boolean }>()
  similarities.forEach((similarity, i) => {
    const [first, last] = wordAround(tokenizer, input, input.keep[tokens[i]])
    const [start] = range(passage, first)
    const [, end] = range(passage, last)
    if (start < 0) return
    const word = words.get(start) ?? { start, end, share: 0, met: false }
    word.share += similarity
    word.met ||= kinds[i] === 'text' && similarity > 0
    words.set(start, word)
  })
  return Array.from(words.values())
    .filter(({ met, start, end }) => met && /[\p{L}\p{N}]/u.test(passage.text.slice(start, end)))
    .sort((a, b) => a.start - b.start)
    .map(({ start, end, share }) => [start, end, score > 0 ? Math.min(1, Math.max(0, share / score)) : 0])
}

/** The first and last row of the word that a row belongs to: pieces that continue it follow without a gap. */
function wordAround(tokenizer: Tokenizer, { ids, starts, ends }: EncodedText, row: number): [number, number] {
  const continues = (at: number) =>
    at > 0 &&
    at < ids.length &&
    starts[at] >= 0 &&
    starts[at] === ends[at - 1] &&
    tokenizer.continuesWord(ids[at], ids[at - 1])
  let first = row
  while (continues(first)) first -= 1
  let last = row
  while (continues(last + 1)) last += 1
  return [first, last]
}

/** Where a row's text lies in the passage's text; -1 for markers and the title. */
function range({ title, text, input }: EncodedPassage, row: number): [number, number] {
  const before = passageText(title, text).length - text.length
  const start = input.starts[row] - before
  return input.starts[row] < 0 || start < 0 ? [-1, -1] : [start, input.ends[row] - before]
}
