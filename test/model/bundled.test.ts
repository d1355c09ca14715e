import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type BundledFiles, bundledSource } from '../../src/model/bundled.ts'
import { cachedSource } from '../../src/model/cache.ts'
import { readText } from '../../src/model/read.ts'
import { type Bytes, json, pinOf, utf8 } from './files.ts'

const WEIGHTS = utf8('w'.repeat(10_000))
const LIST = 'https://site.test/assets/files-1a2b.json'
const FILE = 'https://site.test/assets/model-3c4d.safetensors'

let served: Map<string, Bytes>
let asked: string[]
let files: BundledFiles
beforeEach(async () => {
  const list = json({ texts: { 'config.json': '{"ä":1}' }, pins: { 'model.safetensors': await pinOf(WEIGHTS) } })
  files = { list: { url: LIST, ...(await pinOf(list)) }, urls: { 'model.safetensors': FILE } }
  served = new Map([
    [LIST, list],
    [FILE, WEIGHTS],
  ])
  asked = []
  vi.stubGlobal('fetch', async ({ href }: URL, { signal }: RequestInit) => {
    signal?.throwIfAborted()
    asked.push(href)
    return served.has(href) ? new Response(served.get(href)) : new Response('no', { status: 404 })
  })
})
afterEach(() => vi.unstubAllGlobals())

const changed = (bytes: Bytes): Bytes => bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte))

it('small files are in the list, which is read once; others have addresses', async () => {
  const source = bundledSource('small', files)
  expect(source.name).toBe('small')
  expect(asked).toEqual([])
  const [text, missing] = await Promise.all([readText(source, 'config.json'), source.open('vocab.txt')])
  expect([text, missing]).toEqual(['{"ä":1}', null])
  for (const path of ['constructor', '__proto__']) expect(await source.open(path)).toBeNull()
  expect((await source.open('config.json'))?.size).toBe(8)
  expect((await source.open('model.safetensors'))?.size).toBe(10_000)
  expect(await readText(source, 'model.safetensors')).toBe('w'.repeat(10_000))
  expect(asked).toEqual([LIST, FILE, FILE])
})

it('a file that is missing on the server is never one that the model does not have', async () => {
  const source = bundledSource('small', files)
  served.delete(FILE)
  const error = { code: 'MODEL_FETCH_FAILED', message: `${FILE} is missing, a file of the model small` }
  await expect(source.open('model.safetensors')).rejects.toMatchObject(error)
  served.delete(LIST)
  await expect(bundledSource('small', files).open('vocab.txt')).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
})

it('a list that could not be read is read again', async () => {
  const source = bundledSource('small', files)
  const list = served.get(LIST)!
  served.set(LIST, changed(list))
  await expect(source.open('config.json')).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' })
  served.delete(LIST)
  await expect(source.open('config.json')).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
  await expect(source.open('config.json', AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  served.set(LIST, list)
  expect(await readText(source, 'config.json')).toBe('{"ä":1}')
})

it('nothing is stored unless it is right', async () => {
  const entries = new Map<string, ArrayBuffer | null>()
  const cache = {
    match: async (url: string) => {
      const bytes = entries.get(url)
      return bytes === undefined ? undefined : new Response(bytes, { status: bytes ? 200 : 404 })
    },
    put: async (url: string, response: Response) => {
      const bytes = await response.arrayBuffer()
      entries.set(url, response.status === 404 ? null : bytes)
    },
  }
  vi.stubGlobal('caches', { open: async () => cache })
  const source = () => cachedSource(bundledSource('small', files), 'key')
  served.set(FILE, changed(WEIGHTS))
  await expect(readText(source(), 'model.safetensors')).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' })
  served.delete(FILE)
  await expect(source().open('model.safetensors')).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
  served.set(LIST, changed(served.get(LIST)!))
  await expect(source().open('config.json')).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' })
  expect(entries.size).toBe(0)
})

it('what is stored needs neither list nor address', async () => {
  const entries = new Map<string, Response>()
  const cache = {
    match: async (url: string) => entries.get(url)?.clone(),
    put: async (url: string, response: Response) => {
      const { status, headers } = response
      const bytes = await response.arrayBuffer()
      entries.set(url, new Response(status === 404 ? null : bytes, { status, headers }))
    },
  }
  vi.stubGlobal('caches', { open: async () => cache })
  const read = async () => {
    const source = cachedSource(bundledSource('small', files), 'key')
    const texts = await Promise.all(
      ['config.json', 'vocab.txt', 'model.safetensors'].map((path) => readText(source, path)),
    )
    await source.settled()
    return texts
  }
  const first = await read()
  asked = []
  served.clear()
  expect(await read()).toEqual(first)
  expect(asked).toEqual([])
})
