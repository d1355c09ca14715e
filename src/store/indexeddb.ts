import { check, MaxsiftError } from '../errors.ts'
import { type BlobRef, type Bytes, corrupt, type NewBlob, verify } from './blob.ts'
import {
  Connection,
  type ConnectionOptions,
  DATABASE_PREFIX,
  type Database,
  MANIFEST_KEY,
  removeStore,
} from './connection.ts'
import { withLock } from './lock.ts'
import { type Manifest, parseManifest, serializeManifest } from './manifest.ts'
import { type Commit, checkOpen, judgeCommit, type Store } from './store.ts'
import { orAbort, PATIENCE_MS } from './wait.ts'

/**
 * An index in IndexedDB, in the database `maxsift:<name>`, shared by all tabs of the origin.
 * The database is made by the first commit; opening only looks whether IndexedDB works.
 * @throws MaxsiftError `STORE_LOST` where there is no IndexedDB (the memory store always works), `STORE_BLOCKED`,
 *   `INDEX_VERSION_MISMATCH`.
 */
export async function indexedDBStore(
  name: string,
  { signal, ...options }: ConnectionOptions & { signal?: AbortSignal } = {},
): Promise<Store> {
  check(typeof name === 'string' && name !== '', 'The name of an index is a non-empty string.')
  const store = new IndexedDBStore(name, options)
  try {
    await store.manifest(signal)
  } catch (error) {
    // A damaged manifest must not keep the caller from `destroy`.
    if (!(error instanceof MaxsiftError && error.code === 'STORE_CORRUPT')) {
      await store.close()
      throw error
    }
  }
  return store
}

class IndexedDBStore implements Store {
  readonly kind = 'indexeddb'
  readonly writable = true
  readonly #name: string
  readonly #patience: number
  readonly #connection: Connection
  readonly #listeners = new Set<(generation: number) => void>()
  #channel: BroadcastChannel | null = null
  #closed = false

  constructor(name: string, options: ConnectionOptions) {
    this.#name = name
    this.#patience = options.patience ?? PATIENCE_MS
    this.#connection = new Connection(name, options)
    this.#listen()
    globalThis.addEventListener?.('pagehide', this.#hide)
    globalThis.addEventListener?.('pageshow', this.#show)
  }

  async manifest(signal?: AbortSignal): Promise<Manifest | null> {
    const json = await this.#stored(signal)
    const manifest = json === null ? null : await this.#parse(json)
    signal?.throwIfAborted()
    return manifest
  }

  async read(ref: BlobRef, signal?: AbortSignal): Promise<Bytes> {
    checkOpen(this.#closed)
    const get = async (db: Database | null, limit: AbortSignal) => {
      try {
        return db && (await orAbort(db.get('blobs', ref.name), limit))
      } catch (error) {
        // Chromium keeps large values in files of their own, and says this when one of them is gone.
        const unreadable = error instanceof DOMException && ['DataError', 'NotReadableError'].includes(error.name)
        throw unreadable ? corrupt(ref.name, 'cannot be read', error) : error
      }
    }
    const buffer = await this.#connection.run(get, { create: false, signal })
    const bytes = await verify(ref, buffer instanceof ArrayBuffer ? new Uint8Array(buffer) : null)
    signal?.throwIfAborted()
    return bytes
  }

  async commit(change: Commit, signal?: AbortSignal): Promise<void> {
    checkOpen(this.#closed)
    const after = await serializeManifest(change.manifest)
    const swap = async () => {
      for (;;) {
        const before = await this.#stored(signal)
        const { drop } = judgeCommit(before === null ? null : await this.#parse(before), change)
        const write = { before, after, put: change.put, drop }
        // Not swapped: somebody committed since the judgement, so judge again.
        if (await this.#connection.run((db, limit) => swapManifest(db, write, limit), { create: true, signal })) return
      }
    }
    await withLock(DATABASE_PREFIX + this.#name, this.#patience, swap, signal)
    this.#channel?.postMessage(change.manifest.generation)
  }

  watch(listener: (generation: number) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#listeners.clear()
    this.#connection.close()
    this.#channel?.close()
    this.#channel = null
    globalThis.removeEventListener?.('pagehide', this.#hide)
    globalThis.removeEventListener?.('pageshow', this.#show)
  }

  async destroy(): Promise<void> {
    // Closed before, so as not to be told itself.
    await this.close()
    await removeStore(this.#name, this.#patience)
  }

  async #stored(signal?: AbortSignal): Promise<string | null> {
    checkOpen(this.#closed)
    const get = async (db: Database | null, limit: AbortSignal) =>
      (db && (await orAbort(db.get('manifest', MANIFEST_KEY), limit))) ?? null
    return this.#connection.run(get, { create: false, signal })
  }

  #parse(json: string): Promise<Manifest> {
    return parseManifest(json, `The manifest of index "${this.#name}"`, 'STORE_CORRUPT')
  }

  #listen(): void {
    if (typeof BroadcastChannel === 'undefined') return
    this.#channel = new BroadcastChannel(DATABASE_PREFIX + this.#name)
    this.#channel.onmessage = ({ data }) => this.#announce(data)
  }

  #announce(generation: number): void {
    for (const listener of this.#listeners) listener(generation)
  }

  // A page in the back-forward cache should hold neither a connection nor a channel, and misses what others announce.
  readonly #hide = () => {
    this.#connection.close()
    this.#channel?.close()
    this.#channel = null
  }

  readonly #show = async ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return
    if (!this.#channel) this.#listen()
    // An unreadable manifest is reported by the next call that needs it.
    await this.manifest().then(
      (manifest) => this.#announce(manifest?.generation ?? 0),
      () => {},
    )
  }
}

interface Swap {
  before: string | null
  after: string
  put: readonly NewBlob[]
  drop: readonly string[]
}

/** One strict transaction. False, and no effect, when the manifest is no longer `before`. */
async function swapManifest(db: Database, { before, after, put, drop }: Swap, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted()
  // Chromium's default, relaxed, reports success before the data is on disk.
  const tx = db.transaction(['blobs', 'manifest'], 'readwrite', { durability: 'strict' })
  const blobs = tx.objectStore('blobs')
  const manifests = tx.objectStore('manifest')
  const failures: unknown[] = []
  const track = (request: Promise<unknown>) => void request.catch((error) => failures.push(error))
  const abort = () => {
    try {
      tx.abort()
    } catch {
      // It is over already: either committed, which stands, or aborted.
    }
  }
  tx.done.catch(() => {})
  signal.addEventListener('abort', abort)
  try {
    const stored = (await manifests.get(MANIFEST_KEY)) ?? null
    // A replay after a connection that was lost while its commit succeeded.
    if (stored === after) return true
    if (stored !== before) return false
    for (const { ref, bytes } of put) track(blobs.put(exactBuffer(bytes), ref.name))
    for (const name of drop) track(blobs.delete(name))
    track(manifests.put(after, MANIFEST_KEY))
    // Success is this and nothing less: over quota every put succeeds, and then only the transaction aborts.
    await tx.done
    return true
  } catch (error) {
    abort()
    signal.throwIfAborted()
    // The first request that failed says why; the others, and the transaction, only that it was aborted.
    throw failures.find((failure) => failure instanceof DOMException && failure.name !== 'AbortError') ?? error
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** A view is stored with its whole buffer, so only a buffer of exactly these bytes goes in. */
function exactBuffer(bytes: Bytes): ArrayBuffer {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer
}
