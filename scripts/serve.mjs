/** A static file server for the demo and for tests: ranges, validators, the strict policy, nothing outside its roots. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, resolve, sep } from 'node:path'

/** What the package promises to work under; styles are the page's own. */
export const STRICT_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl; charset=utf-8',
  '.map': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}

/** A part of an index is named by its checksum. */
const BLOB = /[/\\]blobs[/\\][0-9a-f]{32}\.(json|bin)$/

/**
 * @param {object} options
 * @param {Record<string, string>} options.folders folder by URL prefix, each prefix with a slash at both ends
 * @param {Record<string, string>} [options.texts] bodies of single addresses; they win over folders
 * @param {number} [options.port] 0 takes any free one
 * @param {Record<string, string>} [options.headers] in place of the strict policy
 * @returns {Promise<{ address: string, requests: string[], close(): Promise<void> }>}
 */
export async function serve({ folders, texts = {}, port = 0, headers = { 'Content-Security-Policy': STRICT_POLICY } }) {
  const requests = []
  const server = createServer(async (request, response) => {
    requests.push(request.url)
    for (const [name, value] of Object.entries({ ...headers, 'X-Content-Type-Options': 'nosniff' }))
      response.setHeader(name, value)
    try {
      await answer(request, response, folders, texts)
    } catch {
      end(response, 500, 'Internal error')
    }
  })
  await new Promise((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done))
  return {
    address: `http://localhost:${server.address().port}/`,
    requests,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}

async function answer(request, response, folders, texts) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return end(response, 405, 'Only GET and HEAD')
  }
  const path = decoded(request.url)
  if (path === null) return end(response, 400, 'Bad address')
  if (Object.hasOwn(texts, path)) {
    response.setHeader('Content-Type', TYPES[extname(path)] ?? TYPES['.txt'])
    response.setHeader('Cache-Control', 'no-cache')
    return end(response, 200, texts[path], request.method)
  }
  const prefix = Object.keys(folders)
    .sort((a, b) => b.length - a.length)
    .find((prefix) => path.startsWith(prefix))
  const root = prefix === undefined ? null : resolve(folders[prefix])
  const file = root === null ? null : resolve(join(root, path.slice(prefix.length)))
  if (file === null || (file !== root && !file.startsWith(root.endsWith(sep) ? root : root + sep)))
    return end(response, 404, 'Not found')
  const info = await stat(file).catch(() => null)
  if (info?.isDirectory()) {
    if (path.endsWith('/')) return sendFile(request, response, join(file, 'index.html'))
    response.setHeader('Location', `${path}/`)
    return end(response, 301, 'Moved')
  }
  return sendFile(request, response, file)
}

/** The path of a request as text, or null when it is none that a file could have. */
function decoded(url) {
  try {
    const path = decodeURIComponent(url.split(/[?#]/)[0])
    return path.startsWith('/') && !path.includes('\0') && !path.includes('\\') ? path : null
  } catch {
    return null
  }
}

async function sendFile(request, response, file) {
  const info = await stat(file).catch(() => null)
  if (!info?.isFile()) return end(response, 404, 'Not found')
  const tag = `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`
  response.setHeader('Content-Type', TYPES[extname(file).toLowerCase()] ?? 'application/octet-stream')
  response.setHeader('Accept-Ranges', 'bytes')
  response.setHeader('Cache-Control', BLOB.test(file) ? 'max-age=31536000, immutable' : 'no-cache')
  response.setHeader('ETag', tag)
  if (request.headers['if-none-match'] === tag) return response.writeHead(304).end()
  const range = wanted(request.headers.range, info.size)
  if (range === null) {
    response.setHeader('Content-Range', `bytes */${info.size}`)
    return end(response, 416, 'Range beyond the file')
  }
  const { start, end: last, partial } = range
  if (partial) response.setHeader('Content-Range', `bytes ${start}-${last}/${info.size}`)
  response.writeHead(partial ? 206 : 200, { 'Content-Length': last - start + 1 })
  if (request.method === 'HEAD' || info.size === 0) return response.end()
  createReadStream(file, { start, end: last })
    .on('error', () => response.destroy())
    .pipe(response)
}

/** The bytes asked for, the whole file where the header names none or several, null where there are none such. */
function wanted(header, size) {
  const whole = { start: 0, end: size - 1, partial: false }
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return whole
  const [first, last] = [match[1], match[2]].map((digits) => (digits === '' ? null : Number(digits)))
  const start = first ?? Math.max(0, size - last)
  const end = first === null || last === null ? size - 1 : Math.min(last, size - 1)
  return start > end || start >= size ? null : { start, end, partial: true }
}

function end(response, status, text, method = 'GET') {
  if (response.headersSent) return response.destroy()
  const body = Buffer.from(text)
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', TYPES['.txt'])
  response.writeHead(status, { 'Content-Length': body.length })
  return response.end(method === 'HEAD' ? undefined : body)
}
