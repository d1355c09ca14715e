import { decodeBits, hasBit } from '../store/bits.ts'
import type { Batch, Manifest } from '../store/manifest.ts'
import { type BlobReader, readDocuments, readText, type StoredDocument, textStarts } from '../store/texts.ts'

/** Where a document lies in the store. */
export interface Place {
  record: StoredDocument
  batch: Batch
  /** Where its text starts in the texts of the batch, in UTF-16 units. */
  textStart: number
}

/** The living documents of a generation, in the order of insertion, without texts and token vectors. */
export class Directory {
  private constructor(
    private readonly store: BlobReader,
    readonly byId: ReadonlyMap<string, Place>,
  ) {}

  /**
   * Those that still wait for their token vectors are there as well, unless an older version is there in their place.
   * @throws MaxsiftError `STORE_CORRUPT`.
   */
  static async read(store: BlobReader, manifest: Manifest | null, signal?: AbortSignal): Promise<Directory> {
    const byId = new Map<string, Place>()
    const { segments = [], pending = [] } = manifest ?? {}
    const encoded = new Set<string>()
    for (const batch of [...segments.toSorted((a, b) => a.ordinal - b.ordinal), ...pending]) {
      const documents = await readDocuments(store, batch, signal)
      const deleted = decodeBits(batch.deleted, batch.documents)
      const starts = textStarts(documents)
      const waits = pending.includes(batch as Batch)
      documents.forEach((record, i) => {
        if (hasBit(deleted, i) || (waits && encoded.has(record.id))) return
        if (!waits) encoded.add(record.id)
        // Again at the end, as an update is.
        byId.delete(record.id)
        byId.set(record.id, { record, batch, textStart: starts[i] })
      })
    }
    return new Directory(store, byId)
  }

  /** A part of a document's text, in UTF-16 units. @throws MaxsiftError `STORE_CORRUPT`. */
  text({ batch, textStart }: Place, from: number, to: number, signal?: AbortSignal): Promise<string> {
    return readText(this.store, batch, textStart + from, textStart + to, signal)
  }

  /** Documents with their texts; each batch is read once. */
  async *texts(places: Iterable<Place>, signal?: AbortSignal): AsyncGenerator<[place: Place, text: string]> {
    const byBatch = new Map<Batch, Place[]>()
    for (const place of places) {
      const held = byBatch.get(place.batch)
      if (held) held.push(place)
      else byBatch.set(place.batch, [place])
    }
    for (const [batch, wanted] of byBatch) {
      const units = batch.text.reduce((sum, block) => sum + block.units, 0)
      const text = await readText(this.store, batch, 0, units, signal)
      for (const place of wanted) yield [place, text.slice(place.textStart, place.textStart + place.record.units)]
    }
  }
}
