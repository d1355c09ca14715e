import type { Codec } from '../codec/codec.ts'
import { decodeBits, hasBit } from '../store/bits.ts'
import { corrupt } from '../store/blob.ts'
import { TRUNCATED } from '../store/codes.ts'
import type { Manifest, Segment } from '../store/manifest.ts'
import { readCodes } from '../store/segment.ts'
import { type BlobReader, readDocuments, type StoredDocument, textStarts } from '../store/texts.ts'
import type { Backend, PassageVectors, Residents } from './backend.ts'
import { Catalog, type Entry, type PassageRange } from './catalog.ts'

/** Documents go to the backend when so many bytes of codes have come together. */
const UPLOAD_BYTES = 2 * 2 ** 20

export interface LoadOptions {
  signal?: AbortSignal
  /** Bytes read so far, and in all. */
  onBytes?: (loaded: number, total: number) => void
}

/** One generation of an index, loaded: its documents in memory, its token vectors on the backend. */
export class Snapshot {
  readonly catalog = new Catalog()
  readonly residents: Residents
  /** Entries by segment id and index in the segment; dead ones have none. */
  readonly #bySegment = new Map<string, (Entry | undefined)[]>()
  #lastOrdinal = -1

  private constructor(
    backend: Backend,
    codec: Codec,
    public manifest: Manifest,
  ) {
    this.residents = backend.residents(codec, manifest.model.dim)
  }

  /** Streams an index from its store: chunk → backend → dropped. @throws MaxsiftError `STORE_CORRUPT`, `OUT_OF_MEMORY`. */
  static async load(
    store: BlobReader,
    backend: Backend,
    codec: Codec,
    manifest: Manifest,
    options: LoadOptions = {},
  ): Promise<Snapshot> {
    const snapshot = new Snapshot(backend, codec, manifest)
    try {
      await snapshot.#append(store, manifest.segments, options)
      return snapshot
    } catch (error) {
      snapshot.destroy()
      throw error
    }
  }

  /**
   * Moves on to a newer generation: new documents are appended, deleted ones die, merged ones stay where they are.
   * Gives false, with nothing changed, where documents came in between older ones: then only a fresh load keeps the order.
   */
  async advance(store: BlobReader, manifest: Manifest, options: LoadOptions = {}): Promise<boolean> {
    const known = new Map(this.manifest.segments.map((segment) => [segment.id, segment]))
    const wanted = new Set(manifest.segments.map((segment) => segment.id))
    const fresh = manifest.segments.filter((segment) => !known.has(segment.id))
    const moves: { entry: Entry; segment: Segment; index: number; textStart: number }[] = []
    const appended: Segment[] = []
    for (const segment of fresh) {
      const documents = await readDocuments(store, segment, options.signal)
      const starts = textStarts(documents)
      const living = alive(segment, documents)
      const moved = living.map(({ record, index }) => {
        const entry = this.catalog.byId.get(record.id)
        return entry && entry.record.hash === record.hash && !wanted.has(entry.segment.id)
          ? { entry, segment, index, textStart: starts[index] }
          : null
      })
      if (moved.every((move) => move !== null)) moves.push(...moved)
      else if (moved.every((move) => move === null) && ordinalOf(segment, living[0]) > this.#lastOrdinal)
        appended.push(segment)
      else return false
    }
    await this.#append(store, appended, options)
    for (const { entry, segment, index, textStart } of moves) {
      Object.assign(entry, { segment, index, textStart })
      this.#place(segment, index, entry)
    }
    for (const segment of manifest.segments) {
      const deleted = decodeBits(segment.deleted, segment.documents)
      this.#bySegment.get(segment.id)?.forEach((entry, index) => {
        if (entry?.alive && hasBit(deleted, index)) this.#bury(entry.record.id)
      })
    }
    for (const id of known.keys()) {
      if (wanted.has(id)) continue
      // What a merge did not carry over had been deleted before it.
      for (const entry of this.#bySegment.get(id) ?? []) {
        if (entry?.alive && entry.segment.id === id) this.#bury(entry.record.id)
      }
      this.#bySegment.delete(id)
    }
    this.manifest = manifest
    return true
  }

  async #append(store: BlobReader, segments: readonly Segment[], { signal, onBytes }: LoadOptions): Promise<void> {
    const total = segments.reduce((sum, segment) => sum + bytesOf(segment), 0)
    let loaded = 0
    // Parts of one batch have one ordinal; they stay in the order in which they were committed.
    for (const segment of segments.toSorted((a, b) => a.ordinal - b.ordinal)) {
      const documents = await readDocuments(store, segment, signal)
      const starts = textStarts(documents)
      const ranges: PassageRange[][] = documents.map(() => [])
      const vectors: PassageVectors[][] = documents.map(() => [])
      const living = alive(segment, documents)
      let next = 0
      // Uploads all documents whose passages are complete: those before `end`.
      const flush = async (end: number) => {
        const ready: PassageVectors[][] = []
        for (; next < living.length && living[next].index < end; next++) {
          const { record, index } = living[next]
          const tokens = vectors[index].reduce((sum, passage) => sum + passage.tokens, 0)
          this.#bury(record.id)
          this.#place(
            segment,
            index,
            this.catalog.add({ record, segment, index, textStart: starts[index], tokens }, ranges[index]),
          )
          ready.push(vectors[index])
          vectors[index] = []
        }
        await this.residents.append(ready)
      }
      let held = 0
      const isAlive = new Set(living.map(({ index }) => index))
      for await (const { ref, chunk } of readCodes(store, this.manifest, segment, signal)) {
        for (let p = 0; p < chunk.passages; p++) {
          const document = chunk.document[p]
          if (!isAlive.has(document)) continue
          const range = { start: chunk.start[p], end: chunk.end[p], truncated: (chunk.flags[p] & TRUNCATED) !== 0 }
          if (range.end > documents[document].units)
            throw corrupt(ref.name, `has a passage beyond the text of its document`)
          ranges[document].push(range)
          vectors[document].push({
            tokens: chunk.offset[p + 1] - chunk.offset[p],
            codes: chunk.codes.map((run, r) => {
              const size = chunk.codec.runs[r]
              return run.subarray(chunk.offset[p] * size, chunk.offset[p + 1] * size)
            }),
          })
        }
        held += ref.bytes
        loaded += ref.bytes
        if (held >= UPLOAD_BYTES) {
          // The last document may go on in the next chunk; what is kept of it keeps this chunk alive that long.
          await flush(chunk.document[chunk.passages - 1] ?? 0)
          held = 0
        }
        onBytes?.(loaded, total)
      }
      await flush(documents.length)
      const last = living.at(-1)
      if (last) this.#lastOrdinal = Math.max(this.#lastOrdinal, ordinalOf(segment, last))
    }
  }

  #bury(id: string): void {
    const entry = this.catalog.bury(id)
    if (entry) this.residents.layout.setAlive(entry.ordinal, false)
  }

  #place(segment: Segment, index: number, entry: Entry): void {
    let entries = this.#bySegment.get(segment.id)
    if (!entries) {
      entries = []
      this.#bySegment.set(segment.id, entries)
    }
    entries[index] = entry
  }

  destroy(): void {
    this.residents.destroy()
  }
}

function alive(segment: Segment, documents: readonly StoredDocument[]): { record: StoredDocument; index: number }[] {
  const deleted = decodeBits(segment.deleted, segment.documents)
  return documents.map((record, index) => ({ record, index })).filter(({ index }) => !hasBit(deleted, index))
}

/** The place of a document in the order of insertion. */
function ordinalOf(segment: Segment, { record }: { record: StoredDocument }): number {
  return segment.ordinal + record.order
}

function bytesOf(segment: Segment): number {
  return segment.codes.reduce((sum, { bytes }) => sum + bytes, 0)
}
