import { encodeBits, hasBit, setBit } from './bits.ts'
import { type Batch, deletedBits, liveDocuments, type Manifest, type Segment } from './manifest.ts'

/** Changes of a manifest, as pure functions to be used in `update`. Each gives a new manifest. */

/** Adds documents that wait for their codes, last, and gives them their ordinals. */
export function addPending(manifest: Manifest, batch: Batch): Manifest {
  const placed = { ...batch, id: freeId(manifest, batch.id), ordinal: manifest.nextOrdinal }
  const nextOrdinal = manifest.nextOrdinal + batch.documents
  return { ...manifest, nextOrdinal, pending: [...manifest.pending, placed] }
}

/** Adds a segment of new documents, last, and gives them their ordinals. */
export function addSegment(manifest: Manifest, segment: Segment): Manifest {
  const placed = { ...segment, id: freeId(manifest, segment.id), ordinal: manifest.nextOrdinal }
  const nextOrdinal = manifest.nextOrdinal + segment.documents
  return { ...manifest, nextOrdinal, segments: [...manifest.segments, placed] }
}

/**
 * Adds the segment made of a pending batch. What was deleted meanwhile stays deleted. With `encoded`, only those
 * documents have their codes in the segment and the others go on waiting; both share the records and texts.
 * @returns null when the batch no longer waits: another tab encoded or removed it.
 */
export function addEncoded(
  manifest: Manifest,
  batchId: string,
  segment: Segment,
  encoded?: Iterable<number>,
): Manifest | null {
  const batch = manifest.pending.find(({ id }) => id === batchId)
  if (!batch) return null
  const done = new Uint8Array(Math.ceil(batch.documents / 8))
  for (const index of encoded ?? Array(batch.documents).keys()) setBit(done, index)
  const deleted = deletedBits(batch)
  const inSegment = deleted.slice()
  const inPending = deleted.slice()
  for (let i = 0; i < batch.documents; i++) setBit(hasBit(done, i) ? inPending : inSegment, i)
  return replace(manifest, batchId, [
    withDeleted({ ...segment, id: freeId(manifest, segment.id), ordinal: batch.ordinal }, inSegment),
    withDeleted(batch, inPending),
  ])
}

/**
 * Marks documents of a segment or pending batch as deleted; one without any document left is gone. An unknown id
 * changes nothing.
 */
export function deleteDocuments(manifest: Manifest, id: string, indexes: Iterable<number>): Manifest {
  const batch = [...manifest.segments, ...manifest.pending].find((candidate) => candidate.id === id)
  if (!batch) return manifest
  const deleted = deletedBits(batch)
  for (const index of indexes) setBit(deleted, index)
  return replace(manifest, id, [withDeleted(batch, deleted)])
}

/** Puts batches and segments with documents left in the place of one. */
export function replace(manifest: Manifest, id: string, by: readonly (Batch | Segment)[]): Manifest {
  const live = by.filter((batch) => liveDocuments(batch) > 0)
  const segments = live.filter((batch): batch is Segment => 'codes' in batch)
  const pending = live.filter((batch) => !('codes' in batch))
  const isSegment = manifest.segments.some((segment) => segment.id === id)
  return {
    ...manifest,
    segments: isSegment
      ? manifest.segments.flatMap((segment) => (segment.id === id ? segments : [segment]))
      : [...manifest.segments, ...segments],
    pending: manifest.pending.flatMap((batch) => (batch.id === id ? pending : [batch])),
  }
}

/** Equal content may be stored twice, as when a document changes and changes back; each needs an id of its own. */
export function freeId(manifest: Manifest, id: string): string {
  const taken = new Set([...manifest.segments, ...manifest.pending].map((batch) => batch.id))
  let free = id
  for (let n = 1; taken.has(free); n++) free = `${id}.${n}`
  return free
}

export function withDeleted<T extends Batch>(batch: T, deleted: Uint8Array): T {
  const { deleted: _, ...rest } = batch
  const encoded = encodeBits(deleted)
  return (encoded === undefined ? rest : { ...rest, deleted: encoded }) as T
}
