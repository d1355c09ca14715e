import { MaxsiftError } from '../errors.ts'
import type { Checkpoint } from './checkpoint.ts'
import { BlockHash, sha256 } from './hash.ts'
import { chunks } from './read.ts'
import type { TensorRef, TensorRole } from './spec.ts'

/** Largest piece handed out at once. */
const MAX_PIECE_BYTES = 4 << 20

/** What GPU copies are aligned to. */
const ALIGNMENT = 4

/** The role of the scales of an I8 tensor. */
export const scaleRole = (role: TensorRole): TensorRole => `${role}.scale`

/**
 * Receives a tensor piece by piece, from its start. `offset` is in bytes from the start of the tensor and a multiple of 4;
 * so is the length, except that of the last piece. `bytes` is at most 4 MiB, and only valid until the promise settles.
 */
export type TensorSink = (role: TensorRole, ref: TensorRef, offset: number, bytes: Uint8Array) => void | Promise<void>

/** `BlockHash` of each weight file, by path. */
export type FileHashes = Map<string, string>

/**
 * Reads every weight file once, from start to end, and hands out the tensors that the model uses.
 * Scales of I8 tensors come under `scaleRole(role)`. No more than a chunk is held in memory.
 * @param options.onProgress bytes read so far, and in all files together
 * @throws MaxsiftError `MODEL_INVALID` when a file is not as long as its header says
 */
export async function streamTensors(
  checkpoint: Checkpoint,
  sink: TensorSink,
  options: { signal?: AbortSignal; onProgress?: (loaded: number, total: number) => void } = {},
): Promise<FileHashes> {
  const { signal, onProgress } = options
  const total = checkpoint.files.reduce((sum, { size }) => sum + size, 0)
  const hashes: FileHashes = new Map()
  let before = 0
  for (const { path, size } of checkpoint.files) {
    const file = await checkpoint.source.open(path, signal)
    if (!file) throw new MaxsiftError('MODEL_FETCH_FAILED', `${path} has gone from ${checkpoint.source.name}`)
    const hash = new BlockHash()
    const deliver = delivery(tensorsOf(checkpoint, path), sink)
    let at = 0
    for await (const chunk of chunks(file.body, signal)) {
      if (at + chunk.length > size) throw wrongSize(path, size, 'more')
      await hash.update(chunk)
      await deliver(at, chunk)
      at += chunk.length
      onProgress?.(before + at, total)
    }
    if (at < size) throw wrongSize(path, size, `only ${at}`)
    before += size
    hashes.set(path, await hash.digest())
  }
  return hashes
}

const wrongSize = (path: string, size: number, found: string) =>
  new MaxsiftError('MODEL_INVALID', `${path} should have ${size} bytes, but has ${found}`)

type Tensor = [TensorRole, TensorRef]

/** The tensors in use that lie in one file, in the order of their bytes. */
function tensorsOf(checkpoint: Checkpoint, path: string): Tensor[] {
  return [...checkpoint.tensors]
    .flatMap(([role, ref]): Tensor[] => [[role, ref], ...(ref.scale ? [[scaleRole(role), ref.scale] as Tensor] : [])])
    .filter(([, ref]) => ref.file === path)
    .sort(([, a], [, b]) => a.start - b.start)
}

/** Cuts chunks of a file into pieces of tensors. */
function delivery(tensors: readonly Tensor[], sink: TensorSink): (at: number, chunk: Uint8Array) => Promise<void> {
  let next = 0
  // Bytes of the current tensor that were not enough for an aligned piece.
  const rest = new Uint8Array(ALIGNMENT)
  let held = 0
  return async (at, chunk) => {
    const end = at + chunk.length
    for (; next < tensors.length && tensors[next][1].start < end; next++) {
      const [role, ref] = tensors[next]
      let from = Math.max(at, ref.start)
      const to = Math.min(end, ref.end)
      const last = to === ref.end
      const give = (start: number, bytes: Uint8Array) => sink(role, ref, start - ref.start, bytes)
      while (held > 0 && from < to) {
        rest[held++] = chunk[from++ - at]
        if (held < ALIGNMENT && !(last && from === to)) continue
        await give(from - held, rest.slice(0, held))
        held = 0
      }
      const whole = last ? to : to - ((to - from) % ALIGNMENT)
      for (let start = from; start < whole; start += MAX_PIECE_BYTES) {
        await give(start, chunk.subarray(start - at, Math.min(whole, start + MAX_PIECE_BYTES) - at))
      }
      // With bytes still held from before there is nothing after them (`from === to`).
      for (let i = Math.max(from, whole); i < to; i++) rest[held++] = chunk[i - at]
      if (!last) return
    }
  }
}

/**
 * What identifies a model: its weights, its tokenizer and how it encodes texts; not where it came from, nor what runs it.
 * An index can only be searched with the model that built it.
 */
export function fingerprint(checkpoint: Checkpoint, hashes: FileHashes): Promise<string> {
  const { name: _name, style: _style, ...rules } = checkpoint.spec
  const weights = checkpoint.files.map(({ path }) => hashes.get(path))
  // How long a query is does not touch what is in an index.
  const own = { ...rules, query: checkpoint.ownQuery }
  const identity = { version: 1, weights, tokenizer: checkpoint.tokenizer.json, rules: own }
  return sha256(new TextEncoder().encode(canonicalJson(identity)))
}

/** JSON with the members of objects in the order of their keys. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`
}
