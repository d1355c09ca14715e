import { MaxsiftError } from '../errors.ts'
import { type BlobRef, type Bytes, verify } from './blob.ts'
import { bytesOf, FORMAT_VERSION, type Manifest, parseManifest, refsOf, serializeManifest } from './manifest.ts'
import { checkOpen, readOnly, type Store, withManifest } from './store.ts'

/**
 * One file: "MXSF", u16 format version, u16 kind (2, file), u32 bytes of the manifest, the manifest as JSON, then the
 * blobs in the order in which the manifest names them. So the manifest, with its names, lengths and checksums, is the
 * table of contents.
 */
const MAGIC = 0x4653584d
const KIND_FILE = 2
const HEADER_BYTES = 12

/**
 * The index as a file, as it is in one generation.
 * @throws MaxsiftError `INVALID_ARGUMENT` when nothing was ever committed, `STORE_CORRUPT` naming a damaged blob.
 */
export async function exportFile(store: Store, signal?: AbortSignal): Promise<Blob> {
  return withManifest(
    store,
    async (current) => {
      if (!current) throw new MaxsiftError('INVALID_ARGUMENT', 'There is no index to export yet.')
      const manifest = { ...current, staged: [] }
      const json = new TextEncoder().encode(await serializeManifest(manifest))
      const header = new DataView(new ArrayBuffer(HEADER_BYTES))
      header.setUint32(0, MAGIC, true)
      header.setUint16(4, FORMAT_VERSION, true)
      header.setUint16(6, KIND_FILE, true)
      header.setUint32(8, json.length, true)
      // Blobs of blobs: the browser may keep the parts on disk, so that the whole need not fit into memory.
      const parts: BlobPart[] = [header.buffer, json]
      for (const ref of refsOf(manifest).values()) parts.push(new Blob([await store.read(ref, signal)]))
      return new Blob(parts, { type: 'application/octet-stream' })
    },
    signal,
  )
}

/**
 * Opens an exported file as a read-only store; blobs are read and checked when they are asked for.
 * @throws MaxsiftError `INVALID_INDEX_FILE` for a foreign, truncated or changed file, `INDEX_VERSION_MISMATCH` for
 *   another version of the format.
 */
export async function fileStore(file: Blob | Uint8Array, signal?: AbortSignal): Promise<Store> {
  const blob = file instanceof Blob ? file : new Blob([file as Bytes])
  const read = (from: number, to: number) => slice(blob, from, to)
  signal?.throwIfAborted()
  const head = await read(0, HEADER_BYTES)
  const header = new DataView(head.buffer)
  if (head.length < HEADER_BYTES || header.getUint32(0, true) !== MAGIC || header.getUint16(6, true) !== KIND_FILE) {
    throw invalid('it does not start as one')
  }
  const version = header.getUint16(4, true)
  if (version !== FORMAT_VERSION) {
    const message = `The file has index format ${version}; this version reads format ${FORMAT_VERSION}.`
    throw new MaxsiftError('INDEX_VERSION_MISMATCH', message)
  }
  const start = HEADER_BYTES + header.getUint32(8, true)
  if (start > blob.size) throw invalid(`it ends after ${blob.size} bytes, in its manifest`)
  const json = new TextDecoder().decode(await read(HEADER_BYTES, start))
  const manifest = await parseManifest(json, 'The file', 'INVALID_INDEX_FILE')
  const refs = refsOf(manifest)
  const size = start + bytesOf(refs.values())
  if (size !== blob.size) throw invalid(`it has ${blob.size} bytes instead of ${size}`)
  const offsets = new Map<string, number>()
  let at = start
  for (const { name, bytes } of refs.values()) {
    offsets.set(name, at)
    at += bytes
  }
  signal?.throwIfAborted()
  return new FileStore(manifest, (ref) => {
    const offset = offsets.get(ref.name)
    return offset === undefined ? Promise.resolve(null) : read(offset, offset + ref.bytes)
  })
}

async function slice(blob: Blob, from: number, to: number): Promise<Bytes> {
  try {
    return new Uint8Array(await blob.slice(from, to).arrayBuffer())
  } catch (cause) {
    // A file on disk that was moved or changed after it was chosen.
    throw invalid('it can no longer be read', cause)
  }
}

function invalid(why: string, cause?: unknown): MaxsiftError {
  return new MaxsiftError('INVALID_INDEX_FILE', `This is not a whole index file: ${why}.`, { cause })
}

class FileStore implements Store {
  readonly kind = 'file'
  readonly writable = false
  #manifest: Manifest
  #read: (ref: BlobRef) => Promise<Bytes | null>
  #closed = false

  constructor(manifest: Manifest, read: (ref: BlobRef) => Promise<Bytes | null>) {
    this.#manifest = manifest
    this.#read = read
  }

  async manifest(signal?: AbortSignal): Promise<Manifest> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    return structuredClone(this.#manifest)
  }

  async read(ref: BlobRef, signal?: AbortSignal): Promise<Bytes> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    const bytes = await this.#read(ref)
    signal?.throwIfAborted()
    return verify(ref, bytes).catch((error: MaxsiftError) => {
      throw new MaxsiftError('INVALID_INDEX_FILE', error.message, { cause: error, detail: error.detail })
    })
  }

  async commit(): Promise<never> {
    throw readOnly('file')
  }

  watch(): () => void {
    return () => {}
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async destroy(): Promise<void> {
    throw readOnly('file')
  }
}
