import { afterEach, expect, test, vi } from 'vitest'
import { PdfError, readPdf } from '../../demo/pdf/pdf.ts'
import { column, type Run, writePdf } from './pdf-writer.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

const page = (text: string): Run[] => column([text], 72, 700)
const book = (pages: number) => writePdf(Array.from({ length: pages }, (_, i) => page(`This is page ${i + 1}.`)))
const rejection = (reading: Promise<unknown>) =>
  reading.then(
    () => expect.fail('it was read'),
    (error) => error,
  )

/** The code of the error, which is of the right class and says what to do. */
async function codeOf(pdf: Uint8Array): Promise<string> {
  const error = await rejection(readPdf(pdf))
  expect(error).toBeInstanceOf(PdfError)
  expect(error.message).toMatch(/PDF/)
  expect(error.remedy).not.toBe('')
  return error.code
}

/** Ends the worker that an earlier document left, so that the next one starts its own. */
async function endWorker(): Promise<void> {
  await rejection(readPdf(new Uint8Array()))
}

test('each page is a passage with its number; the title comes from the document', async () => {
  const pdf = writePdf([column(['First page.'], 72, 700), column(['Second page,', 'in two lines.'], 72, 700)], {
    info: { Title: 'Ein Bericht über Öl' },
  })
  const copy = pdf.slice()
  const expected = {
    title: 'Ein Bericht über Öl',
    passages: [
      { text: 'First page.', heading: 'Page 1', anchor: 'page=1' },
      { text: 'Second page, in two lines.', heading: 'Page 2', anchor: 'page=2' },
    ],
    pages: 2,
    textless: [],
    unreadable: [],
  }
  expect(await readPdf(pdf)).toEqual(expected)
  expect(pdf).toEqual(copy)
  expect(await readPdf(new Blob([pdf]))).toEqual(expected)
})

test.each([
  ['Microsoft Word - report.docx', 'report.docx'],
  ['  ', undefined],
  ['Untitled', undefined],
])('the title %o is %o', async (Title, expected) => {
  expect((await readPdf(writePdf([page('Text.')], { info: { Title } }))).title).toBe(expected)
})

test('a document that cannot be read says why', async () => {
  const good = book(3)
  const lock = `/ID [<00><00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <${'41'.repeat(32)}> /U <${'42'.repeat(32)}> >>`
  expect(await codeOf(writePdf([page('Secret.')], { trailer: lock }))).toBe('PDF_ENCRYPTED')
  const certificate = '/ID [<00><00>] /Encrypt << /Filter /Adobe.PubSec /V 1 >>'
  expect(await codeOf(writePdf([page('Secret.')], { trailer: certificate }))).toBe('PDF_ENCRYPTED')
  expect(await codeOf(good.slice(0, good.length >> 1))).toBe('PDF_DAMAGED')
  expect(await codeOf(good.slice(0, 20))).toBe('PDF_DAMAGED')
  expect(await codeOf(new TextEncoder().encode('Dear reader, this is a letter.'))).toBe('PDF_INVALID')
  expect(await codeOf(new Uint8Array())).toBe('PDF_INVALID')
  expect(await codeOf(crypto.getRandomValues(new Uint8Array(10_000)))).toBe('PDF_INVALID')
  expect(await codeOf(writePdf([]))).toBe('PDF_NO_PAGES')
  expect(await codeOf(writePdf(['q 612 0 0 792 0 0 cm /picture Do Q', '']))).toBe('PDF_NO_TEXT')
})

test('pages without text are told, and so are pages that lie', async () => {
  const pdf = writePdf([page('One.'), 'q 612 0 0 792 0 0 cm /picture Do Q', page('Three.')], { count: 1_000_000 })
  expect(await readPdf(pdf)).toMatchObject({
    passages: [{ anchor: 'page=1' }, { anchor: 'page=3' }],
    pages: 3,
    textless: [2],
  })
})

test('a page that is damaged is told, and what can be read is read', async () => {
  const text = new TextDecoder('latin1').decode(writePdf([page('One.'), page('Two.'), page('Three.')]))
  const second = /\/Kids \[\d+ 0 R (\d+) 0 R/.exec(text)![1]
  const broken = text.replace(`\n${second} 0 obj\n<< /Type`, `\n${second} 0 obj\n(( /Type`)
  expect(broken).not.toBe(text)
  const { passages, unreadable } = await readPdf(Uint8Array.from(broken, (c) => c.charCodeAt(0)))
  expect(passages.map(({ text }) => text)).toEqual(['One.'])
  expect(unreadable).toEqual([2])
})

test('an abort ends the reading between pages and in the middle of one, and the next document is read', async () => {
  const reason = new Error('enough')
  const abort = new AbortController()
  const read: number[] = []
  const onProgress = (done: number, pages: number) => {
    read.push(done)
    expect(pages).toBe(40)
    if (done === 3) abort.abort(reason)
  }
  expect(await rejection(readPdf(book(40), { signal: abort.signal, onProgress }))).toBe(reason)
  expect(read.length).toBeLessThan(8)
  expect(await rejection(readPdf(book(1), { signal: abort.signal }))).toBe(reason)
  expect((await readPdf(book(2))).passages).toHaveLength(2)
})

test('documents are read one after the other, and one that waits can be given up at once', async () => {
  const abort = new AbortController()
  const reason = new Error('not this one')
  const first = readPdf(book(30))
  const second = rejection(readPdf(book(5), { signal: abort.signal }))
  const third = readPdf(book(1))
  let done = 0
  first.then(() => done++)
  abort.abort(reason)
  expect(await second).toBe(reason)
  expect(done).toBe(0)
  expect((await first).pages).toBe(30)
  expect((await third).passages[0].text).toBe('This is page 1.')
})

test('a reader that cannot be loaded is named, and one that never answers is given up', async () => {
  await endWorker()
  const Real = Worker
  vi.stubGlobal(
    'Worker',
    class extends Real {
      constructor(_: string, options: WorkerOptions) {
        super('/no/such/worker.js', options)
      }
    },
  )
  expect(await codeOf(book(1))).toBe('PDF_READER_FAILED')
  const ended: string[] = []
  vi.stubGlobal(
    'Worker',
    class extends EventTarget {
      postMessage() {}
      terminate() {
        ended.push('silent')
      }
    },
  )
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const reading = codeOf(book(1))
  await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0))
  await vi.advanceTimersByTimeAsync(120_000)
  expect(await reading).toBe('PDF_DAMAGED')
  expect(ended).toEqual(['silent'])
})

test('one worker reads many documents, and ends when no more come', async () => {
  await endWorker()
  const started: string[] = []
  const Real = Worker
  vi.stubGlobal(
    'Worker',
    class extends Real {
      constructor(url: string, options: WorkerOptions) {
        super(url, options)
        started.push('started')
      }
      override terminate() {
        started.push('ended')
        super.terminate()
      }
    },
  )
  for (let i = 0; i < 5; i++) await readPdf(book(1))
  expect(started).toEqual(['started'])
  await vi.waitFor(() => expect(started).toEqual(['started', 'ended']), { timeout: 20_000, interval: 200 })
})
