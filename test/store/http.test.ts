import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { folderStore } from '../../src/node/folder-store.ts'
import {
  addSegment,
  copyIndex,
  deleteDocuments,
  httpStore,
  memoryStore,
  update,
  withManifest,
} from '../../src/store/index.ts'
import { contents, type Doc, empty, segmentOf, shown } from './helpers.ts'

const A: Doc = { id: 'a', text: 'abc', passages: [4, 5] }
const B: Doc = { id: 'b', text: 'def', passages: [2] }

let server: Server
let folder: string
let base: string
let requests: string[] = []
/** Answers before the files do. */
let intercept: (request: IncomingMessage, response: ServerResponse) => boolean = () => false

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maxsift-http-'))
  server = createServer(async (request, response) => {
    requests.push(`${request.url} ${request.headers['cache-control'] ?? ''}`)
    if (intercept(request, response)) return
    const bytes = await readFile(join(folder, request.url!.replace('/site/', ''))).catch(() => null)
    response.statusCode = bytes ? 200 : 404
    response.end(bytes ?? 'not found')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/site`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

async function add(doc: Doc) {
  return (await update(folderStore(folder), async (current) => {
    const { segment, put } = await segmentOf(current ?? empty(), [doc])
    return { manifest: addSegment(current ?? empty(), segment), put }
  }))!
}

beforeEach(async () => {
  intercept = () => false
  await folderStore(folder).destroy()
  await add(A)
  requests = []
})

test('reads a folder as it is, from a base with or without a slash', async () => {
  for (const address of [base, `${base}/`, new URL(base)]) {
    const store = httpStore(address)
    expect(await contents(store, await store.manifest())).toEqual([shown(A)])
  }
  // What fetch sends for `cache: 'no-cache'`.
  expect(requests[0]).toBe('/site/manifest.json max-age=0')
  expect(requests[1]).toMatch(/^\/site\/blobs\/[0-9a-f]{32}\.json $/)
})

test('is read-only, and closes', async () => {
  const store = httpStore(base)
  const manifest = await store.manifest()
  expect(store.writable).toBe(false)
  await expect(store.commit({ base: 1, manifest: manifest!, put: [] })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  })
  await expect(store.destroy()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await store.close()
  await expect(store.manifest()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(() => httpStore('http://[')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('a missing index, an HTML page instead of it, and a failing server are told apart', async () => {
  await expect(httpStore(`${base}/nowhere`).manifest()).rejects.toMatchObject({ code: 'INVALID_INDEX_FILE' })
  intercept = (_, response) => Boolean(response.end('<!doctype html>'))
  await expect(httpStore(base).manifest()).rejects.toMatchObject({ code: 'INVALID_INDEX_FILE' })
  intercept = (_, response) => {
    response.statusCode = 503
    return Boolean(response.end())
  }
  const lost = {
    code: 'STORE_LOST',
    message: expect.stringContaining('503'),
    remedy: expect.stringContaining('address'),
  }
  await expect(httpStore(base).manifest()).rejects.toMatchObject(lost)
  await expect(httpStore('http://127.0.0.1:1/').manifest()).rejects.toMatchObject({ code: 'STORE_LOST' })
})

test('a connection that breaks in the middle of a blob is STORE_LOST', async () => {
  const store = httpStore(base)
  const manifest = (await store.manifest())!
  intercept = (_, response) => {
    response.setHeader('content-length', 1000)
    response.write('abc')
    setTimeout(() => response.destroy(), 10)
    return true
  }
  await expect(store.read(manifest.segments[0].codes[0])).rejects.toMatchObject({ code: 'STORE_LOST' })
})

test('a broken copy on the way is asked for once more, from the server', async () => {
  const store = httpStore(base)
  const manifest = (await store.manifest())!
  requests = []
  let answers = 0
  intercept = (_, response) => answers++ === 0 && Boolean(response.end('broken'))
  await store.read(manifest.segments[0].codes[0])
  expect(requests.map((line) => line.split(' ')[1])).toEqual(['', 'no-cache'])
})

test('an answer that never ends is cut', async () => {
  const store = httpStore(base)
  const manifest = (await store.manifest())!
  const open = new Set<ServerResponse>()
  intercept = (_, response) => {
    open.add(response)
    const timer = setInterval(() => response.write(new Uint8Array(65_536)), 1)
    response.on('close', () => {
      clearInterval(timer)
      open.delete(response)
    })
    return true
  }
  await expect(store.read(manifest.segments[0].codes[0])).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  await expect.poll(() => open.size).toBe(0)
})

test('after a new deploy a reader goes on with the new manifest, else it names the missing blob', async () => {
  const store = httpStore(base)
  let runs = 0
  const found = await withManifest(store, async (manifest) => {
    if (runs++ === 0) {
      const id = manifest!.segments[0].id
      await add(B)
      await update(folderStore(folder), (current) => ({ manifest: deleteDocuments(current!, id, [0]) }))
    }
    return contents(store, manifest)
  })
  expect(found).toEqual([shown(B)])
  const manifest = (await store.manifest())!
  const gone = manifest.segments[0].codes[0]
  await rm(join(folder, 'blobs', gone.name))
  const read = withManifest(store, (current) => contents(store, current))
  await expect(read).rejects.toMatchObject({ code: 'STORE_CORRUPT', message: expect.stringContaining(gone.name) })
})

test('is copied into a local store, and later only what is new', async () => {
  const local = memoryStore()
  await copyIndex(httpStore(base), local)
  expect(await contents(local, await local.manifest())).toEqual([shown(A)])
  await add(B)
  requests = []
  await copyIndex(httpStore(base), local)
  expect(await contents(local, await local.manifest())).toEqual([A, B].map(shown))
  expect(requests.length).toBe(4)
  requests = []
  await copyIndex(httpStore(base), local)
  expect(requests.length).toBe(1)
})

test('honours a signal, before and in the middle of a download', async () => {
  const store = httpStore(base)
  const aborted = { name: 'AbortError' }
  await expect(store.manifest(AbortSignal.abort())).rejects.toMatchObject(aborted)
  expect(requests).toEqual([])
  const manifest = (await store.manifest())!
  intercept = (_, response) => response.write('abc')
  const controller = new AbortController()
  const read = store.read(manifest.segments[0].codes[0], controller.signal)
  setTimeout(() => controller.abort(), 20)
  await expect(read).rejects.toMatchObject(aborted)
})
