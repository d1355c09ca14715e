import { type BlobRef, checksum } from './blob.ts'

/** The id of a batch or segment: a checksum over the names of its blobs, so equal content has an equal id. */
export async function idOf(refs: readonly BlobRef[]): Promise<string> {
  return checksum(new TextEncoder().encode(refs.map((ref) => ref.name).join()))
}
