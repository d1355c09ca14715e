import type { DocumentContent, SearchIndex } from 'maxsift'
import { Reader, type ReaderPassage } from '../reader/reader.ts'

const reader = new Reader()

/** Matches of one document that can be paged through: as many as a search gives. */
const MOST_PASSAGES = 8

/** What was found, where the document is opened from a hit. */
export interface Found {
  query: string
  /** Where the passage to show starts. */
  start: number
}

/** Opens a document in the reading pane, at what was found. Gives false where the index does not hold it any more. */
export async function read(index: SearchIndex, id: string, found?: Found): Promise<boolean> {
  const [document, matches] = await Promise.all([index.get(id), found ? matchesIn(index, id, found.query) : []])
  if (!document) return false
  const passages: ReaderPassage[] = [...document.passages, ...matches]
  const match = matches.findIndex(({ start }) => start === found?.start)
  const current = match < 0 ? placeOf(document, found?.start ?? 0) : document.passages.length + match
  reader.open({ title: document.title ?? document.id, passages, current })
  return true
}

/** All that matches in the document: a hit shows only the best. */
async function matchesIn(index: SearchIndex, id: string, query: string): Promise<ReaderPassage[]> {
  const { hits } = await index.search(query, { ids: [id], limit: 1, passages: MOST_PASSAGES })
  return hits[0]?.passages ?? []
}

function placeOf({ passages }: DocumentContent, start: number): number {
  return Math.max(
    0,
    passages.findLastIndex((passage) => passage.start <= start),
  )
}
