/** A model whose files were known when the package was built: found by a list, checked by what the list says. */
import { MaxsiftError } from '../errors.ts'
import { fetchFile, type Wanted } from './download.ts'
import type { Parts } from './parts.ts'
import { readJson } from './read.ts'
import type { FileSource, OpenFile } from './source.ts'
import { type Pin, verified } from './verified.ts'

/** Absolute addresses. Bundlers rename files, so each has one of its own. */
export interface BundledFiles {
  /** Of the JSON of a `BundledList`. */
  list: Pin & { url: string }
  /** Of the files that `pins` of the list has. */
  urls: Readonly<Record<string, string>>
}

/** The small files of a model, and what the others must be; by path. */
export interface BundledList {
  texts: Readonly<Record<string, string>>
  pins: Readonly<Record<string, Pin>>
}

/** Reads an address; null where there is nothing. */
export type OpenAddress = (url: URL, signal?: AbortSignal, wanted?: Wanted) => Promise<OpenFile | null>

/** @param open Reads an address; null where there is nothing. */
export function bundledSource(name: string, { list, urls }: BundledFiles, open: OpenAddress = fetchFile): FileSource {
  const read = async (url: string, pin: Pin, signal?: AbortSignal, begun?: Parts): Promise<OpenFile> => {
    const file = await open(new URL(url), signal, { begun })
    if (file) return { ...file, size: pin.bytes, body: verified(file.body, pin, url) }
    throw new MaxsiftError('MODEL_FETCH_FAILED', `${url} is missing, a file of the model ${name}`, {
      remedy: "Serve the package's models folder beside its scripts, as its hosting guide says, or pass `model`.",
    })
  }
  let reading: Promise<BundledList> | undefined
  const readList = (signal?: AbortSignal) => {
    const source: FileSource = { name, open: (_, signal) => read(list.url, list, signal) }
    const wanted = readJson(source, 'files.json', signal) as Promise<BundledList>
    wanted.catch(() => {
      reading = undefined
    })
    return wanted
  }
  return {
    name,
    async open(path, signal, _start, begun) {
      signal?.throwIfAborted()
      reading ??= readList(signal)
      const { texts, pins } = await reading
      if (Object.hasOwn(texts, path)) {
        const text = new Blob([texts[path]])
        return { size: text.size, body: text.stream() }
      }
      return Object.hasOwn(pins, path) ? read(urls[path], pins[path], signal, begun) : null
    },
  }
}
