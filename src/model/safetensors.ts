/**
 * The header of a safetensors file: 8 bytes with the header's length (unsigned, little-endian), then a JSON object
 * `{ name: { dtype, shape, data_offsets: [begin, end] }, __metadata__? }`, then the values.
 * Format and its rules: https://github.com/huggingface/safetensors#format
 */
import { MaxsiftError } from '../errors.ts'

/** A tensor as its file describes it; `dtype` is whatever the file says. */
export interface TensorEntry {
  name: string
  dtype: string
  shape: readonly number[]
  /** Absolute byte range in the file. */
  start: number
  end: number
}

export interface SafetensorsHeader {
  /** By name, in the order of their bytes. */
  tensors: Map<string, TensorEntry>
  /** Bytes that the whole file must have. */
  size: number
}

/** The limit of the reference reader: a longer header is an attack or damage. */
export const MAX_HEADER_BYTES = 100_000_000

/** Bytes of one value. Formats that are not whole bytes are not listed: their sizes go unchecked. */
const BYTES: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E4M3', 1],
  ['F8_E5M2', 1],
  ['U16', 2],
  ['I16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['U32', 4],
  ['I32', 4],
  ['F32', 4],
  ['U64', 8],
  ['I64', 8],
  ['F64', 8],
])

const invalid = (message: string, cause?: unknown) => new MaxsiftError('MODEL_INVALID', message, { cause })

/**
 * Length of the JSON header from the first 8 bytes of the file.
 * @param fileSize bytes in the whole file, where known
 */
export function headerLength(file: string, first: Uint8Array, fileSize: number | null): number {
  if (first.length < 8) throw invalid(`${file} is not a safetensors file: it has only ${first.length} bytes`)
  const view = new DataView(first.buffer, first.byteOffset, 8)
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true)
  if (length > MAX_HEADER_BYTES) {
    throw invalid(`${file} is not a safetensors file: its header claims ${length} bytes, above ${MAX_HEADER_BYTES}`)
  }
  if (fileSize !== null && 8 + length > fileSize) {
    throw invalid(`${file}: the header claims ${length} bytes, but the file has ${fileSize}`)
  }
  return length
}

/**
 * Parses and validates the JSON header: byte ranges of all tensors tile the rest of the file without hole or overlap,
 * and each range is as long as shape and dtype say.
 * @throws MaxsiftError `MODEL_INVALID` naming the file and the tensor
 */
export function parseHeader(file: string, json: Uint8Array, fileSize: number | null): SafetensorsHeader {
  const entries = parseEntries(file, json)
  const base = 8 + json.length
  const tensors = entries
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => entry(file, name, value, base))
  tensors.sort((a, b) => a.start - b.start || a.end - b.end)
  let end = base
  for (const tensor of tensors) {
    if (tensor.start < end) throw invalid(`${file}: tensor ${tensor.name} overlaps the one before it`)
    if (tensor.start > end)
      throw invalid(`${file}: ${tensor.start - end} bytes before tensor ${tensor.name} belong to none`)
    end = tensor.end
  }
  if (fileSize !== null && end > fileSize) {
    throw invalid(
      `${file}: tensor ${tensors.at(-1)?.name} ends at byte ${end}, beyond the end of the file (${fileSize})`,
    )
  }
  if (fileSize !== null && end < fileSize) {
    throw invalid(`${file}: the last ${fileSize - end} bytes belong to no tensor`)
  }
  return { tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])), size: end }
}

function parseEntries(file: string, json: Uint8Array): [string, unknown][] {
  if (json[0] !== 0x7b) throw invalid(`${file}: the header is not a JSON object`)
  let text: string
  let header: object
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json)
    header = JSON.parse(text)
  } catch (cause) {
    throw invalid(`${file}: the header is not valid JSON`, cause)
  }
  const entries = Object.entries(header)
  if (memberCount(text) !== entries.length) throw invalid(`${file}: the header names a tensor twice`)
  return entries
}

/** Members of the outermost object of valid JSON. `JSON.parse` keeps only the last of equal keys; this counts them all. */
function memberCount(text: string): number {
  let depth = 0
  let count = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x22) {
      for (i++; text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++
    } else if (c === 0x7b || c === 0x5b) depth++
    else if (c === 0x7d || c === 0x5d) depth--
    else if (c === 0x3a && depth === 1) count++
  }
  return count
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function entry(file: string, name: string, value: unknown, base: number): TensorEntry {
  const where = `${file}: tensor ${JSON.stringify(name)}`
  if (typeof value !== 'object' || value === null) throw invalid(`${where} has no description`)
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>
  if (typeof dtype !== 'string') throw invalid(`${where} has no dtype`)
  if (!Array.isArray(shape) || !shape.every(isCount)) throw invalid(`${where} has no valid shape`)
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw invalid(`${where} has no valid data_offsets`)
  }
  const [begin, end] = offsets as [number, number]
  if (begin > end) throw invalid(`${where} ends (${end}) before it begins (${begin})`)
  if (!Number.isSafeInteger(base + end)) throw invalid(`${where} ends beyond any file`)
  const bytes = BYTES.get(dtype)
  if (bytes !== undefined) {
    // A product that overflows is not a safe integer, and never equals a length, which is one.
    const expected = shape.reduce((product, n) => product * n, bytes)
    if (expected !== end - begin) {
      throw invalid(`${where} of shape [${shape}] and dtype ${dtype} needs ${expected} bytes, but has ${end - begin}`)
    }
  }
  return { name, dtype, shape, start: base + begin, end: base + end }
}
