import type { DocumentEntry } from 'maxsift'
import { fileOf } from '../intake/gone.ts'

/** A folder of files that documents came from. */
export interface Folder {
  /** From the top, such as `notes/2024`; '' for the top itself. */
  path: string
  name: string
  folders: Folder[]
  files: FileEntry[]
  /** Of all files below it. */
  documents: number
}

export interface FileEntry {
  path: string
  name: string
  documents: number
  /** Of its first document. */
  id: string
}

/** The folders and files that documents came from, by name. A document without a file stands for one by its id. */
export function treeOf(entries: readonly DocumentEntry[]): Folder {
  const top = folder('', '')
  const folders = new Map([['', top]])
  const files = new Map<string, FileEntry>()
  const folderAt = (path: string): Folder => {
    let found = folders.get(path)
    if (!found) {
      const cut = path.lastIndexOf('/')
      found = folder(path, path.slice(cut + 1))
      folderAt(path.slice(0, Math.max(0, cut))).folders.push(found)
      folders.set(path, found)
    }
    return found
  }
  for (const entry of entries) {
    const path = fileOf(entry) ?? entry.id
    let file = files.get(path)
    if (!file) {
      const cut = path.lastIndexOf('/')
      file = { path, name: path.slice(cut + 1), documents: 0, id: entry.id }
      folderAt(path.slice(0, Math.max(0, cut))).files.push(file)
      files.set(path, file)
    }
    file.documents += 1
  }
  const order = new Intl.Collator(undefined, { numeric: true }).compare
  const finish = (each: Folder): number => {
    each.folders.sort((a, b) => order(a.name, b.name))
    each.files.sort((a, b) => order(a.name, b.name))
    each.documents = each.folders.reduce((sum, inner) => sum + finish(inner), 0)
    each.documents += each.files.reduce((sum, file) => sum + file.documents, 0)
    return each.documents
  }
  finish(top)
  return top
}

const folder = (path: string, name: string): Folder => ({ path, name, folders: [], files: [], documents: 0 })
