import { MaxsiftError } from '../errors.ts'
import { lines } from '../formats/jsonl.ts'
import { badFile } from './lines.ts'
import { type Ranking, type Scored, trecOrder } from './metrics.ts'
import type { Known } from './qrels.ts'

/** What a system found, by query. */
export interface Run {
  /** Name of the system. */
  tag: string
  rankings: ReadonlyMap<string, Ranking>
}

const COLUMNS = 6

/**
 * A run in TREC's form: query, `Q0`, document, rank, score and tag, separated by blanks. Only the score orders, as in
 * trec_eval.
 * @param name Of the file, for messages.
 * @throws MaxsiftError `INVALID_ARGUMENT` naming file and line.
 */
export async function readRun(chunks: AsyncIterable<string>, name: string, known?: Known): Promise<Run> {
  const rankings = new Map<string, Map<string, number>>()
  let tag: string | null = null
  let line = 0
  for await (const text of lines(chunks)) {
    line++
    if (text.trim() === '') continue
    const columns = text.trim().split(/\s+/)
    if (columns.length !== COLUMNS)
      throw badFile(name, line, `there are ${columns.length} columns instead of ${COLUMNS}`)
    const [query, , document, , given] = columns
    const score = Number(given)
    if (!Number.isFinite(score)) throw badFile(name, line, `the score "${given}" is not a number`)
    if (known && !known.queries.has(query)) throw badFile(name, line, `there is no query "${query}"`)
    if (known && !known.documents.has(document)) throw badFile(name, line, `there is no document "${document}"`)
    tag ??= columns[5]
    if (columns[5] !== tag) throw badFile(name, line, `the tag is "${columns[5]}", above it was "${tag}"`)
    const ranking = rankings.get(query) ?? new Map<string, number>()
    rankings.set(query, ranking)
    if (ranking.has(document)) throw badFile(name, line, `"${document}" is there for "${query}" a second time`)
    ranking.set(document, score)
  }
  if (tag === null) throw badFile(name, null, 'there is no line in it')
  return { tag, rankings: new Map([...rankings].map(([query, ranking]) => [query, scored(ranking)])) }
}

const scored = (ranking: ReadonlyMap<string, number>): Scored[] => Array.from(ranking, ([id, score]) => ({ id, score }))

/**
 * The lines of one query in TREC's form, each with its line feed, in the order in which trec_eval reads them.
 * @throws MaxsiftError `INVALID_ARGUMENT` where an id or the tag cannot stand between blanks.
 */
export function runLines(tag: string, query: string, ranking: Ranking): string {
  return trecOrder(ranking)
    .map(({ id, score }, i) => `${word(query)} Q0 ${word(id)} ${i + 1} ${score} ${word(tag)}\n`)
    .join('')
}

function word(text: string): string {
  if (/^\S+$/.test(text)) return text
  throw new MaxsiftError(
    'INVALID_ARGUMENT',
    `"${text}" cannot be written into a run: its columns are separated by blanks.`,
    {
      remedy: 'Leave --write-run out, or give ids without blanks.',
    },
  )
}
