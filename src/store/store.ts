import { MaxsiftError } from '../errors.ts'
import type { BlobRef, Bytes, NewBlob } from './blob.ts'
import { type Manifest, refsOf } from './manifest.ts'

/**
 * Where an index lives: immutable blobs and one manifest that names them all.
 * A store knows nothing of codes, passages or models; segments are built on top.
 *
 * Every method rejects with the signal's reason when it is aborted.
 */
export interface Store {
  readonly kind: 'memory' | 'indexeddb' | 'folder' | 'file' | 'http'
  readonly writable: boolean
  /** The last committed manifest; null for a new index. */
  manifest(signal?: AbortSignal): Promise<Manifest | null>
  /** One blob, whole and checked. @throws MaxsiftError `STORE_CORRUPT` naming it when missing or changed. */
  read(ref: BlobRef, signal?: AbortSignal): Promise<Bytes>
  /**
   * Replaces the manifest of generation `base` (0: none) and stores the blobs that are new in it; blobs that it no
   * longer names are gone. All of it or nothing; when it resolves it is on disk.
   * @throws StoreConflict when the stored generation is not `base`; MaxsiftError `STORE_QUOTA`, `STORE_LOST`,
   *   `STORE_BLOCKED`, or `INVALID_ARGUMENT` for a manifest that names blobs nobody has.
   */
  commit(change: Commit, signal?: AbortSignal): Promise<void>
  /**
   * Calls back with the new generation (0: removed) when somebody else committed, now and then with the one already
   * known; gives the function that ends it. Only IndexedDB can tell; other carriers never call.
   */
  watch(listener: (generation: number) => void): () => void
  /** Idempotent. Every later call but `close` and `destroy` rejects. */
  close(): Promise<void>
  /** Removes the index from where it lives, and closes. */
  destroy(): Promise<void>
}

export interface Commit {
  base: number
  /** Of generation `base + 1`. */
  manifest: Manifest
  /** The blobs that the manifest names and the store may not have yet. */
  put: readonly NewBlob[]
}

/** Somebody else committed in between; `update` reads the manifest again and repeats. */
export class StoreConflict extends Error {
  override readonly name = 'StoreConflict'
  constructor(
    readonly base: number,
    readonly generation: number,
  ) {
    super(`The index is at generation ${generation}, not ${base}.`)
  }
}

/**
 * Judges a commit against the stored manifest, the same way for every carrier.
 * What to drop follows from the two manifests, so no caller can leave an orphan behind or drop a blob still in use.
 */
export function judgeCommit(stored: Manifest | null, { base, manifest, put }: Commit): { drop: string[] } {
  const generation = stored?.generation ?? 0
  if (generation !== base) throw new StoreConflict(base, generation)
  const before = refsOf(stored)
  const after = refsOf(manifest)
  const given = new Set(put.map(({ ref }) => ref.name))
  const wrong =
    manifest.generation !== base + 1
      ? `manifest has generation ${manifest.generation} on top of ${base}`
      : [...after.keys()].some((name) => !before.has(name) && !given.has(name))
        ? 'manifest names a blob that is neither stored nor given'
        : put.some(({ ref, bytes }) => !after.has(ref.name) || bytes.length !== ref.bytes)
          ? 'blob that is given is not the one in the manifest'
          : null
  if (wrong) throw new MaxsiftError('INVALID_ARGUMENT', `Commit refused: the ${wrong}.`)
  return { drop: [...before.keys()].filter((name) => !after.has(name)) }
}

const MAX_ATTEMPTS = 10

/**
 * Commits what `change` makes of the current manifest, again from the new one whenever somebody else was faster.
 * `change` gives null for nothing to do; it may run several times. Generation and time are set here.
 *
 * @returns the manifest that is current afterwards.
 * @throws StoreConflict after ten lost races; what `commit` throws.
 */
export async function update(
  store: Store,
  change: (current: Manifest | null) => Promise<Change | null> | Change | null,
  { signal, now = Date.now() }: { signal?: AbortSignal; now?: number } = {},
): Promise<Manifest | null> {
  for (let attempt = 1; ; attempt++) {
    const current = await store.manifest(signal)
    const next = await change(current)
    if (!next) return current
    const base = current?.generation ?? 0
    const manifest = { ...next.manifest, generation: base + 1, updated: now }
    const names = refsOf(manifest)
    // A segment whose documents were all deleted meanwhile is not in the manifest, and its blobs are not stored.
    const put = (next.put ?? []).filter(({ ref }) => names.has(ref.name))
    try {
      await store.commit({ base, manifest, put }, signal)
      return manifest
    } catch (error) {
      if (!(error instanceof StoreConflict) || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

export interface Change {
  manifest: Manifest
  put?: readonly NewBlob[]
}

/**
 * Runs `work` on the current manifest; where a blob turns out missing or changed and a newer manifest no longer names
 * it (a merge in another tab, a new deploy on the server), once more on that manifest.
 */
export async function withManifest<T>(
  store: Store,
  work: (manifest: Manifest | null) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const manifest = await store.manifest(signal)
  try {
    return await work(manifest)
  } catch (error) {
    const blob = error instanceof MaxsiftError && error.code === 'STORE_CORRUPT' && error.detail?.blob
    if (typeof blob !== 'string' || !refsOf(manifest).has(blob)) throw error
    const fresh = await store.manifest(signal)
    if (refsOf(fresh).has(blob)) throw error
    return work(fresh)
  }
}

/** For carriers that only read. */
export function readOnly(kind: string): MaxsiftError {
  return new MaxsiftError('INVALID_ARGUMENT', `A ${kind} store is read-only.`)
}

/** Throws when a store was closed before. */
export function checkOpen(closed: boolean): void {
  if (closed) throw new MaxsiftError('INVALID_ARGUMENT', 'The store was closed.')
}
