import { type BlobRef, type Bytes, verify } from './blob.ts'
import { checkManifest, type Manifest } from './manifest.ts'
import { type Commit, checkOpen, judgeCommit, type Store } from './store.ts'

/** A store that ends with its page or process. It keeps the blobs it is given, so they must not be written to again. */
export function memoryStore(): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  readonly kind = 'memory'
  readonly writable = true
  #manifest: Manifest | null = null
  #blobs = new Map<string, Bytes>()
  #closed = false

  async manifest(signal?: AbortSignal): Promise<Manifest | null> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    return structuredClone(this.#manifest)
  }

  async read(ref: BlobRef, signal?: AbortSignal): Promise<Bytes> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    const bytes = await verify(ref, this.#blobs.get(ref.name) ?? null)
    signal?.throwIfAborted()
    return bytes
  }

  async commit(change: Commit, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    const manifest = checkManifest(change.manifest)
    const { drop } = judgeCommit(this.#manifest, change)
    for (const { ref, bytes } of change.put) this.#blobs.set(ref.name, bytes)
    for (const name of drop) this.#blobs.delete(name)
    this.#manifest = manifest
  }

  watch(): () => void {
    return () => {}
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async destroy(): Promise<void> {
    this.#closed = true
    this.#manifest = null
    this.#blobs.clear()
  }
}
