/**
 * The model store: files of models in the Cache API, so that a model can be set up again, after the GPU was lost or
 * offline, without asking its source. Losing the store costs a download, never a load: its own failures are silent.
 */
import type { FileSource, OpenFile } from './source.ts'

const CACHE = 'maxsift-models'

/** Entries need addresses; this one, of a reserved name, exists nowhere. */
const ROOT = 'https://maxsift.invalid/'

const SIZE = 'x-maxsift-size'

const address = (key: string, path = '') =>
  `${ROOT}${encodeURIComponent(key)}/${path.split('/').map(encodeURIComponent).join('/')}`

export interface CachedSource extends FileSource {
  /** Settles when everything read so far is stored, or could not be. */
  settled(): Promise<void>
}

/**
 * The same files, from the store where it has them; what comes from the source is put into the store while it is read.
 * A file that is not read to its end is not stored. That the source lacks a file is remembered too.
 * @param key identifies the source, such as its address
 */
export function cachedSource(source: FileSource, key: string): CachedSource {
  const pending = new Set<Promise<unknown>>()
  return {
    name: source.name,
    async open(path, signal) {
      signal?.throwIfAborted()
      const cache = await openCache()
      const url = address(key, path)
      const stored = await cache?.match(url).catch(() => undefined)
      if (stored) return stored.status === 404 ? null : fromStore(stored)
      const file = await source.open(path, signal)
      if (!cache) return file
      const headers: Record<string, string> = file?.size == null ? {} : { [SIZE]: String(file.size) }
      const store = (body: ReadableStream<Uint8Array> | null, status: number) => {
        const put = (async () => cache.put(url, new Response(body, { status, headers })))().catch(() => {})
        pending.add(put)
        put.finally(() => pending.delete(put))
        return put
      }
      if (!file) {
        store(null, 404)
        return null
      }
      return { size: file.size, body: branch(file.body, (copy) => store(copy, 200)) }
    },
    async settled() {
      await Promise.all(pending)
    },
  }
}

/** Keys of the models in the store. */
export async function listCached(): Promise<string[]> {
  const requests = (await (await openCache())?.keys()) ?? []
  return [...new Set(requests.map(({ url }) => decodeURIComponent(url.slice(ROOT.length).split('/')[0])))]
}

/** Removes a model from the store; without a key, all of them. */
export async function removeCached(key?: string): Promise<void> {
  const cache = await openCache()
  for (const request of (await cache?.keys()) ?? []) {
    if (key === undefined || request.url.startsWith(address(key))) await cache?.delete(request)
  }
}

/** Undefined where there is no Cache API (no secure context, Node) or this page may not use it. */
async function openCache(): Promise<Cache | undefined> {
  try {
    return await globalThis.caches?.open(CACHE)
  } catch {
    return undefined
  }
}

function fromStore(response: Response): OpenFile {
  const size = response.headers.get(SIZE)
  return { size: size === null ? null : Number(size), body: response.body ?? new Blob([]).stream() }
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
            if (!closed) await Promise.race([writer.close().catch(() => {}), put])
            controller.close()
            return
          }
          if (!closed) await Promise.race([writer.write(value).catch(drop), put])
          controller.enqueue(value)
        } catch (error) {
          drop(error)
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
