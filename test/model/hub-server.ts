/** A server that behaves as Hugging Face's hub does: large files lie on another server, at addresses that expire. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { vi } from 'vitest'

export type RepositoryFiles = ReadonlyMap<string, Uint8Array>

/** What is wrong with one answer to a file. */
export type Fault =
  /** The connection ends after so many bytes. */
  | { cut: number }
  /** Says nothing any more after so many bytes. */
  | { stall: number }
  | { status: number }
  /** These bytes instead, said to be of the length that they have. */
  | { other: Uint8Array }

export const commitOf = (n: number) => createHash('sha1').update(`commit ${n}`).digest('hex')
export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export class HubServer {
  readonly name = 'owner/small'
  /** Commits, in order; the last one is `main`. */
  readonly commits: RepositoryFiles[]
  /** Whether it describes its repositories, answers ranges, says ETags, lets other origins read. */
  api = true
  ranges = true
  etags = true
  cors = true
  /** For the next answers to a file, by path; in turn. */
  readonly faults = new Map<string, Fault[]>()
  /** Path and range of each request. */
  readonly asked: string[] = []
  readonly #servers: Server[] = []
  #signed = new Map<string, { bytes: Uint8Array; path: string }>()
  #signatures = 0
  address = ''
  /** Where large files lie. */
  store = ''

  constructor(...commits: RepositoryFiles[]) {
    this.commits = commits
  }

  static async start(...commits: RepositoryFiles[]): Promise<HubServer> {
    const hub = new HubServer(...commits)
    hub.address = await hub.#listen((request, response) => hub.#answer(request, response))
    hub.store = await hub.#listen((request, response) => hub.#answerSigned(request, response))
    return hub
  }

  async #listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer((request, response) => {
      if (this.cors) response.setHeader('access-control-allow-origin', '*')
      if (this.cors)
        response.setHeader('access-control-expose-headers', 'X-Repo-Commit, ETag, X-Linked-Etag, Content-Range')
      // As at the real one, no header of a request is permitted beyond those that need no permission.
      if (request.method === 'OPTIONS') response.writeHead(403).end()
      else answer(request, response)
    })
    this.#servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  stop(): void {
    for (const server of this.#servers) {
      server.closeAllConnections()
      server.close()
    }
  }

  /** Requests for a file. */
  askedFor(path: string): string[] {
    return this.asked.filter((each) => each.split(' ')[0].endsWith(`/${path}`))
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { range = '' } = request.headers
    this.asked.push(`${request.url} ${range}`.trim())
    const { pathname } = new URL(request.url!, this.address)
    const [, described] = /^\/api\/models\/owner\/small\/revision\/(.+)$/.exec(pathname) ?? []
    const [, resolved, path] = /^\/owner\/small\/resolve\/([^/]+)\/(.+)$/.exec(pathname) ?? []
    const number = this.#commit(decodeURIComponent(described ?? resolved ?? ''))
    if (pathname.startsWith('/api/') && !this.api) return void response.writeHead(404).end()
    // The real one does not say whether what is not public is there.
    if (!described && !resolved) return void response.writeHead(401, { 'x-error-code': 'RepoNotFound' }).end()
    if (number < 0) return void response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end()
    response.setHeader('x-repo-commit', commitOf(number))
    const files = this.commits[number]
    if (described) {
      const siblings = [...files].map(([rfilename, bytes]) => ({
        rfilename,
        size: bytes.length,
        ...(isLarge(rfilename) && { lfs: { sha256: sha256Of(bytes), size: bytes.length, pointerSize: 134 } }),
      }))
      response.setHeader('content-type', 'application/json')
      return void response.end(JSON.stringify({ id: this.name, sha: commitOf(number), siblings }))
    }
    const bytes = files.get(decodeURIComponent(path))
    if (!bytes) return void response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end()
    if (!isLarge(path)) {
      const tag = createHash('sha1').update(bytes).digest('hex')
      return void this.#send(request, response, path, bytes, tag)
    }
    const signature = String(++this.#signatures)
    this.#signed.set(signature, { bytes, path })
    const location = `${this.store}/blob?signature=${signature}`
    response.writeHead(302, { location, 'x-linked-etag': `"${sha256Of(bytes)}"`, 'x-linked-size': bytes.length }).end()
  }

  #answerSigned(request: IncomingMessage, response: ServerResponse): void {
    const signature = new URL(request.url!, this.store).searchParams.get('signature') ?? ''
    const file = this.#signed.get(signature)
    this.#signed.delete(signature)
    if (!file) return void response.writeHead(403, 'Expired').end()
    this.#send(request, response, file.path, file.bytes, sha256Of(file.bytes))
  }

  #send(request: IncomingMessage, response: ServerResponse, path: string, right: Uint8Array, tag: string): void {
    // The headers of weights are read by requests of their own, which are not what tests break.
    const { range = '', 'if-range': condition } = request.headers
    const isHeader = isLarge(path) && range.startsWith('bytes=0-')
    const fault = isHeader ? undefined : this.faults.get(path)?.shift()
    if (fault && 'status' in fault) return void response.writeHead(fault.status).end()
    const bytes = fault && 'other' in fault ? fault.other : right
    const etag = `"${tag}"`
    if (this.etags) response.setHeader('etag', etag)
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? []
    const isPart = this.ranges && from !== undefined && (condition === undefined || condition === etag)
    const start = isPart ? Number(from) : 0
    const end = isPart && to ? Math.min(Number(to) + 1, bytes.length) : bytes.length
    if (start > 0 && start >= bytes.length) return void response.writeHead(416).end()
    if (isPart) response.setHeader('content-range', `bytes ${start}-${end - 1}/${bytes.length}`)
    response.writeHead(isPart ? 206 : 200, { 'content-length': end - start })
    const part = Buffer.from(bytes.subarray(start, end))
    // What was sent must have been read: a body that breaks off loses what was not.
    const destroy = () => void setTimeout(() => response.destroy(), 200)
    if (fault && 'cut' in fault) response.write(part.subarray(0, fault.cut), destroy)
    else if (fault && 'stall' in fault) response.write(part.subarray(0, fault.stall))
    else response.end(part)
  }

  #commit(revision: string): number {
    if (revision === 'main') return this.commits.length - 1
    return this.commits.findIndex((_, n) => commitOf(n) === revision)
  }
}

/** Pauses are a hundredth as long, until `vi.unstubAllGlobals()`; patience a tenth: a busy machine answers late. */
export function hurry(): void {
  const { setTimeout: original } = globalThis
  vi.stubGlobal('setTimeout', (task: () => void, ms: number, ...rest: []) =>
    original(task, ms / (ms < 10_000 ? 100 : 10), ...rest),
  )
}

const isLarge = (path: string) => path.endsWith('.safetensors')
