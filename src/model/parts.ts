/**
 * Large files in the model store, in parts: what came of one before a connection or a visit ended is there on the next,
 * which goes on from it. All parts together are the file; what lacks one is never taken for it.
 */
import { MaxsiftError } from '../errors.ts'
import type { ModelStore } from './cache.ts'
import { chunks } from './read.ts'
import type { OpenFile } from './source.ts'

const PART_BYTES = 4 << 20

/** What is kept beside the parts: which file they are of. */
interface Head {
  size: number
  /** A strong ETag. */
  validator: string
  sha256?: string
}

/** What the store has of a file in parts: the first of them, or all. */
export interface Parts extends Head {
  paths: string[]
  /** Of all that are there. */
  bytes: number
  /** Them, and what comes after them. */
  open(rest?: Stream): Stream
}

type Stream = ReadableStream<Uint8Array>

const headOf = (path: string) => `${path}.parts`

/** Those of another version of the file have other names: two tabs may read one each. */
const partOf = (path: string, { validator }: Head, i: number) =>
  `${path}.${validator.replace(/\W/g, '').slice(0, 64)}.${i}`

/** @returns undefined where nothing is kept in parts */
export async function openParts(store: ModelStore, key: string, path: string): Promise<Parts | undefined> {
  const note = await store.open(key, headOf(path))
  if (!note) return undefined
  const head: Head = await new Response(note.body).json()
  const paths: string[] = []
  while (paths.length * PART_BYTES < head.size) {
    const part = partOf(path, head, paths.length)
    const found = await store.open(key, part)
    if (!found) break
    await found.body.cancel()
    paths.push(part)
  }
  const open = (rest: Stream = new Blob([]).stream()) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const give = async () => {
      for (const part of paths) await (await store.open(key, part))!.body.pipeTo(writable, { preventClose: true })
      await rest.pipeTo(writable)
    }
    give().catch((cause) => {
      // Of an error that the reader has heard of already nothing is told again.
      const gone = new MaxsiftError('MODEL_FETCH_FAILED', `${path} was removed meanwhile`, { cause })
      void Promise.allSettled([writable.abort(gone), rest.cancel(cause)])
    })
    return readable
  }
  return { ...head, paths, bytes: Math.min(head.size, paths.length * PART_BYTES), open }
}

/** Removes a file, and what there is of one. */
export async function removeFile(store: ModelStore, key: string, path: string): Promise<void> {
  const { paths = [] } = (await openParts(store, key, path)) ?? {}
  // First what makes a file of the parts.
  for (const each of [headOf(path), path, ...paths]) await store.remove(key, each)
}

/**
 * Keeps a file: in parts where it is large and an ETag will tell that it is the same, else as it is.
 * @param begun What the store has of it already.
 */
export async function putFile(
  store: ModelStore,
  key: string,
  path: string,
  file: OpenFile | null,
  name: string,
  begun?: Parts,
): Promise<void> {
  const { size, validator, sha256 } = file ?? {}
  const isOther = begun?.validator !== validator
  if (begun && isOther) await removeFile(store, key, path)
  if (!file || !validator || !size || size <= PART_BYTES) return store.put(key, path, file, name)
  const head: Head = { size, validator, sha256 }
  let isFull = true
  const put = async (path: string, content: BlobPart[]) => {
    const blob = new Blob(content)
    isFull = true
    await store.put(key, path, { size: blob.size, body: blob.stream() }, name)
    isFull = false
  }
  let held: BlobPart[] = []
  let at = 0
  try {
    await put(headOf(path), [JSON.stringify(head)])
    for await (const chunk of chunks(file.body)) {
      for (let from = 0; from < chunk.length; ) {
        const bytes = chunk.subarray(from, from + PART_BYTES - (at % PART_BYTES)) as Uint8Array<ArrayBuffer>
        from += bytes.length
        at += bytes.length
        held.push(bytes)
        if (at % PART_BYTES !== 0 && at !== size) continue
        if (isOther || at > begun!.bytes) await put(partOf(path, head, Math.ceil(at / PART_BYTES) - 1), held)
        held = []
      }
    }
  } catch (error) {
    // Room that is short is needed for something else; and of another file nothing is to be taken up.
    if (isFull || (error as MaxsiftError | undefined)?.code === 'INTEGRITY_MISMATCH') await removeFile(store, key, path)
    throw error
  }
}
