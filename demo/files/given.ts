/** What a person gave: by dropping it, or by choosing files or a folder. */

/** A file and where it lies: below the folder that was given, or only its name. */
export interface GivenFile {
  path: string
  file: File
}

/** A file, or folder, that gives no document, and why, such as "empty". */
export interface Problem {
  path: string
  why: string
}

export interface Given {
  /** In the order of their paths. */
  files: GivenFile[]
  /** The folders themselves, by name. */
  folders: string[]
  problems: Problem[]
  /** Hidden files and folders, and installed packages, which nobody means. */
  leftOut: number
}

/** The files of a file picker; those of a folder picker know their path. */
export function chosen(list: Iterable<File>): Given {
  const given = nothing()
  for (const file of list) {
    const path = file.webkitRelativePath || file.name
    const parts = path.split('/')
    if (parts.length > 1 && !given.folders.includes(parts[0])) given.folders.push(parts[0])
    if (parts.slice(1).some(isLeftOut)) given.leftOut += 1
    else given.files.push({ path, file })
  }
  return finished(given)
}

/** The files and folders of a drop, which must be taken while its event is handled: the list is empty later. */
export function dropped(items: DataTransferItemList): Promise<Given> {
  const entries: (FileSystemEntry | File | null)[] = []
  for (const item of items) if (item.kind === 'file') entries.push(item.webkitGetAsEntry?.() ?? item.getAsFile())
  return walk(entries)
}

async function walk(entries: (FileSystemEntry | File | null)[]): Promise<Given> {
  const given = nothing()
  const open = entries.map((entry) => ({ entry, below: '' }))
  for (let next = open.pop(); next; next = open.pop()) {
    const { entry, below } = next
    if (!entry) continue
    const path = below + entry.name
    if (below !== '' && isLeftOut(entry.name)) given.leftOut += 1
    else if (entry instanceof File) given.files.push({ path, file: entry })
    else
      try {
        if (isDirectory(entry)) {
          if (below === '') given.folders.push(entry.name)
          open.push(...(await entriesOf(entry)).map((entry) => ({ entry, below: `${path}/` })))
        } else given.files.push({ path, file: await fileOf(entry as FileSystemFileEntry) })
      } catch (error) {
        given.problems.push({ path, why: whyNot(error) })
      }
  }
  return finished(given)
}

/** What a failed attempt to read a file says to a person. */
export function whyNot(error: unknown): string {
  const { name, message } = error as Error
  if (name === 'NotFoundError') return 'not there any more'
  if (name === 'EncodingError') return 'not text (UTF-8)'
  if (name === 'NotReadableError' || name === 'SecurityError' || name === 'NotAllowedError')
    return 'not readable: no permission, or changed since it was given'
  return `not readable: ${message}`
}

const nothing = (): Given => ({ files: [], folders: [], problems: [], leftOut: 0 })

/** In order, and no two with one path: the same name may have been dropped from two places at once. */
function finished(given: Given): Given {
  given.files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
  const taken = new Set<string>()
  for (const each of given.files) {
    const { path } = each
    const dot = path.lastIndexOf('.')
    for (let n = 2; taken.has(each.path); n++) each.path = `${path.slice(0, dot)} (${n})${path.slice(dot)}`
    taken.add(each.path)
  }
  return given
}

const isLeftOut = (name: string) => name.startsWith('.') || name === 'node_modules'
const isDirectory = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject))

/** A directory gives its entries in portions, the last of which is empty. */
async function entriesOf(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const portion = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (portion.length === 0) return all
    all.push(...portion)
  }
}
