import { hasBit, setBit } from './bits.ts'
import type { NewBlob } from './blob.ts'
import { TRUNCATED } from './codes.ts'
import { freeId, replace, withDeleted } from './edit.ts'
import {
  bytesOf,
  deletedBits,
  liveDocuments,
  MAX_SEGMENT_DOCUMENTS,
  type Manifest,
  refsOfBatch,
  type Segment,
} from './manifest.ts'
import { MAX_SEGMENT_BYTES, readCodes, SegmentWriter } from './segment.ts'
import { type BlobReader, readDocuments, readText, textStarts } from './texts.ts'

/** Segments of one tier are within a factor of 4 in size, and 4 of them become one of the next tier. */
const FACTOR = 4
const SMALLEST_TIER_BYTES = 2 ** 16

/**
 * The segments to merge next, or null. Tiered: a document is rewritten about once a tier, so about five times from a
 * commit of 64 KiB to a full segment. Only neighbours in the order of insertion are merged (with smaller ones that lie
 * between them), so that documents stay in that order. A segment of which half is deleted is rewritten by itself. Pure.
 */
export function planMerge(manifest: Manifest): Segment[] | null {
  const segments = manifest.segments.toSorted((a, b) => a.ordinal - b.ordinal)
  const tiers = segments.map(tierOf)
  for (const tier of [...new Set(tiers)].sort((a, b) => a - b)) {
    for (let first = 0; first < segments.length; first++) {
      let last = first
      while (last < segments.length && tiers[last] <= tier) last++
      if (tiers.slice(first, last).filter((other) => other === tier).length >= FACTOR) {
        const chosen = fitting(segments.slice(first, last))
        if (chosen.length > 1) return chosen
      }
      first = last
    }
  }
  const sparse = segments.find((segment) => liveDocuments(segment) * 2 <= segment.documents)
  return sparse ? [sparse] : null
}

function tierOf(segment: Segment): number {
  const live = (bytesOf(refsOfBatch(segment)) * liveDocuments(segment)) / segment.documents
  return Math.max(0, Math.floor(Math.log(live / SMALLEST_TIER_BYTES) / Math.log(FACTOR)))
}

/** As many of the segments, from the first on, as fit into one. */
function fitting(segments: readonly Segment[]): Segment[] {
  let bytes = 0
  let documents = 0
  const end = segments.findIndex((segment) => {
    bytes += bytesOf(segment.codes)
    documents += segment.documents
    return bytes > MAX_SEGMENT_BYTES || documents > MAX_SEGMENT_DOCUMENTS
  })
  return segments.slice(0, end < 0 ? undefined : end)
}

/** A merge that is made but not yet committed. */
export interface Merge {
  sources: readonly Segment[]
  segment: Segment
  put: NewBlob[]
  /** For each source, the new index of each of its documents, -1 for a deleted one. */
  places: Int32Array[]
}

/** Copies the live documents of segments, with their codes as they are, into one segment. */
export async function mergeSegments(
  store: BlobReader,
  manifest: Manifest,
  sources: readonly Segment[],
  signal?: AbortSignal,
): Promise<Merge> {
  const writer = new SegmentWriter(manifest)
  const ordinal = Math.min(...sources.map((source) => source.ordinal))
  const places: Int32Array[] = []
  for (const source of sources) {
    const deleted = deletedBits(source)
    const documents = await readDocuments(store, source, signal)
    const starts = textStarts(documents)
    const texts = await readText(store, source, 0, starts[documents.length], signal)
    const place = new Int32Array(documents.length).fill(-1)
    documents.forEach(({ units, order, ...document }, i) => {
      if (hasBit(deleted, i)) return
      const text = texts.slice(starts[i], starts[i] + units)
      place[i] = writer.addDocument({ ...document, text, order: source.ordinal + order - ordinal })
    })
    for await (const { chunk } of readCodes(store, manifest, source, signal)) {
      for (let p = 0; p < chunk.passages; p++) {
        const document = place[chunk.document[p]]
        if (document < 0) continue
        const [from, to] = [chunk.offset[p], chunk.offset[p + 1]]
        const codes = chunk.codes.map((run, r) => {
          const size = manifest.codec.runs[r]
          return run.subarray(from * size, to * size)
        })
        const truncated = (chunk.flags[p] & TRUNCATED) !== 0
        const range = { start: chunk.start[p], end: chunk.end[p] }
        await writer.addPassage({ document, ...range, truncated, tokens: to - from }, codes)
      }
    }
    places.push(place)
  }
  const { segment, put } = await writer.finish()
  return { sources, segment: { ...segment, ordinal }, put, places }
}

/**
 * The manifest with the merged segment in place of its sources. What was deleted since the merge began is deleted in it.
 * @returns null when a source is gone: another tab merged it. Then the merge is worth nothing.
 */
export function applyMerge(manifest: Manifest, { sources, segment, places }: Merge): Manifest | null {
  const current = new Map(manifest.segments.map((candidate) => [candidate.id, candidate]))
  const deleted = new Uint8Array(Math.ceil(segment.documents / 8))
  for (const [s, source] of sources.entries()) {
    const now = current.get(source.id)
    if (!now) return null
    const bits = deletedBits(now)
    places[s].forEach((place, i) => {
      if (place >= 0 && hasBit(bits, i)) setBit(deleted, place)
    })
  }
  const [first, ...others] = sources.map(({ id }) => id)
  const rest = { ...manifest, segments: manifest.segments.filter(({ id }) => !others.includes(id)) }
  return replace(rest, first, [withDeleted({ ...segment, id: freeId(manifest, segment.id) }, deleted)])
}
