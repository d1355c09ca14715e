import { hasBit } from '../../src/store/bits.ts'
import { TRUNCATED } from '../../src/store/codes.ts'
import {
  type Batch,
  type BlobRef,
  type Bytes,
  type CodecRecord,
  deletedBits,
  type Manifest,
  type ModelRecord,
  type NewBlob,
  newManifest,
  readCodes,
  readDocuments,
  readText,
  type Segment,
  SegmentWriter,
  type Store,
  textStarts,
} from '../../src/store/index.ts'

export const MODEL: ModelRecord = { fingerprint: 'f1', name: 'tiny', dim: 8 }
export const INT8: CodecRecord = { id: 'int8', parameters: { scale: 'f32' }, runs: [8, 4] }

export function empty(codec = INT8): Manifest {
  return newManifest(MODEL, codec, 1_700_000_000_000)
}

export interface Doc {
  id: string
  text: string
  title?: string
  url?: string
  hash?: string
  meta?: Record<string, unknown>
  /** Tokens of each passage; passages split the text evenly. */
  passages?: number[]
}

/** Codes that are told apart by document and passage, so that a mix-up shows. */
export function codesOf(id: string, passage: number, tokens: number, codec = INT8): Uint8Array[] {
  let seed = passage + 1
  for (let i = 0; i < id.length; i++) seed = (Math.imul(seed, 31) + id.charCodeAt(i)) | 0
  return codec.runs.map((size, r) =>
    Uint8Array.from({ length: tokens * size }, (_, i) => (seed + 7 * i + 101 * r) & 255),
  )
}

export function rangeOf(doc: Doc, passage: number): { start: number; end: number } {
  const parts = doc.passages?.length ?? 0
  return {
    start: Math.floor((doc.text.length * passage) / parts),
    end: Math.floor((doc.text.length * (passage + 1)) / parts),
  }
}

export async function segmentOf(
  manifest: Manifest,
  docs: readonly Doc[],
  batch: Batch | null = null,
): Promise<{ segment: Segment; put: NewBlob[] }> {
  const writer = new SegmentWriter(manifest, batch)
  if (!batch) for (const doc of docs) writer.addDocument(newDocument(doc))
  for (const [document, doc] of docs.entries()) {
    for (const [p, tokens] of (doc.passages ?? []).entries()) {
      const codes = codesOf(doc.id, p, tokens, manifest.codec)
      await writer.addPassage({ document, ...rangeOf(doc, p), truncated: p % 2 === 1, tokens }, codes)
    }
  }
  return writer.finish()
}

export function newDocument({ id, text, title, url, hash = `hash of ${id}`, meta }: Doc) {
  return { id, text, title, url, hash, meta: meta as never }
}

/** What a reader finds: every live document with its text and passages, in insertion order. */
export async function contents(store: Store, manifest: Manifest | null): Promise<Doc[]> {
  return (await located(store, manifest)).map(({ doc }) => doc)
}

/** The same with the segment or batch that each lies in, and its index there. */
export async function located(store: Store, manifest: Manifest | null) {
  const found: { ordinal: number; doc: Doc; id: string; index: number }[] = []
  for (const batch of [...(manifest?.segments ?? []), ...(manifest?.pending ?? [])]) {
    const documents = await readDocuments(store, batch)
    const starts = textStarts(documents)
    const deleted = deletedBits(batch)
    const passages: number[][] = documents.map(() => [])
    if ('codes' in batch) await readPassages(store, manifest!, batch as Segment, documents, passages)
    for (const [index, { order, units, ...record }] of documents.entries()) {
      if (hasBit(deleted, index)) continue
      const text = await readText(store, batch, starts[index], starts[index + 1])
      const doc: Doc = { ...record, text }
      if (passages[index].length) doc.passages = passages[index]
      found.push({ ordinal: batch.ordinal + order, doc, id: batch.id, index })
    }
  }
  return found.sort((a, b) => a.ordinal - b.ordinal)
}

async function readPassages(
  store: Store,
  manifest: Manifest,
  segment: Segment,
  documents: readonly { id: string; units: number }[],
  passages: number[][],
) {
  for await (const { chunk } of readCodes(store, manifest, segment)) {
    for (let p = 0; p < chunk.passages; p++) {
      const d = chunk.document[p]
      const index = passages[d].push(chunk.offset[p + 1] - chunk.offset[p]) - 1
      const expected = codesOf(documents[d].id, index, passages[d][index], manifest.codec)
      manifest.codec.runs.forEach((size, r) => {
        const codes = chunk.codes[r].subarray(chunk.offset[p] * size, chunk.offset[p + 1] * size)
        if (!equalBytes(codes, expected[r])) throw new Error(`codes of passage ${index} of ${documents[d].id} differ`)
      })
      if (((chunk.flags[p] & TRUNCATED) !== 0) !== (index % 2 === 1)) throw new Error('flags differ')
      if (chunk.end[p] > documents[d].units) throw new Error('range beyond the text')
    }
  }
}

/** How `contents` shows what `segmentOf` was given. */
export function shown(doc: Doc): Doc {
  const { passages, ...rest } = { ...doc, hash: doc.hash ?? `hash of ${doc.id}` }
  const kept = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as unknown as Doc
  return passages?.length ? { ...kept, passages } : kept
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** A store for tests of readers: blobs by name. */
export function blobMap(blobs: readonly NewBlob[]): Pick<Store, 'read'> & { map: Map<string, Bytes> } {
  const map = new Map(blobs.map(({ ref, bytes }) => [ref.name, bytes]))
  return { map, read: async (ref: BlobRef) => map.get(ref.name)! }
}

/** Deterministic bytes that do not repeat early. */
export function noise(length: number, seed = 1): Bytes {
  const bytes = new Uint8Array(length)
  let x = seed
  for (let i = 0; i < length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0
    bytes[i] = x >>> 24
  }
  return bytes
}
