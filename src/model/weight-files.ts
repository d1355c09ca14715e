/** Finds the weight files of a folder of a checkpoint and reads their headers. */
import { MaxsiftError } from '../errors.ts'
import { chunks, isObject, readObject } from './read.ts'
import { headerLength, parseHeader, type SafetensorsHeader } from './safetensors.ts'
import type { FileSource, OpenFile } from './source.ts'
import type { Located } from './tensors.ts'

export interface WeightFile {
  path: string
  /** Bytes in the file, by its header. */
  size: number
}

export interface Weights {
  files: WeightFile[]
  tensors: Map<string, Located>
}

/**
 * `model.safetensors`, or the shards that `model.safetensors.index.json` names.
 * @param folder '' or a path that ends with '/'
 * @throws MaxsiftError `MODEL_UNSUPPORTED` when there are weights, but in another format
 */
export async function openWeights(source: FileSource, folder: string, signal?: AbortSignal): Promise<Weights> {
  const single = `${folder}model.safetensors`
  const header = await readHeader(source, single, signal)
  if (header) return { files: [{ path: single, size: header.size }], tensors: locate(header, single) }
  const indexPath = `${folder}model.safetensors.index.json`
  const index = await readObject(source, indexPath, signal)
  if (!index) {
    const foreign = await foreignWeights(source, folder, signal)
    throw foreign ?? new MaxsiftError('MODEL_INVALID', `${source.name} has no weights: ${single} is missing`)
  }
  return openShards(source, folder, indexPath, index.weight_map, signal)
}

async function openShards(
  source: FileSource,
  folder: string,
  indexPath: string,
  weightMap: unknown,
  signal?: AbortSignal,
): Promise<Weights> {
  const places = Object.entries(isObject(weightMap) ? weightMap : {})
  if (places.length === 0) throw new MaxsiftError('MODEL_INVALID', `${indexPath} has no weight_map`)
  const weights: Weights = { files: [], tensors: new Map() }
  for (const shard of new Set(places.map(([, file]) => file))) {
    // A name in a file that anybody may have written must not lead out of the folder.
    if (typeof shard !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(shard)) {
      throw new MaxsiftError(
        'MODEL_INVALID',
        `${indexPath} names ${JSON.stringify(shard)}, which is no file of this folder`,
      )
    }
    const path = folder + shard
    const header = await readHeader(source, path, signal)
    if (!header) throw new MaxsiftError('MODEL_INVALID', `${path} is missing, but ${indexPath} names it`)
    weights.files.push({ path, size: header.size })
    for (const [name, tensor] of locate(header, path)) {
      if (weights.tensors.has(name))
        throw new MaxsiftError('MODEL_INVALID', `tensor ${name} is in two shards: ${path} and another`)
      weights.tensors.set(name, tensor)
    }
  }
  for (const [name, shard] of places) {
    if (weights.tensors.get(name)?.file !== folder + shard) {
      throw new MaxsiftError('MODEL_INVALID', `${indexPath} says that tensor ${name} is in ${shard}, but it is not`)
    }
  }
  return weights
}

const locate = (header: SafetensorsHeader, file: string) =>
  new Map([...header.tensors].map(([name, tensor]): [string, Located] => [name, { ...tensor, file }]))

/** Bytes in which most headers end: that of a BERT of 24 layers has 45 kB. */
const HEADER_BYTES = 1 << 16

/** Reads only the start of the file; null where the source does not have it. */
async function readHeader(
  source: FileSource,
  path: string,
  signal?: AbortSignal,
  start = HEADER_BYTES,
): Promise<SafetensorsHeader | null> {
  const file = await source.open(path, signal, start)
  if (!file) return null
  const bytes = await readStart(path, file, start, signal)
  return typeof bytes === 'number'
    ? readHeader(source, path, signal, bytes)
    : parseHeader(path, bytes.subarray(8), file.size)
}

/** The length field and the JSON after it; or how many bytes these have, where they are not within `start`. */
async function readStart(
  path: string,
  file: OpenFile,
  start: number,
  signal?: AbortSignal,
): Promise<Uint8Array | number> {
  const parts: Uint8Array[] = []
  let length = 0
  let needed = 8
  for await (const chunk of chunks(file.body, signal)) {
    parts.push(chunk)
    length += chunk.length
    if (length >= 8 && needed === 8) needed = 8 + headerLength(path, concat(parts, 8), file.size)
    if (length >= needed && length >= 8) return concat(parts, needed)
  }
  if (length === start && needed > start) return needed
  // Too short even for the length field, or the file ends within the header.
  headerLength(path, concat(parts, Math.min(length, 8)), length)
  throw new MaxsiftError('MODEL_INVALID', `${path} ends within its header`)
}

function concat(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part.subarray(0, length - at), at)
    at += Math.min(part.length, length - at)
  }
  return whole
}

const OTHER_FORMATS = [
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
  'onnx/model.onnx',
  'onnx/model_quantized.onnx',
  'onnx/model_int8.onnx',
  'model.onnx',
  'model_quantized.onnx',
  'tf_model.h5',
  'flax_model.msgpack',
  'model.gguf',
]

/** What to say where weights are there, but in another format; null where there are none. */
export async function foreignWeights(
  source: FileSource,
  folder: string,
  signal?: AbortSignal,
): Promise<MaxsiftError | null> {
  for (const name of OTHER_FORMATS) {
    const file = await source.open(folder + name, signal)
    if (!file) continue
    await file.body.cancel()
    return new MaxsiftError('MODEL_UNSUPPORTED', `${source.name} has its weights only as ${folder}${name}`, {
      remedy: 'Load the model in Python and save it with save_pretrained(folder): that writes model.safetensors.',
    })
  }
  return null
}
