/** Fetching of files that may be large, over connections that may break. */
import { MaxsiftError, type MaxsiftErrorOptions } from '../errors.ts'
import type { Parts } from './parts.ts'
import type { OpenFile } from './source.ts'

/** Times that a broken download is taken up again without a MiB of progress. */
const TRIES = 5
/** Milliseconds before the first of them; each waits twice as long as the one before. */
const PAUSE_MS = 250
/** Milliseconds without an answer, or a byte of one, after which a connection counts as broken. */
const PATIENCE_MS = 30_000
const PROGRESS_BYTES = 1 << 20

export interface FetchedFile extends OpenFile {
  /** Of the answer. */
  headers: Headers
}

export interface Wanted {
  /** Only so many bytes from the start; a server that knows no ranges gives the whole. */
  start?: number
  /** Bytes of the whole file, where somebody else than the server has said so. */
  size?: number
  /** What is kept of the file: only the rest is fetched where it is still the same. */
  begun?: Parts
}

/**
 * Opens an address; null where there is nothing. A connection that breaks is taken up where it ended, a bounded number
 * of times: the address itself is asked again (what it redirected to may have expired), for the rest by `Range` where
 * `ETag` tells that it is the same file; else from the start, and what was read before must come again. What an earlier
 * visit kept (`wanted.begun`) comes first in the same way, or not at all where the file is another by now.
 * @throws MaxsiftError `MODEL_FETCH_FAILED`; `AbortError`
 */
export async function fetchFile(url: URL, signal?: AbortSignal, wanted: Wanted = {}): Promise<FetchedFile | null> {
  const { start } = wanted
  const begun = start === undefined ? wanted.begun : undefined
  const ask = (range?: string) =>
    request(url, range ? { range: `bytes=${range}` } : {}, signal).catch((cause) => {
      signal?.throwIfAborted()
      throw failed(`${url} could not be fetched`, { cause })
    })
  let first = await ask(begun ? `${begun.bytes}-` : start === undefined ? undefined : `0-${start - 1}`)
  if (begun && continues(first, begun.bytes, begun.validator)) {
    const body = begun.open(resumable(url, first, begun.size, '', signal, begun.bytes))
    return { size: begun.size, body, headers: first.headers, validator: begun.validator }
  }
  if (begun && first.status !== 200) {
    await first.body?.cancel()
    first = await ask()
  }
  if (first.status === 404 || first.status === 410 || isFallbackPage(first)) {
    await first.body?.cancel()
    return null
  }
  if (!first.ok) {
    await first.body?.cancel()
    throw refused(url, first)
  }
  const isPart = first.status === 206
  const size = wanted.size ?? (isPart ? rangeOf(first).total : sizeOf(first))
  const body = isPart
    ? resumable(url, first, Math.min(start!, size ?? start!), start! - 1, signal)
    : resumable(url, first, size, '', signal)
  return { size, body, headers: first.headers, validator: validatorOf(first) }
}

/**
 * A body that outlives its connections.
 * @param end Bytes that it has; null where nobody knows.
 * @param last Of the range to ask for; '' for the whole.
 * @param at Bytes before the first that `first` has.
 */
function resumable(url: URL, first: Response, end: number | null, last: number | '', signal?: AbortSignal, at = 0) {
  const validator = validatorOf(first)
  // What no validator identifies is known by its bytes.
  let seen = validator === undefined ? new Checksum() : null
  let reader = readerOf(first)
  let rest: Uint8Array | undefined
  let tries = 0
  let progress = at

  const read = async (): Promise<Uint8Array | undefined> => {
    const given = rest
    rest = undefined
    return given ?? (await patiently(reader.read())).value
  }

  /** Reads again what was read before, and must be the same. */
  const skip = async () => {
    const again = seen && new Checksum()
    for (let left = at; left > 0; ) {
      const chunk = await read()
      if (!chunk) throw new Error(`${url} ended after ${at - left} bytes`)
      const known = chunk.subarray(0, left)
      again?.update(known)
      left -= known.length
      if (known.length < chunk.length) rest = chunk.subarray(known.length)
    }
    if (again?.value !== seen?.value) throw changed(url)
    seen = again
  }

  const takeUp = async () => {
    const headers: Record<string, string> = {}
    if (validator !== undefined && at > 0) {
      headers.range = `bytes=${at}-${last}`
      // Another origin would have to permit this one; its answer tells by its own ETag.
      if (first.type !== 'cors') headers['if-range'] = validator
    }
    const response = await request(url, headers, signal)
    reader = readerOf(response)
    if (!response.ok) {
      const error = refused(url, response)
      throw response.status < 500 && response.status !== 429 ? error : error.message
    }
    if (response.status !== 206 && validatorOf(response) === validator) await skip()
    else if (!continues(response, at, validator)) throw changed(url)
  }

  const resume = async (broken: unknown) => {
    if (at - progress >= PROGRESS_BYTES) {
      tries = 0
      progress = at
    }
    for (let cause = broken; ; ) {
      void reader.cancel().catch(() => {})
      rest = undefined
      if (tries === TRIES) throw failed(`${url} broke off while it was read`, { cause, detail: { loaded: at } })
      await pause(PAUSE_MS * 2 ** tries++, signal)
      try {
        return await takeUp()
      } catch (error) {
        signal?.throwIfAborted()
        if (error instanceof MaxsiftError) throw error
        cause = error
      }
    }
  }

  const next = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      try {
        const chunk = await read()
        if (chunk || end === null || at === end) return chunk
        throw new Error(`${url} ended after ${at} of ${end} bytes`)
      } catch (cause) {
        signal?.throwIfAborted()
        await resume(cause)
      }
    }
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await next()
        if (!chunk) return controller.close()
        at += chunk.length
        if (end !== null && at > end) {
          void reader.cancel().catch(() => {})
          throw failed(`${url} goes on after the ${end} bytes that it should have`)
        }
        seen?.update(chunk)
        controller.enqueue(chunk)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** Tells whether bytes come again; it is no guard against somebody who means to deceive. */
class Checksum {
  // FNV-1a and a polynomial: what one does not see the other does.
  #one = 0x811c9dc5
  #other = 0

  update(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      this.#one = Math.imul(this.#one ^ bytes[i], 0x01000193)
      this.#other = (Math.imul(this.#other, 31) + bytes[i]) | 0
    }
  }

  get value(): string {
    return `${this.#one} ${this.#other}`
  }
}

const request = (url: URL, headers: Record<string, string>, signal?: AbortSignal) =>
  patiently(fetch(url, { headers, signal }), (late) => late.body?.cancel())

const readerOf = ({ body }: Response) => (body ?? new Blob([]).stream()).getReader()

/** What tells that bytes are of the same file: a strong ETag. One of compressed bytes says nothing of those inside. */
function validatorOf({ headers }: Response): string | undefined {
  const etag = headers.get('etag')
  return etag === null || etag.startsWith('W/') || headers.has('content-encoding') ? undefined : etag
}

/** Whether an answer has the rest of the same file. */
const continues = (response: Response, at: number, validator: string | undefined) =>
  response.status === 206 && validatorOf(response) === validator && (rangeOf(response).from ?? at) === at

/** A server of a single-page application answers its HTML page, with status 200, for files it does not have. */
const isFallbackPage = ({ headers }: Response) => headers.get('content-type')?.startsWith('text/html') ?? false

function sizeOf({ headers, type }: Response): number | null {
  // With an encoding the length is that of the compressed bytes, and other origins hide that there is one.
  if (headers.has('content-encoding') || type === 'cors') return null
  const length = headers.get('content-length')
  return length !== null && /^\d+$/.test(length) ? Number(length) : null
}

/** What an answer to a range says of itself, where other origins do not hide it. */
function rangeOf({ headers }: Response): { from: number | null; total: number | null } {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? []
  return { from: from ? Number(from) : null, total: total ? Number(total) : null }
}

const failed = (message: string, options?: MaxsiftErrorOptions) =>
  new MaxsiftError('MODEL_FETCH_FAILED', message, options)

const changed = (url: URL) =>
  failed(`${url} changed while it was read`, { remedy: 'Try again: the file is read from its start.' })

const refused = (url: URL, { status, statusText }: Response) =>
  failed(`${url} answered ${status} ${statusText}`.trim(), { detail: { status, url: String(url) } })

/** Waits, but not for ever. @param late Gets what comes after all. */
async function patiently<Value>(promise: Promise<Value>, late?: (value: Value) => unknown): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing came for ${PATIENCE_MS / 1000} seconds`))
      if (late) promise.then(late).catch(() => {})
    }, PATIENCE_MS)
  })
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer))
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, milliseconds)
    signal?.addEventListener('abort', abort, { once: true })
  })
}
