import { MaxsiftError } from '../errors.ts'
import { type Bytes, corrupt } from './blob.ts'
import { Misfit, object } from './json.ts'
import { type CodecRecord, FORMAT_VERSION, toCodec } from './manifest.ts'

/**
 * A chunk of codes, little-endian, every part padded to 4 bytes:
 *
 *     0  "MXSF"                          20  passages P
 *     4  u16 format version              24  tokens T
 *     6  u16 kind: 1, codes              28  bytes of the codec's JSON
 *     8  bytes of the head: where the    32  codec as JSON {id, parameters, runs}
 *        codes start                         u32 document[P], start[P], end[P], flags[P], offset[P + 1]
 *    12  bytes of the whole chunk            run 0: T × runs[0] bytes, run 1: T × runs[1] bytes, …
 *    16  dim
 *
 * The codes of passage p in run r are the bytes from offset[p] · runs[r] to offset[p + 1] · runs[r] of that run, so a
 * reader with the head alone can ask for single passages. The chunk's checksum is its name.
 */
export interface Chunk {
  dim: number
  codec: CodecRecord
  passages: number
  tokens: number
  /** Index of each passage's document in the segment; never falling. */
  document: Uint32Array
  /** Range of each passage in its document's text, in UTF-16 units. */
  start: Uint32Array
  end: Uint32Array
  /** Bits: `TRUNCATED`. */
  flags: Uint32Array
  /** First token of each passage, and the number of tokens (length P + 1). */
  offset: Uint32Array
  /** `tokens × runs[r]` bytes each, starting at a multiple of 4 in the blob. */
  codes: Bytes[]
}

/** The passage was cut to the model's limit: not all of its text is in the codes. */
export const TRUNCATED = 1

const MAGIC = 0x4653584d
const KIND_CODES = 1
const HEADER_BYTES = 32
const COLUMNS = ['document', 'start', 'end', 'flags'] as const
/** Far above any codec's parameters, far below what could hurt. */
const MAX_CODEC_BYTES = 65_536

// Not by bits: sizes from a foreign file may be beyond 2^31.
const pad = (bytes: number) => Math.ceil(bytes / 4) * 4

function runBytes(codec: CodecRecord, tokens: number): number {
  return codec.runs.reduce((sum, size) => sum + pad(tokens * size), 0)
}

export interface PassageCodes {
  document: number
  start: number
  end: number
  flags: number
  tokens: number
  /** One part a run, `tokens × runs[r]` bytes. */
  codes: readonly Uint8Array[]
}

/** Lays passages out as one chunk. */
export function writeChunk(dim: number, codec: CodecRecord, passages: readonly PassageCodes[]): Bytes {
  const json = new TextEncoder().encode(JSON.stringify(codec))
  const count = passages.length
  const tokens = passages.reduce((sum, passage) => sum + passage.tokens, 0)
  const columnsAt = HEADER_BYTES + pad(json.length)
  const headBytes = columnsAt + 4 * (COLUMNS.length * count + count + 1)
  const bytes = new Uint8Array(headBytes + runBytes(codec, tokens))
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, FORMAT_VERSION, true)
  view.setUint16(6, KIND_CODES, true)
  for (const [i, value] of [headBytes, bytes.length, dim, count, tokens, json.length].entries()) {
    view.setUint32(8 + 4 * i, value, true)
  }
  bytes.set(json, HEADER_BYTES)
  const columns = new Uint32Array(bytes.buffer, columnsAt, (COLUMNS.length + 1) * count + 1)
  const firstOffset = COLUMNS.length * count
  passages.forEach((passage, p) => {
    COLUMNS.forEach((name, c) => {
      columns[c * count + p] = passage[name]
    })
    columns[firstOffset + p + 1] = columns[firstOffset + p] + passage.tokens
  })
  let at = headBytes
  for (const [r, size] of codec.runs.entries()) {
    let to = at
    for (const { codes } of passages) {
      bytes.set(codes[r], to)
      to += codes[r].length
    }
    at += pad(tokens * size)
  }
  return bytes
}

/**
 * Reads a chunk; the result's arrays are views of `bytes`. Nothing in it is believed: every count is held against the
 * bytes that are there before it is used.
 * @throws MaxsiftError `STORE_CORRUPT` naming the blob, `INDEX_VERSION_MISMATCH` for another version.
 */
export function parseChunk(bytes: Bytes, name: string): Chunk {
  // Typed arrays want multiples of 4; only a slice of a larger file can be elsewhere.
  const aligned = bytes.byteOffset % 4 ? bytes.slice() : bytes
  const fail = (why: string, cause?: unknown) => corrupt(name, `is not a chunk of codes: ${why}`, cause)
  if (aligned.length < HEADER_BYTES) throw fail(`it has only ${aligned.length} bytes`)
  const view = new DataView(aligned.buffer, aligned.byteOffset, aligned.length)
  if (view.getUint32(0, true) !== MAGIC) throw fail('it does not start with MXSF')
  const version = view.getUint16(4, true)
  if (version !== FORMAT_VERSION) {
    const message = `Blob ${name} has index format ${version}; this version reads format ${FORMAT_VERSION}.`
    throw new MaxsiftError('INDEX_VERSION_MISMATCH', message)
  }
  if (view.getUint16(6, true) !== KIND_CODES) throw fail(`its kind is ${view.getUint16(6, true)}`)
  const [headBytes, length, dim, count, tokens, jsonBytes] = [0, 1, 2, 3, 4, 5].map((i) =>
    view.getUint32(8 + 4 * i, true),
  )
  if (length !== aligned.length) throw fail(`it has ${aligned.length} bytes instead of ${length}`)
  const columnsAt = HEADER_BYTES + pad(jsonBytes)
  if (
    jsonBytes > MAX_CODEC_BYTES ||
    headBytes !== columnsAt + 4 * ((COLUMNS.length + 1) * count + 1) ||
    headBytes > length
  ) {
    throw fail(`its head of ${headBytes} bytes does not hold ${count} passages`)
  }
  let codec: CodecRecord
  try {
    const json = aligned.subarray(HEADER_BYTES, HEADER_BYTES + jsonBytes)
    codec = toCodec(object(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)), 'codec'), 'codec')
  } catch (cause) {
    throw fail(cause instanceof Misfit ? cause.message : 'its codec is not JSON', cause)
  }
  if (headBytes + runBytes(codec, tokens) !== length) throw fail(`it does not hold the codes of ${tokens} tokens`)

  const columns = new Uint32Array(aligned.buffer, aligned.byteOffset + columnsAt, (COLUMNS.length + 1) * count + 1)
  const [document, start, end, flags] = COLUMNS.map((_, c) => columns.subarray(c * count, (c + 1) * count))
  const offset = columns.subarray(COLUMNS.length * count)
  for (let p = 0; p < count; p++) {
    if (offset[p + 1] < offset[p] || end[p] < start[p] || (p > 0 && document[p] < document[p - 1])) {
      throw fail(`passage ${p} is out of order`)
    }
  }
  if (offset[0] !== 0 || offset[count] !== tokens) throw fail(`its passages do not hold ${tokens} tokens`)
  let at = headBytes
  const codes = codec.runs.map((size) => {
    const run = aligned.subarray(at, at + tokens * size)
    at += pad(tokens * size)
    return run
  })
  return { dim, codec, passages: count, tokens, document, start, end, flags, offset, codes }
}
