/**
 * The model store: files of models, so that a model can be set up again, after the GPU was lost or offline, without
 * asking its source. Losing the store costs a download, never a load: its own failures are silent.
 */

import { MaxsiftError } from '../errors.ts'
import { webStore } from './cache-api.ts'
import type { Integrity } from './checked.ts'
import type { OpenHub } from './hub.ts'
import { openParts, type Parts, putFile, removeFile } from './parts.ts'
import type { FileSource, OpenFile } from './source.ts'

/** Where files of models are kept: the Cache API of a browser, a folder in Node. What it rejects with is ignored. */
export interface ModelStore {
  /** Null where it is known that the model has no such file, undefined where nothing is known. */
  open(key: string, path: string): Promise<OpenFile | null | undefined>
  /** Keeps a file once its body has ended, never a part; null keeps that there is none. @param name Of the model. */
  put(key: string, path: string, file: OpenFile | null, name: string): Promise<void>
  list(): Promise<KeptModel[]>
  /** Removes a file; without a path the whole model. */
  remove(key: string, path?: string): Promise<void>
}

export interface KeptModel {
  key: string
  name: string
  /** Of the files that it has. */
  files: Map<string, { bytes: number }>
}

export interface CacheOptions {
  store?: ModelStore
  integrity?: Integrity
  /** What checks hashes; needed where there are any. */
  hub?: OpenHub
}

export interface CachedSource extends FileSource {
  /** Settles when everything read so far is stored, or could not be. */
  settled(): Promise<void>
}

/**
 * The same files, from the store where it has them; what comes from the source is put into the store while it is read.
 * A file that is not read to its end is not stored, but what there is of a large one is begun with next time; nor is one
 * that has not the hash that the caller, or else the source, gives; from the store it is checked against that again.
 * That the source lacks a file is remembered too.
 * @param key identifies the source, such as its address
 */
export function cachedSource(source: FileSource, key: string, options: CacheOptions = {}): CachedSource {
  const { store = webStore, integrity = {}, hub = noHub } = options
  const pending = new Set<Promise<unknown>>()
  const keep = (path: string, file: OpenFile | null, begun?: Parts) => {
    const put = putFile(store, key, path, file, source.name, begun).catch(() => {})
    pending.add(put)
    put.finally(() => pending.delete(put))
    return put
  }
  return {
    name: source.name,
    async open(path, signal, start) {
      signal?.throwIfAborted()
      const hashOf = (file: OpenFile) => (Object.hasOwn(integrity, path) ? integrity[path] : file.sha256)
      let stored = await store.open(key, path).catch(() => undefined)
      const parts = stored === undefined ? await openParts(store, key, path).catch(() => undefined) : undefined
      if (parts && parts.bytes === parts.size) stored = { ...parts, body: parts.open() }
      const file = stored === undefined ? await source.open(path, signal, start, parts) : stored
      if (!file) {
        if (stored === undefined) keep(path, null)
        return null
      }
      // Of a part nothing can be said, and it is not kept; all of a file is read before its model is used.
      if (start !== undefined) return file
      const sha256 = hashOf(file)
      const forget = stored ? () => removeFile(store, key, path).catch(() => {}) : undefined
      const checked = sha256 && (await hub().catch(cancel(file))).checked
      const body = checked ? checked(file.body, sha256, `${path} of ${source.name}`, forget) : file.body
      return {
        ...file,
        body: stored ? body : branch(body, (copy) => keep(path, { ...file, sha256, body: copy }, parts)),
      }
    },
    async settled() {
      await Promise.all(pending)
    },
  }
}

/** What cannot be checked is not used. */
const noHub: OpenHub = async () => {
  throw new MaxsiftError('INTEGRITY_MISMATCH', 'Nothing here can check the hash of a file.')
}

const cancel = (file: OpenFile) => (error: unknown) => {
  void file.body.cancel().catch(() => {})
  throw error
}

/**
 * Passes a stream on while a copy goes into the store. `tee()` would hold in memory whatever the slower side has not
 * taken; this waits for the store instead, and goes on without it when it fails.
 */
function branch(
  body: ReadableStream<Uint8Array>,
  store: (copy: ReadableStream<Uint8Array>) => Promise<unknown>,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const copy = new TransformStream<Uint8Array, Uint8Array>()
  const writer = copy.writable.getWriter()
  // Set once the store has given up, or is done: it takes nothing any more.
  let closed = false
  const put = store(copy.readable).then(() => {
    closed = true
  })
  writer.closed.catch(() => {})
  const drop = (reason: unknown) => {
    closed = true
    // Not awaited: an abort waits for the write under way, which a store that takes nothing never ends.
    writer.abort(reason).catch(() => {})
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) {
            // Whoever has read all of it can count on finding it again, also in the next process.
            if (!closed) writer.close().catch(() => {})
            await put
            controller.close()
            return
          }
          if (!closed) await Promise.race([writer.write(value).catch(drop), put])
          controller.enqueue(value)
        } catch (error) {
          drop(error)
          // What must not be found again is gone when anybody hears of it.
          await put
          throw error
        }
      },
      async cancel(reason) {
        drop(reason)
        await reader.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}
