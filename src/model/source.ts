import { MaxsiftError } from '../errors.ts'

/** The files of a checkpoint, wherever they are: a URL, a folder, dropped files, a map of URLs. */
export interface FileSource {
  /** For messages and as the default model name. */
  readonly name: string
  /**
   * Opens a file as a stream of bytes, or gives null where the source does not have it.
   * @throws MaxsiftError `MODEL_FETCH_FAILED` when the source cannot be read; `AbortError` on abort.
   */
  open(path: string, signal?: AbortSignal): Promise<OpenFile | null>
}

export interface OpenFile {
  /** Bytes in the whole file; null where the server does not say. */
  size: number | null
  body: ReadableStream<Uint8Array>
}

/** Files below a base address, such as `/models/colbert/`; relative addresses resolve against the document. */
export function urlSource(base: string | URL): FileSource {
  const folder = resolveUrl(base)
  if (!folder.pathname.endsWith('/')) folder.pathname += '/'
  return {
    name: lastSegment(folder.pathname) || folder.host,
    open: (path, signal) => {
      const url = new URL(path.split('/').map(encodeURIComponent).join('/'), folder)
      // What authorises the base (`?token=…`) also authorises what lies below it.
      url.search = folder.search
      return fetchFile(url, signal)
    },
  }
}

/** Files at addresses of their own: `{ 'config.json': 'https://…', 'model.safetensors': '…' }`. */
export function urlMapSource(files: Readonly<Record<string, string | URL>>, name = 'model'): FileSource {
  const urls = new Map(Object.entries(files).map(([path, url]) => [path, resolveUrl(url)]))
  return {
    name,
    open: async (path, signal) => {
      const url = urls.get(path)
      return url ? fetchFile(url, signal) : null
    },
  }
}

/**
 * Files that a person chose or dropped. A chosen folder puts its own name first in `webkitRelativePath`; it is taken off.
 * @throws MaxsiftError `INVALID_ARGUMENT` without files
 */
export function blobSource(files: Iterable<File>, name?: string): FileSource {
  const byPath = new Map<string, File>()
  let folder: string | undefined
  for (const file of files) {
    const [first, ...rest] = (file.webkitRelativePath || '').split('/')
    byPath.set(rest.length > 0 ? rest.join('/') : file.name, file)
    if (rest.length > 0) folder = first
  }
  if (byPath.size === 0) throw new MaxsiftError('INVALID_ARGUMENT', 'model: no files were given')
  return {
    name: name ?? folder ?? 'files',
    open: async (path, signal) => {
      signal?.throwIfAborted()
      const file = byPath.get(path)
      return file ? { size: file.size, body: file.stream() } : null
    },
  }
}

function resolveUrl(url: string | URL): URL {
  const base = typeof document === 'undefined' ? globalThis.location?.href : document.baseURI
  try {
    return new URL(url, base)
  } catch (cause) {
    throw new MaxsiftError('INVALID_ARGUMENT', `model: ${url} is not an address`, { cause })
  }
}

const lastSegment = (path: string) => path.split('/').filter(Boolean).at(-1)

async function fetchFile(url: URL, signal?: AbortSignal): Promise<OpenFile | null> {
  signal?.throwIfAborted()
  let response: Response
  try {
    response = await fetch(url, { signal })
  } catch (cause) {
    signal?.throwIfAborted()
    throw new MaxsiftError('MODEL_FETCH_FAILED', `${url} could not be fetched`, { cause })
  }
  if (response.status === 404 || response.status === 410 || isFallbackPage(response)) {
    await response.body?.cancel()
    return null
  }
  if (!response.ok) {
    await response.body?.cancel()
    throw new MaxsiftError('MODEL_FETCH_FAILED', `${url} answered ${response.status} ${response.statusText}`.trim(), {
      detail: { status: response.status, url: String(url) },
    })
  }
  return { size: sizeOf(response), body: guarded(response.body ?? new Blob([]).stream(), url, signal) }
}

/** A server of a single-page application answers its HTML page, with status 200, for files it does not have. */
const isFallbackPage = (response: Response) => response.headers.get('content-type')?.startsWith('text/html') ?? false

function sizeOf(response: Response): number | null {
  // With an encoding the length is that of the compressed bytes, and other origins hide that there is one.
  if (response.headers.has('content-encoding') || response.type === 'cors') return null
  const length = response.headers.get('content-length')
  return length !== null && /^\d+$/.test(length) ? Number(length) : null
}

/** A connection that breaks in the middle is a failed fetch too, not a damaged model. */
function guarded(body: ReadableStream<Uint8Array>, url: URL, signal?: AbortSignal): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (cause) {
          signal?.throwIfAborted()
          throw new MaxsiftError('MODEL_FETCH_FAILED', `${url} broke off while it was read`, { cause })
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
