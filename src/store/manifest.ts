import { type ErrorCode, MaxsiftError } from '../errors.ts'
import { countBits, decodeBits } from './bits.ts'
import { BLOB_NAME, type BlobRef, checksum, MAX_BLOB_BYTES } from './blob.ts'
import { count, type JsonObject, jsonObject, list, Misfit, member, object, optionalText, text } from './json.ts'

/** Version of everything a store holds: manifest, records, texts and code chunks. A reader knows exactly one. */
export const FORMAT_VERSION = 1
const FORMAT = 'maxsift'

/** Keeps a segment's set of deleted documents at 8 KiB, and so the manifest small. */
export const MAX_SEGMENT_DOCUMENTS = 65_536

/** Which model made the token vectors. `fingerprint` decides whether an index fits a model, the rest is for people. */
export interface ModelRecord {
  fingerprint: string
  name: string
  /** Width of a token vector. */
  dim: number
  /** Where the model can be loaded from again: a name or URL. */
  source?: string
}

/** How token vectors became bytes. The store knows only the sizes. */
export interface CodecRecord {
  id: string
  parameters: JsonObject
  /** Bytes a token takes in each run of a chunk: f32 `[4·dim]`, f16 `[2·dim]`, int8 `[dim, 4]` (values, scale). */
  runs: number[]
}

/** A piece of the texts of a batch, with its length in UTF-16 units. */
export interface TextBlock extends BlobRef {
  units: number
}

/** Documents stored in one step: their records and texts. Without codes they are pending: not yet encoded. */
export interface Batch {
  /** Checksum over the names of the blobs, made unique in its manifest (see edit.ts). */
  id: string
  /** Insertion ordinal that the `order` of its documents counts from. */
  ordinal: number
  documents: number
  records: BlobRef[]
  text: TextBlock[]
  /** Bits of the documents that are deleted or replaced, as base64; none when absent. */
  deleted?: string
}

/** A batch with the codes of its passages. Immutable but for `deleted`. */
export interface Segment extends Batch {
  codes: BlobRef[]
  passages: number
  /** Scored token vectors. */
  tokens: number
}

/** The whole state of an index; what it does not name does not exist. */
export interface Manifest {
  /** 1 for the first commit, then one more each. */
  generation: number
  model: ModelRecord
  codec: CodecRecord
  /** Milliseconds since 1970, set by the writer. */
  created: number
  updated: number
  /** The ordinal of the next document. */
  nextOrdinal: number
  segments: Segment[]
  pending: Batch[]
  /** Blobs copied ahead of the commit that will use them (see copy.ts). */
  staged: BlobRef[]
}

export function newManifest(model: ModelRecord, codec: CodecRecord, now: number): Manifest {
  const empty = { segments: [], pending: [], staged: [] }
  return { generation: 0, model, codec, created: now, updated: now, nextOrdinal: 0, ...empty }
}

export function refsOfBatch(batch: Batch | Segment): BlobRef[] {
  return [...batch.records, ...batch.text, ...('codes' in batch ? batch.codes : [])]
}

/** Every blob that the manifest names, once, in order. */
export function refsOf(manifest: Manifest | null): Map<string, BlobRef> {
  const refs = new Map<string, BlobRef>()
  if (!manifest) return refs
  const all = [...manifest.segments, ...manifest.pending].flatMap(refsOfBatch).concat(manifest.staged)
  for (const { name, bytes } of all) refs.set(name, { name, bytes })
  return refs
}

/** Bytes of all blobs of an index, a batch or a segment. */
export function bytesOf(refs: Iterable<BlobRef>): number {
  let sum = 0
  for (const ref of refs) sum += ref.bytes
  return sum
}

/** Documents of a batch that are not deleted. */
export function liveDocuments(batch: Batch): number {
  return batch.documents - countBits(deletedBits(batch))
}

/** Bit i is set when document i of the batch is deleted (see bits.ts). */
export function deletedBits(batch: Batch): Uint8Array {
  return decodeBits(batch.deleted, batch.documents)
}

/** @throws MaxsiftError `MODEL_MISMATCH` when the index was built with another model. */
export function checkModel(manifest: Manifest, fingerprint: string): void {
  const { model } = manifest
  if (model.fingerprint === fingerprint) return
  const message = `The index was built with the model ${model.name} (${model.fingerprint}), not with ${fingerprint}.`
  throw new MaxsiftError('MODEL_MISMATCH', message)
}

/**
 * A copy with every member checked and in its place.
 * @throws MaxsiftError `INVALID_ARGUMENT` when it could not be read back.
 */
export function checkManifest(manifest: Manifest): Manifest {
  try {
    return toManifest(manifest)
  } catch (cause) {
    if (!(cause instanceof Misfit)) throw cause
    throw new MaxsiftError('INVALID_ARGUMENT', `This manifest cannot be stored: ${cause.message}.`, { cause })
  }
}

/** The manifest as JSON that carries its own checksum; the same manifest always gives the same text. */
export async function serializeManifest(manifest: Manifest): Promise<string> {
  const index = JSON.stringify(checkManifest(manifest))
  const sum = await checksum(new TextEncoder().encode(index))
  return `{"format":"${FORMAT}","version":${FORMAT_VERSION},"checksum":"${sum}","index":${index}}\n`
}

/**
 * @throws MaxsiftError `INDEX_VERSION_MISMATCH` for another version of the format; `code` for everything else that is
 *   not a manifest: foreign, truncated, flipped, inconsistent. `where` names the source in messages.
 */
export async function parseManifest(
  json: string,
  where: string,
  code: ErrorCode & ('STORE_CORRUPT' | 'INVALID_INDEX_FILE'),
): Promise<Manifest> {
  try {
    const outer = object(JSON.parse(json), 'it')
    if (member(outer, 'format') !== FORMAT) throw new Misfit(`its format is not "${FORMAT}"`)
    const version = member(outer, 'version')
    if (version !== FORMAT_VERSION) {
      const message = `${where} has index format ${String(version)}; this version reads format ${FORMAT_VERSION}.`
      throw new MaxsiftError('INDEX_VERSION_MISMATCH', message)
    }
    const index = member(outer, 'index')
    const sum = await checksum(new TextEncoder().encode(JSON.stringify(index) ?? ''))
    if (member(outer, 'checksum') !== sum) throw new Misfit('its checksum does not match')
    return toManifest(index)
  } catch (error) {
    if (error instanceof MaxsiftError) throw error
    if (!(error instanceof Misfit || error instanceof SyntaxError)) throw error
    throw new MaxsiftError(code, `${where} is not a readable index: ${error.message}.`, { cause: error })
  }
}

function toManifest(value: unknown): Manifest {
  const m = object(value, 'index')
  const model = object(member(m, 'model'), 'model')
  const codec = object(member(m, 'codec'), 'codec')
  const manifest: Manifest = {
    generation: count(member(m, 'generation'), 'generation'),
    model: {
      fingerprint: text(member(model, 'fingerprint'), 'model.fingerprint'),
      name: text(member(model, 'name'), 'model.name'),
      dim: count(member(model, 'dim'), 'model.dim', 65_536),
    },
    codec: toCodec(codec, 'codec'),
    created: count(member(m, 'created'), 'created'),
    updated: count(member(m, 'updated'), 'updated'),
    nextOrdinal: count(member(m, 'nextOrdinal'), 'nextOrdinal'),
    segments: list(member(m, 'segments'), 'segments', toSegment),
    pending: list(member(m, 'pending'), 'pending', toBatch),
    staged: list(member(m, 'staged'), 'staged', toRef),
  }
  const source = optionalText(member(model, 'source'), 'model.source')
  if (source !== undefined) manifest.model.source = source
  const batches = [...manifest.segments, ...manifest.pending]
  if (new Set(batches.map((batch) => batch.id)).size !== batches.length) throw new Misfit('two segments have one id')
  return manifest
}

export function toCodec(codec: Record<string, unknown>, path: string): CodecRecord {
  const runs = list(member(codec, 'runs'), `${path}.runs`, (value, at) => count(value, at, 65_536))
  if (runs.length < 1 || runs.length > 8 || runs.includes(0)) throw new Misfit(`${path}.runs is not 1 to 8 sizes`)
  const id = text(member(codec, 'id'), `${path}.id`)
  return { id, parameters: jsonObject(member(codec, 'parameters'), `${path}.parameters`), runs }
}

function toRef(value: unknown, path: string): BlobRef {
  const ref = object(value, path)
  const name = text(member(ref, 'name'), `${path}.name`)
  if (!BLOB_NAME.test(name)) throw new Misfit(`${path}.name is not the name of a blob`)
  return { name, bytes: count(member(ref, 'bytes'), `${path}.bytes`, MAX_BLOB_BYTES) }
}

function toBatch(value: unknown, path: string): Batch {
  const b = object(value, path)
  const batch: Batch = {
    id: text(member(b, 'id'), `${path}.id`),
    ordinal: count(member(b, 'ordinal'), `${path}.ordinal`),
    documents: count(member(b, 'documents'), `${path}.documents`, MAX_SEGMENT_DOCUMENTS),
    records: list(member(b, 'records'), `${path}.records`, toRef),
    text: list(member(b, 'text'), `${path}.text`, (entry, at) => ({
      ...toRef(entry, at),
      units: count(member(object(entry, at), 'units'), `${at}.units`, MAX_BLOB_BYTES),
    })),
  }
  const deleted = optionalText(member(b, 'deleted'), `${path}.deleted`)
  if (deleted !== undefined) {
    try {
      decodeBits(deleted, batch.documents)
    } catch (error) {
      throw new Misfit(`${path}.deleted is ${(error as Error).message}`)
    }
    batch.deleted = deleted
  }
  return batch
}

function toSegment(value: unknown, path: string): Segment {
  const s = object(value, path)
  return {
    ...toBatch(value, path),
    codes: list(member(s, 'codes'), `${path}.codes`, toRef),
    passages: count(member(s, 'passages'), `${path}.passages`, 2 ** 32 - 1),
    tokens: count(member(s, 'tokens'), `${path}.tokens`, 2 ** 32 - 1),
  }
}
