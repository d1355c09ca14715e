import { MaxsiftError } from '../errors.ts'
import type { DocumentInput } from '../search/types.ts'

type Chunks = AsyncIterable<string> | Iterable<string>

/** A value of a file with one JSON value a line. */
export interface JsonLine {
  value: unknown
  /** Counted from 1. */
  line: number
}

/**
 * The values of a JSON Lines file, in order; blank lines count but give none.
 * @param name Of the file, for messages.
 * @throws MaxsiftError `INVALID_ARGUMENT` naming file and line.
 */
export async function* jsonLines(chunks: Chunks, name: string): AsyncGenerator<JsonLine> {
  let line = 0
  for await (const text of lines(chunks)) {
    line++
    if (text.trim() === '') continue
    try {
      yield { value: JSON.parse(text), line }
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause
      throw new MaxsiftError('INVALID_ARGUMENT', `${name}, line ${line}: this is not JSON (${cause.message}).`, {
        cause,
        detail: { file: name, line },
      })
    }
  }
}

/**
 * The documents of a JSON Lines file: those of `add`, or those of BEIR (`_id`, `title`, `text`, `metadata`).
 * @throws MaxsiftError `INVALID_ARGUMENT` naming file and line.
 */
export async function* jsonDocuments(chunks: Chunks, name: string): AsyncGenerator<DocumentInput> {
  for await (const { value, line } of jsonLines(chunks, name)) {
    const document = documentOf(value, name, line)
    if (typeof document.id !== 'string') fail(name, line, 'id (or _id) is missing')
    yield document as DocumentInput
  }
}

/**
 * A document as a line of such a file gives it; its members keep their types, which `add` checks.
 * @throws MaxsiftError `INVALID_ARGUMENT` where it is no object, or has no text.
 */
export function documentOf(value: unknown, name: string, line: number): Omit<DocumentInput, 'id'> & { id?: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(name, line, 'this is not an object')
  const given = value as Record<string, unknown>
  // A missing `constructor` is missing, and null is as good as missing.
  const get = (...keys: string[]): unknown =>
    keys
      .map((key) => (Object.hasOwn(given, key) ? given[key] : undefined))
      .find((found) => found !== undefined && found !== null)
  const id = get('id', '_id')
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') fail(name, line, 'id must be a string')
  const text = get('text')
  const passages = get('passages') as DocumentInput['passages']
  if (text === undefined && !Array.isArray(passages)) fail(name, line, 'text is missing')
  if (text !== undefined && typeof text !== 'string') fail(name, line, 'text must be a string')
  const title = get('title')
  if (title !== undefined && typeof title !== 'string') fail(name, line, 'title must be a string')
  return {
    id: id === undefined ? undefined : String(id),
    text,
    passages,
    title: title || undefined,
    url: get('url') as string | undefined,
    meta: get('meta', 'metadata') as DocumentInput['meta'],
  }
}

function fail(name: string, line: number, what: string): never {
  throw new MaxsiftError('INVALID_ARGUMENT', `${name}, line ${line}: ${what}.`, { detail: { file: name, line } })
}

/** Only a line feed ends a line: JSON may hold U+2028 as it is, which readers of text files take for one. */
export async function* lines(chunks: Chunks): AsyncGenerator<string> {
  let parts: string[] = []
  let first = true
  for await (const given of chunks) {
    const chunk = first && given.startsWith('\ufeff') ? given.slice(1) : given
    if (given !== '') first = false
    let from = 0
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      parts.push(chunk.slice(from, end))
      yield parts.join('')
      parts = []
      from = end + 1
    }
    if (from < chunk.length) parts.push(chunk.slice(from))
  }
  if (parts.length > 0) yield parts.join('')
}
