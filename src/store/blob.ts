import { MaxsiftError } from '../errors.ts'

/** Bytes that own a plain ArrayBuffer, as IndexedDB and WebGPU want them. */
export type Bytes = Uint8Array<ArrayBuffer>

/**
 * Names an immutable blob. The name is the checksum: the first 128 bits of the SHA-256 of the bytes in hex, plus
 * `.json` (documents and texts, which servers compress) or `.bin` (codes).
 * So equal input gives equal names, a name can be cached for ever, and a synchronising reader fetches only what is new.
 *
 * Why SHA-256 and not a CRC-32 beside the name: in Chromium on a 2-core machine WebCrypto's SHA-256 does 890 MiB/s off
 * the calling thread, CRC-32 in TypeScript (slice-by-8, the best of 1, 4, 8 and 16) 1,450 MiB/s on it; IndexedDB itself
 * reads 64 MiB in 160 ms (400 MiB/s). So one strong checksum costs less than the read and replaces two fields.
 */
export interface BlobRef {
  name: string
  bytes: number
}

/** A blob on its way into a store. */
export interface NewBlob {
  ref: BlobRef
  bytes: Bytes
}

export type BlobType = 'json' | 'bin'

/** No blob is larger: a store reads and writes each as one piece. */
export const MAX_BLOB_BYTES = 64 * 2 ** 20

/** Also keeps names from a foreign manifest inside their folder or base URL. */
export const BLOB_NAME = /^[0-9a-f]{32}\.(?:json|bin)$/

/**
 * The first 128 bits of the SHA-256 of `bytes`, as 32 hex digits.
 * @throws MaxsiftError `WEBGPU_UNAVAILABLE` on an insecure page, which has neither WebCrypto nor WebGPU.
 */
export async function checksum(bytes: Bytes): Promise<string> {
  if (!crypto.subtle)
    throw new MaxsiftError('WEBGPU_UNAVAILABLE', 'This page is not secure.', { reason: 'insecure-context' })
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  let hex = ''
  for (const byte of digest.subarray(0, 16)) hex += byte.toString(16).padStart(2, '0')
  return hex
}

/** @throws MaxsiftError `INVALID_ARGUMENT` when the blob would be larger than any store takes. */
export async function newBlob(bytes: Bytes, type: BlobType): Promise<NewBlob> {
  if (bytes.length > MAX_BLOB_BYTES) {
    throw new MaxsiftError(
      'INVALID_ARGUMENT',
      `A blob of ${bytes.length} bytes is over the limit of ${MAX_BLOB_BYTES}.`,
    )
  }
  return { ref: { name: `${await checksum(bytes)}.${type}`, bytes: bytes.length }, bytes }
}

/** A blob that is not what the manifest says. `detail.blob` is its name; `why` continues "Blob x …". */
export function corrupt(name: string, why: string, cause?: unknown): MaxsiftError {
  return new MaxsiftError('STORE_CORRUPT', `Blob ${name} ${why}.`, { cause, detail: { blob: name } })
}

/** @throws MaxsiftError `STORE_CORRUPT` naming the blob, when the bytes are missing, short, long or changed. */
export async function verify(ref: BlobRef, bytes: Bytes | null): Promise<Bytes> {
  if (!bytes) throw corrupt(ref.name, 'is missing')
  if (bytes.length !== ref.bytes) throw corrupt(ref.name, `has ${bytes.length} bytes instead of ${ref.bytes}`)
  if ((await checksum(bytes)) !== ref.name.slice(0, 32)) throw corrupt(ref.name, 'does not match its checksum')
  return bytes
}
