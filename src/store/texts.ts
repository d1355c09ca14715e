import { MaxsiftError } from '../errors.ts'
import { type BlobRef, corrupt, type NewBlob, newBlob } from './blob.ts'
import {
  count,
  type Json,
  type JsonObject,
  jsonObject,
  list,
  Misfit,
  member,
  object,
  optionalText,
  text,
} from './json.ts'
import { type Batch, MAX_SEGMENT_DOCUMENTS, type TextBlock } from './manifest.ts'
import { idOf } from './segment-id.ts'
import type { Store } from './store.ts'

/** Records and texts are read in blocks of at most this size, so that one hit costs at most two of them. */
export const MAX_BLOCK_BYTES = 65_536

/** A part of a document that no passage crosses: the caller's own passages, or what lies between two headings. */
export interface Section {
  /** In UTF-16 units of the document's text; it ends where the next one starts. */
  start: number
  heading?: string
  /** Fragment of the URL of this section. */
  anchor?: string
}

/** What is known of a document before it is encoded, without its text. */
export interface DocumentRecord {
  id: string
  /** Of everything the caller gave for this document; equal hashes mean unchanged. */
  hash: string
  title?: string
  url?: string
  meta?: JsonObject
  sections?: Section[]
}

/** A record as it is stored: `units` is the text's length, `order` the insertion ordinal minus the batch's. */
export interface StoredDocument extends DocumentRecord {
  units: number
  order: number
}

export interface NewDocument extends DocumentRecord {
  text: string
  /** The place of the document by default. */
  order?: number
}

/** Anything that holds blobs: a store, or what is about to be put into one. */
export type BlobReader = Pick<Store, 'read'>

/**
 * Stores documents as two series of JSON blobs: records (lists of objects, read when an index opens) and texts (strings;
 * the texts of all documents one after another, cut every 64 KiB, read hit by hit).
 * JSON, because unlike UTF-8 it brings lone surrogates back.
 * @throws MaxsiftError `INVALID_ARGUMENT` for too many documents or metadata that is not JSON.
 */
export async function writeBatch(
  documents: readonly NewDocument[],
  ordinal: number,
): Promise<{ batch: Batch; put: NewBlob[] }> {
  if (documents.length > MAX_SEGMENT_DOCUMENTS) {
    throw new MaxsiftError('INVALID_ARGUMENT', `A batch holds at most ${MAX_SEGMENT_DOCUMENTS} documents.`)
  }
  const put: NewBlob[] = []
  const store = async (json: string): Promise<BlobRef> => {
    const blob = await newBlob(new TextEncoder().encode(json), 'json')
    put.push(blob)
    return blob.ref
  }
  const records: BlobRef[] = []
  for (const block of recordBlocks(documents)) records.push(await store(block))
  const blocks: TextBlock[] = []
  for (const piece of textBlocks(documents))
    blocks.push({ ...(await store(JSON.stringify(piece))), units: piece.length })
  const id = await idOf([...records, ...blocks])
  return { batch: { id, ordinal, documents: documents.length, records, text: blocks }, put }
}

/** Lists of whole records; a record that alone is over the limit gets a block of its own. */
function* recordBlocks(documents: readonly NewDocument[]): Generator<string> {
  let block: string[] = []
  let bytes = 1
  for (const [index, document] of documents.entries()) {
    const record = writeRecord(document, index)
    const size = new TextEncoder().encode(record).length + 1
    if (block.length && bytes + size > MAX_BLOCK_BYTES) {
      yield `[${block.join()}]`
      block = []
      bytes = 1
    }
    block.push(record)
    bytes += size
  }
  if (block.length) yield `[${block.join()}]`
}

function writeRecord({ id, hash, title, url, meta, sections, text, order }: NewDocument, index: number): string {
  try {
    const checked = meta && jsonObject(meta, 'meta')
    const moved = order === index ? undefined : order
    return JSON.stringify({ id, hash, units: text.length, order: moved, title, url, meta: checked, sections })
  } catch (cause) {
    if (!(cause instanceof Misfit)) throw cause
    throw new MaxsiftError('INVALID_ARGUMENT', `Document "${id}" cannot be stored: ${cause.message}.`, { cause })
  }
}

/** Pieces of the texts in a row, each as long as its JSON surely fits a block. */
function* textBlocks(documents: readonly NewDocument[]): Generator<string> {
  let piece = ''
  let bytes = 2
  for (const { text } of documents) {
    let start = 0
    for (let i = 0; i < text.length; i++) {
      const size = jsonBytes(text.charCodeAt(i))
      if (bytes + size > MAX_BLOCK_BYTES) {
        yield piece + text.slice(start, i)
        piece = ''
        bytes = 2
        start = i
      }
      bytes += size
    }
    piece += text.slice(start)
  }
  if (piece) yield piece
}

/** Most bytes that a UTF-16 unit takes in JSON as UTF-8. A lone surrogate is escaped; half of a pair would take two. */
function jsonBytes(unit: number): number {
  if (unit < 0x20) return unit === 0x0a || unit === 0x09 || unit === 0x0d ? 2 : 6
  if (unit < 0x80) return unit === 0x22 || unit === 0x5c ? 2 : 1
  if (unit < 0x800) return 2
  return unit >= 0xd800 && unit < 0xe000 ? 6 : 3
}

/**
 * The records of a batch in order, deleted documents included.
 * @throws MaxsiftError `STORE_CORRUPT` naming the blob.
 */
export async function readDocuments(store: BlobReader, batch: Batch, signal?: AbortSignal): Promise<StoredDocument[]> {
  const documents: StoredDocument[] = []
  for (const ref of batch.records) {
    const block = await readJson(store, ref, signal, (value) => list(value, 'it', toDocument))
    for (const { order, ...document } of block) documents.push({ ...document, order: order ?? documents.length })
  }
  const units = documents.reduce((sum, document) => sum + document.units, 0)
  const stored = batch.text.reduce((sum, block) => sum + block.units, 0)
  if (documents.length !== batch.documents || units !== stored) {
    const why = `holds ${documents.length} documents and ${units} units of text instead of ${batch.documents} and ${stored}`
    throw corrupt(batch.records[0]?.name ?? batch.id, why)
  }
  return documents
}

function toDocument(value: unknown, path: string): Omit<StoredDocument, 'order'> & { order?: number } {
  const record = object(value, path)
  const document: Omit<StoredDocument, 'order'> & { order?: number } = {
    id: text(member(record, 'id'), `${path}.id`),
    hash: text(member(record, 'hash'), `${path}.hash`),
    units: count(member(record, 'units'), `${path}.units`),
  }
  const order = member(record, 'order')
  const title = optionalText(member(record, 'title'), `${path}.title`)
  const url = optionalText(member(record, 'url'), `${path}.url`)
  const meta = member(record, 'meta')
  const sections = member(record, 'sections')
  if (order !== undefined) document.order = count(order, `${path}.order`)
  if (title !== undefined) document.title = title
  if (url !== undefined) document.url = url
  if (meta !== undefined) document.meta = jsonObject(meta, `${path}.meta`)
  if (sections !== undefined) document.sections = toSections(sections, path, document.units)
  return document
}

function toSections(value: unknown, path: string, units: number): Section[] {
  let last = 0
  return list(value, `${path}.sections`, (entry, at) => {
    const fields = object(entry, at)
    const section: Section = { start: count(member(fields, 'start'), `${at}.start`, units) }
    if (section.start < last) throw new Misfit(`${at}.start is before the section before it`)
    last = section.start
    const heading = optionalText(member(fields, 'heading'), `${at}.heading`)
    const anchor = optionalText(member(fields, 'anchor'), `${at}.anchor`)
    if (heading !== undefined) section.heading = heading
    if (anchor !== undefined) section.anchor = anchor
    return section
  })
}

/** Where the text of each document starts in the texts of its batch, in UTF-16 units; one entry more than documents. */
export function textStarts(documents: readonly StoredDocument[]): Float64Array {
  const starts = new Float64Array(documents.length + 1)
  documents.forEach((document, i) => {
    starts[i + 1] = starts[i] + document.units
  })
  return starts
}

/**
 * Units `[from, to)` of the texts of a batch, reading only the blocks they lie in.
 * @throws MaxsiftError `STORE_CORRUPT` naming the blob.
 */
export async function readText(
  store: BlobReader,
  batch: Batch,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<string> {
  let result = ''
  let start = 0
  for (const block of batch.text) {
    const end = start + block.units
    if (end > from && start < to) {
      const piece = await readJson(store, block, signal, (value) => text(value, 'it'))
      if (piece.length !== block.units)
        throw corrupt(block.name, `holds ${piece.length} units instead of ${block.units}`)
      result += piece.slice(Math.max(from - start, 0), to - start)
    }
    start = end
  }
  return result
}

async function readJson<T>(
  store: BlobReader,
  ref: BlobRef,
  signal: AbortSignal | undefined,
  shape: (value: Json) => T,
): Promise<T> {
  const bytes = await store.read(ref, signal)
  try {
    return shape(JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)))
  } catch (cause) {
    throw corrupt(ref.name, `is not readable (${(cause as Error).message})`, cause)
  }
}
