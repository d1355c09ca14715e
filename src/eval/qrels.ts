import { lines } from '../formats/jsonl.ts'
import { badFile } from './lines.ts'

/** Grades by query and document. */
export type Judgements = ReadonlyMap<string, ReadonlyMap<string, number>>

/** What a collection holds, so that strays are noticed. */
export interface Known {
  queries: { has(id: string): boolean }
  documents: { has(id: string): boolean }
}

const HEADER = ['query-id', 'corpus-id', 'score']

/**
 * Judgements in BEIR's form: columns query-id, corpus-id and score separated by tabs, after a line that says so.
 * @param name Of the file, for messages.
 * @throws MaxsiftError `INVALID_ARGUMENT` naming file and line.
 */
export async function readQrels(chunks: AsyncIterable<string>, name: string, known: Known): Promise<Judgements> {
  const judgements = new Map<string, Map<string, number>>()
  let line = 0
  for await (const text of lines(chunks)) {
    line++
    const row = text.trimEnd()
    if (line > 1 && row === '') continue
    const columns = row.split('\t')
    if (line === 1) {
      if (columns.join() === HEADER.join()) continue
      throw badFile(name, line, `this must be the line ${HEADER.join(', ')}, separated by tabs`)
    }
    if (columns.length !== 3) throw badFile(name, line, `there are ${columns.length} columns instead of 3`)
    const [query, document, score] = columns
    if (!/^-?\d{1,9}$/.test(score)) throw badFile(name, line, `the score "${score}" is not a whole number`)
    if (!known.queries.has(query)) throw badFile(name, line, `there is no query "${query}"`)
    if (!known.documents.has(document)) throw badFile(name, line, `there is no document "${document}"`)
    const grades = judgements.get(query) ?? new Map<string, number>()
    judgements.set(query, grades)
    if (grades.has(document)) throw badFile(name, line, `"${document}" has been judged for "${query}" before`)
    grades.set(document, Number(score))
  }
  if (judgements.size === 0) throw badFile(name, null, 'there is no judgement in it')
  return judgements
}
