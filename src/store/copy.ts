import { MaxsiftError } from '../errors.ts'
import type { BlobRef, NewBlob } from './blob.ts'
import { bytesOf, checkModel, type Manifest, newManifest, refsOf } from './manifest.ts'
import { MAX_SEGMENT_BYTES } from './segment.ts'
import { type Change, type Store, update, withManifest } from './store.ts'

/** As many requests as browsers make to one server over HTTP/1.1. */
const PARALLEL_READS = 6

export interface CopyOptions {
  /** The model that the index must have been built with. */
  fingerprint?: string
  signal?: AbortSignal
  /** Bytes that the target has, and will have. */
  onProgress?: (progress: { loaded: number; total: number }) => void
}

/**
 * Makes `to` an equal of `from`: import of a file, download of a static index, and its update, which reads only blobs
 * that `to` does not have. The blobs come first, in commits of at most 64 MiB, named by the manifest as staged; the last
 * commit then changes the index in one step. So until the end `to` answers as before, and a copy that was interrupted
 * goes on where it was.
 *
 * @returns the manifest of `to`.
 * @throws MaxsiftError `MODEL_MISMATCH` for another model than `fingerprint`; what reading and committing throw.
 */
export async function copyIndex(from: Store, to: Store, options: CopyOptions = {}): Promise<Manifest> {
  const { signal } = options
  return withManifest(
    from,
    async (source) => {
      if (!source) throw new MaxsiftError('INVALID_ARGUMENT', 'There is no index to copy yet.')
      if (options.fingerprint !== undefined) checkModel(source, options.fingerprint)
      return copyManifest(from, { ...source, staged: [] }, to, options)
    },
    signal,
  )
}

async function copyManifest(from: Store, source: Manifest, to: Store, options: CopyOptions): Promise<Manifest> {
  const { signal, onProgress } = options
  const wanted = refsOf(source)
  const total = bytesOf(wanted.values())
  const loaded = new Map<string, NewBlob>()
  let done = false

  const advance = async (current: Manifest | null): Promise<Change | null> => {
    const have = refsOf(current)
    const missing = [...wanted.values()].filter(({ name }) => !have.has(name))
    const chosen: BlobRef[] = []
    let bytes = 0
    for (const ref of missing) {
      bytes += ref.bytes
      if (chosen.length && bytes > MAX_SEGMENT_BYTES) break
      chosen.push(ref)
    }
    let progress = total - bytesOf(missing)
    onProgress?.({ loaded: progress, total })
    await readAll(chosen, async (ref) => {
      // After a lost race the same blobs are wanted again.
      if (!loaded.has(ref.name)) loaded.set(ref.name, { ref, bytes: await from.read(ref, signal) })
      progress += ref.bytes
      onProgress?.({ loaded: progress, total })
    })
    const put = chosen.map((ref) => loaded.get(ref.name)!)
    done = put.length === missing.length
    if (done) return current && content(current) === content(source) ? null : { manifest: source, put }
    const base = current ?? newManifest(source.model, source.codec, source.created)
    const staged = base.staged.filter(({ name }) => wanted.has(name))
    return { manifest: { ...base, staged: [...staged, ...put.map(({ ref }) => ref)] }, put }
  }

  for (;;) {
    const manifest = await update(to, advance, { signal, now: source.updated })
    loaded.clear()
    if (done) return manifest!
  }
}

/** Reads several at a time; after a failure no further one is begun. */
async function readAll(refs: readonly BlobRef[], read: (ref: BlobRef) => Promise<void>): Promise<void> {
  const queue = [...refs]
  const worker = async () => {
    for (let ref = queue.shift(); ref; ref = queue.shift()) {
      await read(ref).catch((error) => {
        queue.length = 0
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_READS }, worker))
}

/** What makes two indexes the same, whatever their history. */
function content(manifest: Manifest): string {
  return JSON.stringify({ ...manifest, generation: 0, created: 0, updated: 0 })
}
