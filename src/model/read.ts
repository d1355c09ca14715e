/** Reading of whole small files: configurations and tokenizers. Weights are streamed (`stream.ts`). */
import { MaxsiftError } from '../errors.ts'
import type { FileSource } from './source.ts'

/** A configuration or tokenizer above this is not one. */
const MAX_SMALL_FILE_BYTES = 1 << 28

export type Json = Readonly<Record<string, unknown>>

/** Text of a file, or null where the source does not have it. */
export async function readText(source: FileSource, path: string, signal?: AbortSignal): Promise<string | null> {
  const file = await source.open(path, signal)
  if (!file) return null
  const decoder = new TextDecoder()
  const parts: string[] = []
  let bytes = 0
  for await (const chunk of chunks(file.body, signal)) {
    bytes += chunk.length
    if (bytes > MAX_SMALL_FILE_BYTES) {
      throw new MaxsiftError('MODEL_INVALID', `${path} has more than ${MAX_SMALL_FILE_BYTES} bytes`)
    }
    parts.push(decoder.decode(chunk, { stream: true }))
  }
  parts.push(decoder.decode())
  return parts.join('')
}

/** The JSON of a file, whatever it is, or null where the source does not have it. */
export async function readJson(source: FileSource, path: string, signal?: AbortSignal): Promise<unknown> {
  const text = await readText(source, path, signal)
  if (text === null) return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new MaxsiftError('MODEL_INVALID', `${path} is not valid JSON`, { cause })
  }
  // A file that is there must not count as missing.
  if (value === null) throw new MaxsiftError('MODEL_INVALID', `${path} holds nothing but null`)
  return value
}

/** The JSON object of a file, or null where the source does not have it. */
export async function readObject(source: FileSource, path: string, signal?: AbortSignal): Promise<Json | null> {
  const value = await readJson(source, path, signal)
  if (value === null || isObject(value)) return value
  throw new MaxsiftError('MODEL_INVALID', `${path} is not a JSON object`)
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The chunks of a stream; leaving the loop early, by `break` or by an error, cancels it.
 * (Async iteration of a ReadableStream itself is missing in Safari.)
 */
export async function* chunks(body: ReadableStream<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  let ended = false
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { done, value } = await reader.read()
      if (done) {
        ended = true
        return
      }
      if (value.length > 0) yield value
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {})
    reader.releaseLock()
  }
}
