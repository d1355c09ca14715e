import { MaxsiftError } from '../errors.ts'
import { fetchFile } from './download.ts'
import type { Parts } from './parts.ts'

/** The files of a checkpoint, wherever they are: a URL, a folder, dropped files, a map of URLs. */
export interface FileSource {
  /** For messages and as the default model name. */
  readonly name: string
  /** Where these very files are found again, once it is known, if that is more exact than what was asked for. */
  readonly address?: string
  /**
   * Opens a file as a stream of bytes, or gives null where the source does not have it.
   * @param start Only so many bytes from its start are wanted; a source may give more of it.
   * @param begun What is kept of it already: a source may give that and fetch the rest alone.
   * @throws MaxsiftError `MODEL_FETCH_FAILED` when the source cannot be read; `AbortError` on abort.
   */
  open(path: string, signal?: AbortSignal, start?: number, begun?: Parts): Promise<OpenFile | null>
}

export interface OpenFile {
  /** Bytes in the whole file; null where the server does not say. */
  size: number | null
  body: ReadableStream<Uint8Array>
  /** Of the whole file, as its publisher says it: 64 hexadecimal digits. */
  sha256?: string
  /** A strong ETag: equal for equal bytes. */
  validator?: string
}

/** Files below a base address, such as `/models/colbert/`; relative addresses resolve against the document. */
export function urlSource(base: string | URL): FileSource {
  const folder = resolveUrl(base)
  if (!folder.pathname.endsWith('/')) folder.pathname += '/'
  return {
    name: lastSegment(folder.pathname) || folder.host,
    open: (path, signal, start, begun) => {
      const url = below(folder, path)
      // What authorises the base (`?token=…`) also authorises what lies below it.
      url.search = folder.search
      return fetchFile(url, signal, { start, begun })
    },
  }
}

/** Files at addresses of their own: `{ 'config.json': 'https://…', 'model.safetensors': '…' }`. */
export function urlMapSource(files: Readonly<Record<string, string | URL>>, name = 'model'): FileSource {
  const urls = new Map(Object.entries(files).map(([path, url]) => [path, resolveUrl(url)]))
  return {
    name,
    open: async (path, signal, start, begun) => {
      const url = urls.get(path)
      return url ? fetchFile(url, signal, { start, begun }) : null
    },
  }
}

/**
 * Files that a person chose or dropped. A chosen folder puts its own name first in `webkitRelativePath`; it is taken off.
 * @throws MaxsiftError `INVALID_ARGUMENT` without files
 */
export function blobSource(files: Iterable<File>, name?: string): FileSource {
  const byPath = new Map<string, File>()
  let folder: string | undefined
  for (const file of files) {
    const [first, ...rest] = (file.webkitRelativePath || '').split('/')
    byPath.set(rest.length > 0 ? rest.join('/') : file.name, file)
    if (rest.length > 0) folder = first
  }
  if (byPath.size === 0) throw new MaxsiftError('INVALID_ARGUMENT', 'model: no files were given')
  return {
    name: name ?? folder ?? 'files',
    open: async (path, signal) => {
      signal?.throwIfAborted()
      const file = byPath.get(path)
      return file ? { size: file.size, body: file.stream() } : null
    },
  }
}

function resolveUrl(url: string | URL): URL {
  const base = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI
  try {
    return new URL(url, base)
  } catch (cause) {
    throw new MaxsiftError('INVALID_ARGUMENT', `model: ${url} is not an address`, { cause })
  }
}

/** The address of a file in a folder. */
export const below = (folder: string | URL, path: string) =>
  new URL(path.split('/').map(encodeURIComponent).join('/'), folder)

const lastSegment = (path: string) => path.split('/').filter(Boolean).at(-1)
