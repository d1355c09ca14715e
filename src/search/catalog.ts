import { Words } from '../kernels/layout.ts'
import type { Segment } from '../store/manifest.ts'
import { type BlobReader, readText, type StoredDocument } from '../store/texts.ts'

/** A document of the loaded index. */
export interface Entry {
  /** Its place in `Catalog.entries` and on the GPU: the order of insertion. */
  ordinal: number
  record: StoredDocument
  /** The segment that holds its text and codes now; a merge moves it. */
  segment: Segment
  /** Its place among the documents of the segment. */
  index: number
  /** Where its text starts in the segment's texts, in UTF-16 units. */
  textStart: number
  /** Its passages are these of the whole catalog, in order. */
  firstPassage: number
  passages: number
  /** Token vectors of all its passages. */
  tokens: number
  alive: boolean
}

/** Where a passage lies in its document's text, in UTF-16 units. */
export interface PassageRange {
  start: number
  end: number
  /** The text was cut to the model's limit. */
  truncated: boolean
}

/** What is known of the documents of an index while it is open: everything but texts and token vectors. */
export class Catalog {
  readonly entries: Entry[] = []
  /** The living documents. */
  readonly byId = new Map<string, Entry>()
  /** Of living documents. */
  passages = 0
  tokens = 0
  /** Triples of start, end, truncated. */
  readonly #ranges = new Words()

  /** Adds a document; one with the same id dies. */
  add(
    place: Pick<Entry, 'record' | 'segment' | 'index' | 'textStart' | 'tokens'>,
    ranges: readonly PassageRange[],
  ): Entry {
    this.bury(place.record.id)
    const firstPassage = this.#ranges.length / 3
    for (const { start, end, truncated } of ranges) this.#ranges.push(start, end, truncated ? 1 : 0)
    const entry = { ...place, ordinal: this.entries.length, firstPassage, passages: ranges.length, alive: true }
    this.entries.push(entry)
    this.byId.set(entry.record.id, entry)
    this.passages += entry.passages
    this.tokens += entry.tokens
    return entry
  }

  /** Lets the document with this id die, and gives it. */
  bury(id: string): Entry | undefined {
    const entry = this.byId.get(id)
    if (!entry) return undefined
    entry.alive = false
    this.byId.delete(id)
    this.passages -= entry.passages
    this.tokens -= entry.tokens
    return entry
  }

  /** @param passage Number of the passage in the whole catalog. */
  range(passage: number): PassageRange {
    const at = passage * 3
    return { start: this.#ranges.at(at), end: this.#ranges.at(at + 1), truncated: this.#ranges.at(at + 2) === 1 }
  }

  /**
   * A part of a document's text.
   * @throws MaxsiftError `STORE_CORRUPT`.
   */
  text(store: BlobReader, entry: Entry, from: number, to: number, signal?: AbortSignal): Promise<string> {
    return readText(store, entry.segment, entry.textStart + from, entry.textStart + to, signal)
  }
}
