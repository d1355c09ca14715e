import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { cachedSource } from '../../src/model/cache.ts'
import { webStore } from '../../src/model/cache-api.ts'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { readText } from '../../src/model/read.ts'
import { streamTensors } from '../../src/model/stream.ts'
import { FakeCache } from './fake-cache.ts'
import { bertFiles, memorySource, utf8 } from './files.ts'

let cache: FakeCache

beforeEach(() => {
  cache = new FakeCache()
  vi.stubGlobal('caches', { open: async () => cache })
})
afterEach(() => vi.unstubAllGlobals())

const listed = async () => (await webStore.list()).map(({ key }) => key).sort()

const load = async (source: Parameters<typeof openCheckpoint>[0]) =>
  streamTensors(await openCheckpoint(source), () => {})

describe('the model store', () => {
  it('gives a model again without its source', async () => {
    const memory = memorySource(bertFiles(), { chunk: 1000 })
    const source = cachedSource(memory.source, '/models/a')
    const hashes = await load(source)
    await source.settled()
    const asked = memory.opened.length
    const offline = cachedSource({ name: 'gone', open: () => Promise.reject(new Error('offline')) }, '/models/a')
    expect(await load(offline)).toEqual(hashes)
    expect((await offline.open('model.safetensors'))?.size).toBe(bertFiles().get('model.safetensors')?.length)
    expect(memory.opened.length).toBe(asked)
  })

  it('keeps models apart, lists and removes them', async () => {
    const text = (key: string, content: string) =>
      readText(cachedSource(memorySource(new Map([['a/b c', utf8(content)]])).source, key), 'a/b c')
    await text('one', '1')
    await text('one/two', '12')
    await text('http://x/y?z', '3')
    await vi.waitFor(async () => expect(await listed()).toEqual(['http://x/y?z', 'one', 'one/two']))
    const [first] = await webStore.list()
    expect([first.name, [...first.files]]).toEqual(['test', [['a/b c', { bytes: 1 }]]])
    expect(await text('one', 'new')).toBe('1')
    await webStore.remove('one')
    expect(await listed()).toEqual(['http://x/y?z', 'one/two'])
    expect(await text('one', 'new')).toBe('new')
    for (const key of await listed()) await webStore.remove(key)
    expect(await listed()).toEqual([])
  })

  it('does not keep what was not read to its end', async () => {
    const source = cachedSource(memorySource(bertFiles(), { chunk: 100 }).source, 'k')
    await openCheckpoint(source)
    await source.settled()
    expect([...cache.entries.keys()].some((url) => url.endsWith('model.safetensors'))).toBe(false)
    expect([...cache.entries.keys()].some((url) => url.endsWith('vocab.txt'))).toBe(true)

    const broken = cachedSource(
      {
        name: 'broken',
        open: async () => ({
          size: null,
          body: new ReadableStream({
            start(controller) {
              controller.enqueue(utf8('part'))
              controller.error(new Error('cut'))
            },
          }),
        }),
      },
      'k',
    )
    await expect(readText(broken, 'x')).rejects.toThrow('cut')
    await broken.settled()
    expect([...cache.entries.keys()].some((url) => url.endsWith('/x'))).toBe(false)
  })

  it.each<[string, () => void]>([
    ['is missing', () => vi.stubGlobal('caches', undefined)],
    [
      'may not be used',
      () => vi.stubGlobal('caches', { open: () => Promise.reject(new DOMException('no', 'SecurityError')) }),
    ],
    [
      'cannot be read',
      () => {
        cache.match = () => Promise.reject(new Error('broken'))
        cache.put = () => Promise.reject(new Error('broken'))
      },
    ],
    [
      'is full at once',
      () => {
        cache.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError'))
      },
    ],
    [
      'throws at once',
      () => {
        cache.put = () => {
          throw new Error('broken')
        }
      },
    ],
    [
      'is full in the middle',
      () => {
        cache.put = async (_, response) => {
          const reader = (response.body as ReadableStream<Uint8Array>).getReader()
          await reader.read()
          await reader.cancel()
          throw new DOMException('full', 'QuotaExceededError')
        }
      },
    ],
    [
      'never takes anything more',
      () => {
        cache.put = async (_, response) => {
          await (response.body as ReadableStream<Uint8Array>).getReader().read()
          throw new DOMException('full', 'QuotaExceededError')
        }
      },
    ],
  ])('never fails a load when it %s', async (_, breakIt) => {
    breakIt()
    const source = cachedSource(memorySource(bertFiles(), { chunk: 500 }).source, 'k')
    expect((await load(source)).size).toBe(1)
    await source.settled()
    expect(cache.entries.size).toBe(0)
  })

  it('holds back the source while the store is behind', async () => {
    let release = () => {}
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    cache.put = async (_, response) => {
      await gate
      await response.arrayBuffer()
    }
    const memory = memorySource(new Map([['big', new Uint8Array(100_000)]]), { chunk: 1000 })
    const reading = readText(cachedSource(memory.source, 'k'), 'big')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(memory.read()).toBeLessThanOrEqual(3000)
    release()
    expect((await reading)?.length).toBe(100_000)
  })
})
