import { MaxsiftError } from '../errors.ts'
import { type BlobRef, type Bytes, corrupt, verify } from './blob.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { checkOpen, readOnly, type Store } from './store.ts'

const MAX_MANIFEST_BYTES = 32 * 2 ** 20

/** Names inside a folder that holds an index; the same on disk and on a server. */
export const MANIFEST_FILE = 'manifest.json'
export const BLOB_FOLDER = 'blobs'

/**
 * Reads an index folder from a web server. The manifest is asked for again every time (`cache: 'no-cache'`), blobs never
 * change under their name and come from the HTTP cache, whatever the server says about their age. After a new deploy a blob may be gone: use `withManifest`.
 * @param base address of the folder; a relative one is resolved against the document.
 * @throws MaxsiftError `INVALID_ARGUMENT` for what is not an address.
 */
export function httpStore(base: string | URL): Store {
  const root = globalThis.document?.baseURI ?? globalThis.location?.href
  let url: URL
  try {
    url = new URL(base, root)
  } catch (cause) {
    throw new MaxsiftError('INVALID_ARGUMENT', `"${base}" is not the address of an index.`, { cause })
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return new HttpStore(url)
}

class HttpStore implements Store {
  readonly kind = 'http'
  readonly writable = false
  readonly #base: URL
  #closed = false

  constructor(base: URL) {
    this.#base = base
  }

  async manifest(signal?: AbortSignal): Promise<Manifest> {
    checkOpen(this.#closed)
    const url = new URL(MANIFEST_FILE, this.#base)
    const bytes = await download(url, MAX_MANIFEST_BYTES, { cache: 'no-cache', signal })
    if (!bytes) throw new MaxsiftError('INVALID_INDEX_FILE', `There is no index at ${this.#base}: ${url} is missing.`)
    return parseManifest(new TextDecoder().decode(bytes), String(url), 'INVALID_INDEX_FILE')
  }

  async read(ref: BlobRef, signal?: AbortSignal): Promise<Bytes> {
    checkOpen(this.#closed)
    const url = new URL(`${BLOB_FOLDER}/${ref.name}`, this.#base)
    const bytes = await download(url, ref.bytes, { cache: 'force-cache', signal })
    if (!bytes) throw corrupt(ref.name, `is missing at ${url}`)
    return verify(ref, bytes).catch(async () => {
      // A cache or a proxy may keep a broken copy, so ask the server itself once.
      const again = await download(url, ref.bytes, { cache: 'reload', signal })
      return verify(ref, again)
    })
  }

  async commit(): Promise<never> {
    throw readOnly('http')
  }

  watch(): () => void {
    return () => {}
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async destroy(): Promise<void> {
    throw readOnly('http')
  }
}

/** At most `limit + 1` bytes, so that a server cannot fill the memory; null for a missing file. */
async function download(url: URL, limit: number, init: RequestInit): Promise<Bytes | null> {
  init.signal?.throwIfAborted()
  try {
    const response = await fetch(url, init)
    if (response.status === 404 || response.status === 410) return null
    if (!response.ok) throw new Error(`status ${response.status}`)
    const parts: Uint8Array[] = []
    let length = 0
    const reader = response.body?.getReader()
    while (reader && length <= limit) {
      const { done, value } = await reader.read()
      if (done) break
      parts.push(value)
      length += value.length
    }
    await reader?.cancel()
    const bytes = new Uint8Array(Math.min(length, limit + 1))
    let at = 0
    for (const part of parts) {
      bytes.set(part.subarray(0, bytes.length - at), at)
      at += part.length
    }
    return bytes
  } catch (cause) {
    init.signal?.throwIfAborted()
    const options = { cause, remedy: 'Check the address of the index and the connection, then try again.' }
    throw new MaxsiftError('STORE_LOST', `${url} cannot be read (${(cause as Error).message}).`, options)
  }
}
