import type { DocumentEntry } from 'maxsift'

export interface Seen {
  /** Folders that were read from top to bottom. */
  folders: ReadonlySet<string>
  /** Files that were read to their end. */
  files: ReadonlySet<string>
  /** Ids of all documents in them. */
  ids: ReadonlySet<string>
  /** Files that are there but could not be read: what the index holds of them stays. */
  troubled: ReadonlySet<string>
}

/** Documents of the index that a folder, or a file, held once and does not hold any more. */
export function gone(entries: readonly DocumentEntry[], { folders, files, ids, troubled }: Seen): DocumentEntry[] {
  return entries.filter((entry) => {
    const file = fileOf(entry)
    if (file === null || ids.has(entry.id) || troubled.has(file)) return false
    return files.has(file) || folders.has(file.slice(0, Math.max(0, file.indexOf('/'))))
  })
}

/** The file that a document came from; null for one that this page did not read. */
export function fileOf({ meta }: Pick<DocumentEntry, 'meta'>): string | null {
  return typeof meta?.file === 'string' ? meta.file : null
}
