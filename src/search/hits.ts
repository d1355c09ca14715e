/** What a caller gets of stored documents, however they are found. */
import type { StoredDocument } from '../store/texts.ts'
import type { DocumentContent, DocumentEntry, Hit, PassageHit } from './types.ts'

/** What a hit says of its document. */
export function documentOf({ id, title, url, meta }: StoredDocument): Pick<Hit, 'id' | 'title' | 'url' | 'meta'> {
  return { id, ...(title !== undefined && { title }), ...(url !== undefined && { url }), ...(meta && { meta }) }
}

/** The caller's own passage, or heading, that a place of the text belongs to. */
export function sectionAt({ sections }: StoredDocument, start: number): Pick<PassageHit, 'heading' | 'anchor'> {
  const { heading, anchor } = sections?.findLast((section) => section.start <= start) ?? {}
  return { ...(heading !== undefined && { heading }), ...(anchor !== undefined && { anchor }) }
}

export function entryOf({ id, title, url, meta, units }: StoredDocument): DocumentEntry {
  return { id, title, url, meta, length: units }
}

/** A document as it was given. @param text All of it */
export function contentOf(record: StoredDocument, text: string): DocumentContent {
  const { units, sections = [{ start: 0 }] } = record
  const passages = sections.map(({ start, ...place }, i) => {
    // Passages were joined by line feeds.
    const end = record.sections ? (sections[i + 1]?.start ?? units) - 1 : units
    return { text: text.slice(start, end), ...place, start, end }
  })
  return { ...entryOf(record), passages }
}
