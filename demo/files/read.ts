import type { DocumentInput } from 'maxsift'
import { type Format, formatOf, KNOWN_ENDINGS, parseFile } from '../../src/formats/format.ts'
import { jsonDocuments } from '../../src/formats/jsonl.ts'
import { decodeText } from '../../src/formats/text.ts'
import { list } from '../ui/words.ts'
import { type GivenFile, whyNot } from './given.ts'
import { parts } from './parts.ts'

type Kind = Format | 'pdf'

/** The endings that can be read, for pickers and messages. */
export const ENDINGS = [...KNOWN_ENDINGS, '.pdf']

/** Most bytes of a file that has to be read whole. Lines of JSON are read one by one, however many. */
const MOST_BYTES: Readonly<Record<Kind, number>> = {
  markdown: 20e6,
  html: 20e6,
  text: 20e6,
  pdf: 200e6,
  jsonl: Number.POSITIVE_INFINITY,
}

export function kindOf(path: string): Kind | null {
  return path.toLowerCase().endsWith('.pdf') ? 'pdf' : formatOf(path)
}

export interface ReadOptions {
  signal: AbortSignal
  /** Told why the file, or the rest of it, gives no document. */
  problem(why: string): void
  /** Told how many bytes of the file the documents so far stand for. */
  onBytes(bytes: number): void
}

/**
 * The documents of a file: one, or several of a long one, or one a line. What cannot be read is told, not thrown.
 * A document's id is the path of its file; `meta` says which file and folders it comes from, for filters.
 */
export async function* readFile(given: GivenFile, options: ReadOptions): AsyncGenerator<DocumentInput> {
  const { path, file } = given
  const { signal, problem, onBytes } = options
  const kind = kindOf(path)
  if (kind === null) return problem(`a kind of file that cannot be read here (${ending(path)})`)
  if (file.size > MOST_BYTES[kind]) return problem(`too large: more than ${MOST_BYTES[kind] / 1e6} MB`)
  if (file.size === 0) return problem('empty')
  const place = { file: path, folders: foldersOf(path) }
  try {
    if (kind === 'jsonl') {
      for await (const document of jsonDocuments(chunks(file, onBytes), path)) {
        const { id, meta = {} } = document
        // What is no object stays as it is: the index says what is wrong with it.
        const isObject = typeof meta === 'object' && meta !== null && !Array.isArray(meta)
        yield { ...document, id: `${path}#${id}`, meta: isObject ? { ...meta, ...place } : meta }
      }
      return
    }
    const content = await (kind === 'pdf' ? pdfOf(file, options) : proseOf(kind, file))
    onBytes(file.size)
    if (typeof content === 'string') return problem(content)
    const title = content.title ?? path.slice(path.lastIndexOf('/') + 1)
    yield* parts({ ...content, id: path, title, meta: place })
  } catch (error) {
    signal.throwIfAborted()
    problem(reasonOf(error))
  }
}

type Content = Pick<DocumentInput, 'title' | 'text' | 'passages'>

/** What a file holds, or why it holds nothing. */
async function proseOf(kind: Exclude<Format, 'jsonl'>, file: File): Promise<Content | string> {
  const source = decodeText(new Uint8Array(await file.arrayBuffer()))
  if (source === null) return 'not text (UTF-8, or UTF-16 with a byte order mark)'
  const content: Content = await parseFile(kind, source)
  const empty = content.passages ? content.passages.length === 0 : content.text?.trim() === ''
  return empty ? 'no text in it' : content
}

async function pdfOf(file: File, { signal, problem }: ReadOptions): Promise<Content> {
  const { readPdf } = await import('../pdf/pdf.ts')
  const { title, passages, pages, textless, unreadable } = await readPdf(file, { signal })
  if (textless.length > 0) problem(`in part without text, such as scanned: ${pagesOf(textless, pages)}`)
  if (unreadable.length > 0) problem(`in part damaged: ${pagesOf(unreadable, pages)}`)
  return { title, passages }
}

const pagesOf = (numbers: number[], pages: number) =>
  `${numbers.length} of ${pages} pages (${list(numbers.map(String))})`

function reasonOf(error: unknown): string {
  const { name, message, detail, remedy } = error as Error & { detail?: { line?: number }; remedy?: string }
  if (name === 'PdfError') return `${message} ${remedy}`
  if (detail?.line === undefined) return whyNot(error)
  // The message names file and line; what came before it is in.
  const at = `, line ${detail.line}: `
  return `read only up to line ${detail.line}: ${message.slice(message.indexOf(at) + at.length)}`
}

/** The text of a file as it streams in. */
async function* chunks(file: File, onBytes: (bytes: number) => void): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  for await (const chunk of streamed(file.stream())) {
    bytes += chunk.length
    onBytes(bytes)
    yield decode(decoder, chunk)
  }
  yield decode(decoder)
}

function decode(decoder: TextDecoder, chunk?: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: chunk !== undefined })
  } catch {
    throw new DOMException('not UTF-8', 'EncodingError')
  }
}

/** Streams are iterable, but not yet in every browser. */
async function* streamed(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

/** `a/b/c.md` lies in `a` and in `a/b`. */
export function foldersOf(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, i) => names.slice(0, i + 1).join('/'))
}

function ending(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return name.includes('.') ? name.slice(name.lastIndexOf('.')).toLowerCase() : 'without an ending'
}
