/** Reads the text of PDFs, with pdf.js, which is loaded with the first one. */
import type { PassageInput } from 'maxsift'
import type { PDFDocumentLoadingTask, PDFDocumentProxy } from 'pdfjs-dist'
import type { TextItem } from 'pdfjs-dist/types/src/display/api'
import { CMapReader } from './cmaps.ts'
import { PdfError } from './error.ts'
import { linesOf, type PageLines } from './lines.ts'
import { withoutMargins } from './margins.ts'
import { inReadingOrder } from './order.ts'
import { pageText } from './paragraphs.ts'
import { wordsOf } from './words.ts'
import { giveBack, takeThread } from './worker.ts'

export { PdfError, type PdfErrorCode } from './error.ts'

export interface PdfContent {
  title?: string
  /** One for each page that has text: `{ text, heading: 'Page 3', anchor: 'page=3' }`. */
  passages: PassageInput[]
  pages: number
  /** Numbers of pages without text, such as scanned ones: 1 for the first. */
  textless: number[]
  /** Numbers of pages that are damaged; pages after them may be lost as well. */
  unreadable: number[]
}

export interface ReadPdfOptions {
  signal?: AbortSignal
  /** Pages read, and pages in all. */
  onProgress?: (read: number, pages: number) => void
}

/** A page that takes longer than this keeps its worker busy for good. */
const PATIENCE_MS = 60_000

/** pdf.js counts the pages of all open documents in one place, so that only one may be open at a time. */
let turn: Promise<unknown> = Promise.resolve()

/**
 * The text of a PDF in reading order, page by page: words that a line end parts are whole, headers and footers that
 * repeat are there once. Text in forms and notes is not read. Documents are read one at a time; nothing is fetched but
 * pdf.js itself and, for a document that names one, a character map, all from this site.
 * @param source Left as it is.
 * @throws PdfError; the signal's reason, at once, also in the middle of a page.
 */
export function readPdf(source: Blob | Uint8Array, options: ReadPdfOptions = {}): Promise<PdfContent> {
  const reading = turn.then(() => readNow(source, options))
  turn = reading.catch(() => {})
  const { signal } = options
  if (!signal) return reading
  return new Promise((resolve, reject) => {
    // Whoever waits for a turn is told of the abort now.
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort)
    reading.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

async function readNow(source: Blob | Uint8Array, { signal, onProgress }: ReadPdfOptions): Promise<PdfContent> {
  signal?.throwIfAborted()
  // A copy: pdf.js takes the bytes away from who gives them.
  const data = source instanceof Blob ? new Uint8Array(await source.arrayBuffer()) : source.slice()
  const header = hasHeader(data)
  const pdfjs = await import('pdfjs-dist').catch((cause) => {
    throw new PdfError('PDF_READER_FAILED', cause)
  })
  signal?.throwIfAborted()
  const thread = takeThread(pdfjs)
  const task = pdfjs.getDocument({
    data,
    worker: thread.worker,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
    isEvalSupported: false,
    useWasm: false,
    useWorkerFetch: false,
    // Otherwise the fonts that every reader knows would be asked for, and only their names matter here.
    useSystemFonts: true,
    disableFontFace: true,
    CMapReaderFactory: CMapReader,
  })
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  let read: Read
  try {
    read = await Promise.race([readAll(task, onProgress), aborted, thread.failed])
    giveBack(thread)
  } catch (error) {
    // Not waited for: a worker that is busy for good would not answer.
    task.destroy().catch(() => {})
    thread.end()
    signal?.throwIfAborted()
    throw error instanceof PdfError ? error : named(error as Error, header)
  }
  return content(read)
}

/** What pdf.js says about a document. */
interface Read {
  pages: PageLines[]
  unreadable: number[]
  title?: string
}

async function readAll(task: PDFDocumentLoadingTask, onProgress: ReadPdfOptions['onProgress']): Promise<Read> {
  const document = await soon(task.promise)
  const { numPages } = document
  const pages: PageLines[] = []
  const unreadable: number[] = []
  for (let number = 1; number <= numPages; number++) {
    onProgress?.(number - 1, numPages)
    const page = await soon(readPage(document, number).catch(() => null))
    if (page === null) unreadable.push(number)
    pages.push(page ?? { lines: [], rtl: false })
  }
  onProgress?.(numPages, numPages)
  const title = await soon(titleOf(document))
  await soon(task.destroy())
  return { pages, unreadable, title }
}

async function readPage(document: PDFDocumentProxy, number: number): Promise<PageLines> {
  const page = await document.getPage(number)
  const { items, styles } = await page.getTextContent()
  page.cleanup()
  // All are text: marked content was not asked for.
  return linesOf(items as TextItem[], styles)
}

function content({ pages, unreadable, title }: Read): PdfContent {
  if (pages.length === 0) throw new PdfError('PDF_NO_PAGES')
  const lines = withoutMargins(pages).map(inReadingOrder)
  const words = wordsOf(lines)
  const passages: PassageInput[] = []
  const textless: number[] = []
  lines.forEach((page, i) => {
    const number = i + 1
    const text = pageText(page, words)
    if (text !== '') passages.push({ text, heading: `Page ${number}`, anchor: `page=${number}` })
    else if (!unreadable.includes(number)) textless.push(number)
  })
  if (passages.length === 0) throw new PdfError(unreadable.length > 0 ? 'PDF_DAMAGED' : 'PDF_NO_TEXT')
  return { ...(title && { title }), passages, pages: pages.length, textless, unreadable }
}

/** The title that the document gives itself, but for those that programs make up. */
async function titleOf(document: PDFDocumentProxy): Promise<string | undefined> {
  const metadata = await document.getMetadata().catch(() => null)
  const { Title } = (metadata?.info ?? {}) as { Title?: unknown }
  const given = typeof Title === 'string' ? Title : ''
  const title = given.replace(/^Microsoft (?:Word|PowerPoint|Excel) - /, '').trim()
  return /^(?:untitled|\(anonymous\)|document\d*|)$/i.test(title) ? undefined : title
}

/** @throws PdfError `PDF_DAMAGED` where the worker does not answer. */
async function soon<Result>(work: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PdfError('PDF_DAMAGED')), PATIENCE_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Readers accept a header that comes a little late. */
function hasHeader(data: Uint8Array): boolean {
  return new TextDecoder('latin1').decode(data.subarray(0, 1_024)).includes('%PDF-')
}

/** The classes of pdf.js do not survive its worker, but their names do. */
function named(error: Error, header: boolean): PdfError {
  if (!header) return new PdfError('PDF_INVALID', error)
  const encrypted = error.name === 'PasswordException' || /encrypt/i.test(error.message)
  return new PdfError(encrypted ? 'PDF_ENCRYPTED' : 'PDF_DAMAGED', error)
}
