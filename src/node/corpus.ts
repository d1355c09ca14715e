import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { check } from '../errors.ts'
import { type Format, formatOf, KNOWN_ENDINGS, parseFile } from '../formats/format.ts'
import { jsonDocuments } from '../formats/jsonl.ts'
import { decodeText } from '../formats/text.ts'
import type { DocumentInput } from '../search/types.ts'
import { readChunks, unreadable } from './files.ts'

/** A file of prose above this is not one. */
const MAX_FILE_BYTES = 16 * 2 ** 20

export interface CorpusFile {
  /** Where it lies. */
  path: string
  /** Below the folder that was asked for, with `/`; a file that was asked for has its own name. */
  name: string
  format: Format
}

/** Told of every file that gives no document, and why; `lost` when it may only be out of reach for now. */
export type Report = (path: string, why: string, lost?: 'lost') => void

/**
 * The files of these paths that documents are read from: folders with all that lies below them, in the order of their
 * names, the same on every machine. Left out are hidden files, `node_modules` and the folder `except`.
 * @throws MaxsiftError `INVALID_ARGUMENT`: a path that is not there, or a file that is asked for and cannot be read.
 */
export async function listFiles(paths: readonly string[], except: string, report: Report): Promise<CorpusFile[]> {
  const files: CorpusFile[] = []
  for (const path of paths) {
    const found = await stat(path).catch((cause) => {
      throw unreadable(path, cause)
    })
    if (found.isDirectory()) await walk(path, '', new Set([await real(except)]), files, report)
    else {
      const format = formatOf(path)
      check(format, `${path} is none of the files that can be read (${KNOWN_ENDINGS.join(', ')}).`)
      files.push({ path, name: basename(path), format })
    }
  }
  const seen = new Map<string, string>()
  for (const { name, path, format } of files) {
    if (format === 'jsonl') continue // Its documents have ids of their own.
    const other = seen.get(name)
    check(other === undefined, `${other} and ${path} would have the same id, ${name}: index a folder above both.`)
    seen.set(name, path)
  }
  return files
}

/** @param seen Folders by their real path: a link may lead back to one. */
async function walk(root: string, below: string, seen: Set<string>, files: CorpusFile[], report: Report) {
  const folder = join(root, below)
  const own = await real(folder)
  if (seen.has(own)) return
  seen.add(own)
  const entries = await readdir(folder).catch((error) => {
    report(folder, error.message, 'lost')
    return []
  })
  for (const entry of entries.sort()) {
    if (entry.startsWith('.') || entry === 'node_modules') continue
    const path = join(folder, entry)
    const name = below === '' ? entry : `${below}/${entry}`
    const found = await stat(path).catch((error) => {
      report(path, error.message, 'lost')
      return null
    })
    if (found?.isDirectory()) await walk(root, name, seen, files, report)
    const format = found?.isFile() ? formatOf(entry) : null
    if (format) files.push({ path, name, format })
  }
}

const real = (path: string) => realpath(path).catch(() => resolve(path))

/** The address of a file below the folder that was asked for. */
export const relativeUrl = (name: string) => name.split('/').map(encodeURIComponent).join('/')

/**
 * The documents of these files, one by one.
 * @param urlOf The address of a page, by the name of its file.
 * @throws MaxsiftError `INVALID_ARGUMENT` for a line of a .jsonl file that is no document, naming both.
 */
export async function* readCorpus(
  files: Iterable<CorpusFile>,
  report: Report,
  signal: AbortSignal,
  urlOf: (name: string) => string | undefined = relativeUrl,
): AsyncGenerator<DocumentInput> {
  for (const { path, name, format } of files) {
    signal.throwIfAborted()
    try {
      if (format === 'jsonl') {
        yield* jsonDocuments(readChunks(path, signal), path)
        continue
      }
      const source = await readProse(path, signal)
      const content = typeof source === 'string' ? await parseFile(format, source) : null
      if (content === null) report(path, (source as { problem: string }).problem)
      else if ('passages' in content ? content.passages.length === 0 : content.text.trim() === '')
        report(path, 'is empty')
      else yield { id: name, ...content, ...(format !== 'text' && { url: urlOf(name) }) }
    } catch (error) {
      if (!isFileError(error) && !isFileError((error as Error).cause)) throw error
      report(path, (error as Error).message, 'lost')
    }
  }
}

const isFileError = (error: unknown) => error instanceof Error && 'errno' in error

async function readProse(path: string, signal: AbortSignal): Promise<string | { problem: string }> {
  const { size } = await stat(path)
  if (size > MAX_FILE_BYTES) return { problem: `is too large: more than ${MAX_FILE_BYTES / 2 ** 20} MiB` }
  const text = decodeText(await readFile(path, { signal }))
  return text ?? { problem: 'is not text (UTF-8, or UTF-16 with a byte order mark)' }
}
