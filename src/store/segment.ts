import { MaxsiftError } from '../errors.ts'
import { type BlobRef, corrupt, type NewBlob, newBlob } from './blob.ts'
import { type Chunk, type PassageCodes, parseChunk, TRUNCATED, writeChunk } from './codes.ts'
import { type Batch, type Manifest, refsOfBatch, type Segment } from './manifest.ts'
import { idOf } from './segment-id.ts'
import { type BlobReader, type NewDocument, writeBatch } from './texts.ts'

/**
 * Chunks are cut at this size. IndexedDB in Chromium writes and reads 64 MiB equally fast in pieces of 1 to 4 MiB, and 3
 * to 4 times slower in small records; the smaller the chunk, the less memory a reader needs while it streams.
 */
export const MAX_CHUNK_BYTES = 2 * 2 ** 20

/** Most bytes of codes in a segment, so that a commit is bounded. */
export const MAX_SEGMENT_BYTES = 64 * 2 ** 20

/** A passage's columns in the head of its chunk. */
const PASSAGE_BYTES = 20

export interface NewPassage {
  /** Index of the document in the segment. */
  document: number
  /** Range in the document's text, in UTF-16 units. */
  start: number
  end: number
  /** The text was cut to the model's limit. */
  truncated?: boolean
  /** Scored token vectors. */
  tokens: number
}

/**
 * Collects documents and the codes of their passages and makes a segment of them: blobs, and the record for the
 * manifest. The documents are added here, or were stored before as a pending batch.
 */
export class SegmentWriter {
  readonly #model: { dim: number }
  readonly #codec: Manifest['codec']
  readonly #batch: Batch | null
  readonly #documents: NewDocument[] = []
  readonly #codes: NewBlob[] = []
  #chunk: PassageCodes[] = []
  #chunkBytes = 0
  #bytes = 0
  #passages = 0
  #tokens = 0
  #lastDocument = 0

  constructor({ model, codec }: Pick<Manifest, 'model' | 'codec'>, batch: Batch | null = null) {
    this.#model = model
    this.#codec = codec
    this.#batch = batch
  }

  /** Encoded bytes so far, codes only. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether `tokens` more token vectors in one passage fit the segment. */
  fits(tokens: number): boolean {
    return this.#bytes + this.#size(tokens) <= MAX_SEGMENT_BYTES
  }

  /** Index of the document in the segment. */
  addDocument(document: NewDocument): number {
    if (this.#batch) throw new MaxsiftError('INVALID_ARGUMENT', 'The documents of a stored batch are given.')
    return this.#documents.push(document) - 1
  }

  /**
   * Passages come in the order of their documents. The codes are kept, not copied, until the chunk is full.
   * @throws MaxsiftError `INVALID_ARGUMENT` when sizes or order do not fit, or the segment is full.
   */
  async addPassage(passage: NewPassage, codes: readonly Uint8Array[]): Promise<void> {
    const { document, start, end, truncated = false, tokens } = passage
    const documents = this.#batch?.documents ?? this.#documents.length
    const sized =
      codes.length === this.#codec.runs.length && codes.every((run, r) => run.length === tokens * this.#codec.runs[r])
    if (!sized) throw new MaxsiftError('INVALID_ARGUMENT', `The codes are not those of ${tokens} tokens.`)
    if (document < this.#lastDocument || document >= documents || start > end) {
      throw new MaxsiftError('INVALID_ARGUMENT', `Passage [${start}, ${end}) of document ${document} is out of order.`)
    }
    if (!this.fits(tokens)) {
      throw new MaxsiftError('INVALID_ARGUMENT', `A segment holds at most ${MAX_SEGMENT_BYTES} bytes of codes.`)
    }
    const bytes = this.#size(tokens)
    if (this.#chunkBytes + bytes > MAX_CHUNK_BYTES) await this.#closeChunk()
    this.#chunk.push({ document, start, end, flags: truncated ? TRUNCATED : 0, tokens, codes })
    this.#chunkBytes += bytes
    this.#bytes += bytes
    this.#passages++
    this.#tokens += tokens
    this.#lastDocument = document
  }

  /** The segment, with `ordinal` of the batch or else 0, and the blobs that are not stored yet. */
  async finish(): Promise<{ segment: Segment; put: NewBlob[] }> {
    await this.#closeChunk()
    const { batch, put } = this.#batch ? { batch: this.#batch, put: [] } : await writeBatch(this.#documents, 0)
    const codes = this.#codes.map(({ ref }) => ref)
    const id = await idOf([...refsOfBatch(batch), ...codes])
    const segment = { ...batch, id, codes, passages: this.#passages, tokens: this.#tokens }
    return { segment, put: [...put, ...this.#codes] }
  }

  #size(tokens: number): number {
    return this.#codec.runs.reduce((sum, size) => sum + tokens * size, PASSAGE_BYTES)
  }

  async #closeChunk(): Promise<void> {
    if (!this.#chunk.length) return
    this.#codes.push(await newBlob(writeChunk(this.#model.dim, this.#codec, this.#chunk), 'bin'))
    this.#chunk = []
    this.#chunkBytes = 0
  }
}

/**
 * Streams the chunks of a segment in order; each may be dropped when the loop goes on. At most two are in memory.
 * @throws MaxsiftError `STORE_CORRUPT` naming the blob, also for a chunk of another codec or dim than the index.
 */
export async function* readCodes(
  store: BlobReader,
  { model, codec }: Pick<Manifest, 'model' | 'codec'>,
  segment: Segment,
  signal?: AbortSignal,
): AsyncGenerator<{ ref: BlobRef; chunk: Chunk }> {
  const expected = JSON.stringify(codec)
  let last = 0
  let passages = 0
  let tokens = 0
  const read = (ref: BlobRef | undefined) => {
    const bytes = ref && store.read(ref, signal)
    // It is awaited a round later, or never when the loop ends before.
    bytes?.catch(() => {})
    return bytes
  }
  let next = read(segment.codes[0])
  for (const [i, ref] of segment.codes.entries()) {
    const bytes = (await next)!
    signal?.throwIfAborted()
    // While the caller uses this chunk, the next one is on its way.
    next = read(segment.codes[i + 1])
    const chunk = parseChunk(bytes, ref.name)
    const found = JSON.stringify(chunk.codec)
    if (chunk.dim !== model.dim || found !== expected) {
      throw corrupt(
        ref.name,
        `holds codes of dim ${chunk.dim} by ${found}, but the index has ${model.dim} by ${expected}`,
      )
    }
    const { document } = chunk
    if (chunk.passages && (document[0] < last || document[chunk.passages - 1] >= segment.documents)) {
      throw corrupt(ref.name, 'names documents that the segment does not have')
    }
    last = document[chunk.passages - 1] ?? last
    passages += chunk.passages
    tokens += chunk.tokens
    yield { ref, chunk }
  }
  if (passages !== segment.passages || tokens !== segment.tokens) {
    const why = `and its neighbours hold ${passages} passages and ${tokens} tokens instead of ${segment.passages} and ${segment.tokens}`
    throw corrupt(segment.codes[0]?.name ?? segment.id, why)
  }
}
