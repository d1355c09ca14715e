import { afterEach, expect, test, vi } from 'vitest'
import type { MaxsiftError } from '../../src/errors.ts'
import { createIndex, importIndex, listIndexes, removeAll, removeIndex } from '../../src/index.ts'
import type { OpenOptions, Service } from '../../src/search/service.ts'
import type { IndexInfo } from '../../src/search/types.ts'
import { defaultModel } from '../../src/worker/default-model.ts'
import { serve } from '../../src/worker/serve.ts'
import { fakeService } from './fake-service.ts'

const ports: MessagePort[] = []
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  for (const port of ports.splice(0)) port.close()
})

/** Makes workers that are a port of this thread; the service counts handles and repeats what it was asked for. */
function fakeWorkers(methods: Partial<Service> = {}) {
  const open = new Set<number>()
  const asked: OpenOptions[] = []
  const services: Service[] = []
  const terminate = vi.fn()
  let last = 0
  const worker = vi.fn(() => {
    const { port1, port2 } = new MessageChannel()
    ports.push(port1)
    const service = fakeService({
      async open(_, options) {
        asked.push(options)
        open.add(++last)
        return { handle: last, info: { name: options.name } as IndexInfo }
      },
      async close(_, handle) {
        open.delete(handle)
      },
      async destroy(_, handle) {
        open.delete(handle)
      },
      ...methods,
    })
    services.push(service)
    serve(port2, service)
    return Object.assign(port1, { terminate: () => terminate(port1.close()) }) as unknown as Worker
  })
  return { worker, open, asked, terminate, services }
}

const failureOf = (promise: Promise<unknown>): Promise<MaxsiftError> =>
  promise.then(
    () => expect.fail('it did not reject'),
    (error) => error,
  )

test('importing the package touches no global and works without a page', async () => {
  const before = Object.getOwnPropertyNames(globalThis)
  vi.resetModules()
  const entry = await import('../../src/index.ts')
  expect(Object.getOwnPropertyNames(globalThis)).toEqual(before)
  expect(Object.keys(entry).sort()).toEqual([
    'MaxsiftError',
    'createIndex',
    'importIndex',
    'listIndexes',
    'listModels',
    'removeAll',
    'removeIndex',
    'removeModel',
  ])
  // Plain Node has no such worker; that is said, not thrown as a ReferenceError.
  await expect(createIndex()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('what is asked of the service: defaults, and everything given', async () => {
  const { worker, asked } = fakeWorkers()
  const first = await createIndex({ worker })
  expect(asked[0]).toEqual({
    name: 'default',
    store: 'indexeddb',
    codec: 'int8',
    splitPassages: true,
    early: false,
    lexical: expect.stringMatching(/^file:.*\/lexical\.[jt]s$/),
    tokenizers: expect.stringMatching(/^file:.*\/tokenizers\.[jt]s$/),
    hub: expect.stringMatching(/^file:.*\/hub\.[jt]s$/),
    defaultModel: defaultModel(),
  })
  const rest = { store: 'memory', codec: 'f16', splitPassages: false, model: 'https://site.test/model/' } as const
  const second = await createIndex({ worker, name: 'constructor', backend: 'webgpu', waitForModel: false, ...rest })
  const { lexical, tokenizers, hub } = asked[0]
  expect(asked[1]).toEqual({ name: 'constructor', backend: 'webgpu', early: true, lexical, tokenizers, hub, ...rest })
  expect([first.name, second.name]).toEqual(['default', 'constructor'])
  await Promise.all([first.close(), second.close()])
})

test('without a model the default goes along, as addresses of its own', async () => {
  const { worker, asked } = fakeWorkers()
  await (await createIndex({ worker })).close()
  expect(asked[0].model).toBeUndefined()
  const { name, fingerprint, files } = asked[0].defaultModel!
  expect(name).toBe('maxsift-small-en')
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/)
  expect(files!.list).toEqual({
    url: expect.stringMatching(/^file:.*json$/),
    bytes: expect.any(Number),
    blocks: [expect.stringMatching(/^[0-9a-f]{64}$/)],
  })
  expect(files!.urls['model.safetensors']).toMatch(/^file:.*model\.safetensors$/)
})

test('relative addresses are those of the page', async () => {
  vi.stubGlobal('document', { baseURI: 'https://site.test/guide/page.html' })
  const { worker, asked } = fakeWorkers()
  const options = [
    { model: '../models/small/', source: '/search/' },
    { model: { urls: { 'config.json': 'a/config.json', __proto__x: new URL('https://other.test/x') } } },
    { model: new URL('https://other.test/m/') },
    { source: '/other/', name: 'named' },
  ]
  for (const each of options) await (await createIndex({ worker, ...each })).close()
  expect(asked[0]).toMatchObject({ model: 'https://site.test/models/small/', source: 'https://site.test/search/' })
  // Ready-made indexes without a name are told apart by their address.
  expect(asked[0].name).toBe('https://site.test/search/')
  expect(asked[1].model).toEqual({
    urls: { 'config.json': 'https://site.test/guide/a/config.json', __proto__x: 'https://other.test/x' },
  })
  expect(asked[2].model).toBe('https://other.test/m/')
  expect(asked[3].name).toBe('named')
})

test('a name on the hub becomes an address, its hashes hexadecimal digits', async () => {
  vi.stubGlobal('document', { baseURI: 'https://site.test/app/' })
  const { worker, asked } = fakeWorkers()
  const hash = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='
  const hex = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'
  for (const options of [
    { model: 'owner/small@v1' },
    { model: 'owner/small', hub: '/mirror/', integrity: { 'a.json': `sha256-${hash}`, b: hex.toUpperCase() } },
  ])
    await (await createIndex({ worker, ...options })).close()
  expect(asked.map(({ model }) => model)).toEqual([
    'https://huggingface.co/owner/small/resolve/v1/',
    'https://site.test/mirror/owner/small/resolve/main/',
  ])
  expect(asked[1].integrity).toEqual({ 'a.json': hex, b: hex })
})

test('files of a model arrive as files', async () => {
  const { worker, asked } = fakeWorkers()
  const index = await createIndex({ worker, model: { files: [new File(['{}'], 'config.json')] } })
  expect((asked[0].model as { files: File[] }).files).toHaveLength(1)
  await index.close()
})

test.each([
  ['name', { name: '' }],
  ['name', { name: 5 }],
  ['store', { store: 'disk' }],
  ['backend', { backend: 'cuda' }],
  ['onnx.engine', { onnx: {} }],
  ['onnx.threads', { onnx: { engine: 'a', script: 'b', wasm: 'c', threads: 0 } }],
  ['codec', { codec: 'toString' }],
  ['dtype', { dtype: 'f32' }],
  ['queryLength', { queryLength: 32 }],
  ['pooling', { pooling: 'max' }],
  ['japanese.dictionary', { japanese: { engine: 'a', dictionary: undefined } }],
  ['splitPassages', { splitPassages: 1 }],
  ['signal', { signal: {} }],
  ['onProgress', { onProgress: 'yes' }],
  ['model', { model: 5 }],
  ['model', { model: null }],
  ['model', { model: {} }],
  ['model.files', { model: { files: [] } }],
  ['model.files', { model: { files: ['config.json'] } }],
  ['model', { model: 'http://' }],
  ['model', { model: 'models/small/' }],
  ['model', { model: '' }],
  ['hub', { model: 'a/b', hub: 5 as unknown as string }],
  ['integrity', { integrity: 'sha256' as unknown as Record<string, string> }],
  ['integrity["a"]', { integrity: { a: 'md5-x' } }],
  ['persist', { persist: 'yes' as unknown as boolean }],
  ['source', { source: 'http://[' }],
  ['source', { source: {} }],
  ['worker', { worker: 5 }],
  ['worker', { worker: 'http://[' }],
  ['options', null],
])('createIndex() refuses a wrong `%s` and makes no worker: %o', async (option, wrong) => {
  vi.stubGlobal('document', { baseURI: 'https://site.test/' })
  const { worker } = fakeWorkers()
  const error = await failureOf(createIndex((wrong && { worker, ...wrong }) as never))
  expect(error).toMatchObject({ name: 'MaxsiftError', code: 'INVALID_ARGUMENT' })
  expect(error.message).toContain(option)
  expect(worker).not.toHaveBeenCalled()
})

test('an option that does not exist is said once', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  const { worker } = fakeWorkers()
  for (let i = 0; i < 2; i++) await (await createIndex({ worker, modle: 'x' } as never)).close()
  expect(warn).toHaveBeenCalledOnce()
  expect(warn.mock.calls[0][0]).toMatch(/`modle`.*model/)
})

test.each([
  ['query', undefined, {}],
  ['query', { text: 'q' }, {}],
  ['limit', 'q', { limit: -1 }],
  ['limit', 'q', { limit: 1.5 }],
  ['limit', 'q', { limit: '3' }],
  ['limit', 'q', { limit: Number.NaN }],
  ['limit', 'q', { limit: Number.POSITIVE_INFINITY }],
  ['offset', 'q', { offset: -1 }],
  ['passages', 'q', { passages: 0 }],
  ['passages', 'q', { passages: 9 }],
  ['explain', 'q', { explain: 'yes' }],
  ['ids', 'q', { ids: 'abc' }],
  ['ids', 'q', { ids: [1] }],
  ['filter', 'q', { filter: () => true }],
  ['filter', 'q', { filter: ['a'] }],
  ['filter', 'q', { filter: null }],
  ['filter', 'q', { filter: { lang: () => true } }],
  ['signal', 'q', { signal: 'now' }],
])('search() refuses a wrong `%s`: %o %o', async (option, query, options) => {
  const { worker } = fakeWorkers()
  const index = await createIndex({ worker })
  const error = await failureOf(index.search(query as never, options as never))
  expect(error).toMatchObject({ name: 'MaxsiftError', code: 'INVALID_ARGUMENT' })
  expect(error.message).toContain(option)
  await index.close()
})

test.each(['text', null, 5, { id: 'a', text: 'one document, not a list' }])('add(%o) is refused', async (documents) => {
  const { worker } = fakeWorkers()
  const index = await createIndex({ worker })
  await expect(index.add(documents as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await index.close()
})

test.each(['abc', [[1]], null, 5])('remove(%o) is refused', async (ids) => {
  const { worker } = fakeWorkers()
  const index = await createIndex({ worker })
  await expect(index.remove(ids as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await index.close()
})

test('search() passes plain options; ids may be any iterable', async () => {
  const search = vi.fn(async () => ({}) as never)
  const { worker } = fakeWorkers({ search })
  const index = await createIndex({ worker })
  const filter = { lang: ['de', null], date: { gte: '2020', not: 'x' } }
  const { signal } = new AbortController()
  await index.search('q', { limit: 3, ids: new Set(['a', 'b']) as never, filter, signal })
  expect((search.mock.calls[0] as unknown[]).slice(2)).toEqual(['q', { limit: 3, ids: ['a', 'b'], filter }])
  await index.close()
})

test('indexes share one worker, which ends with the last of them', async () => {
  const { worker, terminate } = fakeWorkers()
  const [a, b] = await Promise.all([createIndex({ worker, name: 'a' }), createIndex({ worker, name: 'b' })])
  expect(worker).toHaveBeenCalledOnce()
  await a.close()
  await a.close()
  expect(terminate).not.toHaveBeenCalled()
  await b.close()
  expect(terminate).toHaveBeenCalledOnce()
  const again = await createIndex({ worker, name: 'a' })
  expect(worker).toHaveBeenCalledTimes(2)
  await again[Symbol.asyncDispose]()
  expect(terminate).toHaveBeenCalledTimes(2)
})

test('close() may be called at any time; every other call on a closed handle is refused', async () => {
  const { worker, open } = fakeWorkers()
  const index = await createIndex({ worker })
  await Promise.all([index.close(), index.close()])
  expect(open.size).toBe(0)
  const calls = [
    () => index.add([]),
    () => index.search('q'),
    () => index.remove([]),
    () => index.get('a'),
    () => index.documents(),
    () => index.info(),
    () => index.export(),
    () => index.destroy(),
  ]
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await index.close()
})

test('a handle that is destroyed and closed at once counts once', async () => {
  const { worker, terminate } = fakeWorkers()
  const [a, b] = await Promise.all([createIndex({ worker }), createIndex({ worker })])
  await Promise.all([a.destroy(), a.close()])
  expect(terminate).not.toHaveBeenCalled()
  await b.close()
  expect(terminate).toHaveBeenCalledOnce()
})

test('after a worker has ended by itself the next index gets a new one, which old handles leave alone', async () => {
  const { worker, terminate } = fakeWorkers()
  const old = await createIndex({ worker })
  ports[0].dispatchEvent(new Event('close'))
  await expect(old.info()).rejects.toThrow('has ended')
  expect(terminate).toHaveBeenCalledOnce()
  const index = await createIndex({ worker })
  expect(worker).toHaveBeenCalledTimes(2)
  await old.close()
  const other = await createIndex({ worker })
  expect(worker).toHaveBeenCalledTimes(2)
  await Promise.all([index.close(), other.close()])
  expect(terminate).toHaveBeenCalledTimes(2)
})

test('close() resolves though the service is gone', async () => {
  const { worker, terminate } = fakeWorkers({ close: () => Promise.reject(new Error('odd')) })
  const index = await createIndex({ worker })
  await index.close()
  expect(terminate).toHaveBeenCalledOnce()
})

test('destroy() closes the handle; one that fails leaves it open', async () => {
  let blocked = true
  const { worker, terminate } = fakeWorkers({
    async destroy() {
      if (blocked) throw new Error('blocked')
    },
    info: async () => ({ name: 'still here' }) as IndexInfo,
  })
  const index = await createIndex({ worker })
  await expect(index.destroy()).rejects.toThrow('blocked')
  await expect(index.info()).resolves.toMatchObject({ name: 'still here' })
  blocked = false
  await index.destroy()
  expect(terminate).toHaveBeenCalledOnce()
  await index.close()
  await expect(index.info()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('an index that cannot be opened leaves no worker behind', async () => {
  const { worker, terminate } = fakeWorkers({ open: () => Promise.reject(new TypeError('odd')) })
  await expect(createIndex({ worker })).rejects.toThrow('odd')
  await vi.waitFor(() => expect(terminate).toHaveBeenCalledOnce())
})

test('a signal aborted beforehand: nothing is started', async () => {
  const { worker } = fakeWorkers()
  const signal = AbortSignal.abort()
  await expect(createIndex({ worker, signal })).rejects.toBe(signal.reason)
  await expect(listIndexes({ worker, signal })).rejects.toBe(signal.reason)
  await expect(removeIndex('a', { worker, signal })).rejects.toBe(signal.reason)
  await expect(removeAll({ worker, signal })).rejects.toBe(signal.reason)
  await expect(importIndex(new Blob([]), { worker, signal })).rejects.toBe(signal.reason)
  expect(worker).not.toHaveBeenCalled()
})

test('an index opened for a call that was aborted meanwhile is closed again', async () => {
  const { worker, open, terminate } = fakeWorkers()
  const other = await createIndex({ worker, name: 'other' })
  const control = new AbortController()
  const index = createIndex({ worker, signal: control.signal })
  control.abort()
  await expect(index).rejects.toBe(control.signal.reason)
  await vi.waitFor(() => expect(open.size).toBe(1))
  expect(terminate).not.toHaveBeenCalled()
  await other.close()
  expect(terminate).toHaveBeenCalledOnce()
})

test('events reach the handle they are for, until it is closed', async () => {
  const { worker, services } = fakeWorkers()
  const [a, b] = await Promise.all([createIndex({ worker }), createIndex({ worker })])
  const seen: unknown[] = []
  a.addEventListener('change', ({ detail }) => seen.push(['a', detail.generation]))
  b.addEventListener('change', ({ detail }) => seen.push(['b', detail.generation]))
  services[0].onEvent?.(2, 'change', { generation: 1, documents: 0 })
  services[0].onEvent?.(1, 'change', { generation: 2, documents: 0 })
  await vi.waitFor(() =>
    expect(seen).toEqual([
      ['b', 1],
      ['a', 2],
    ]),
  )
  await a.close()
  services[0].onEvent?.(1, 'change', { generation: 3, documents: 0 })
  await b.close()
  expect(seen).toHaveLength(2)
})

test('importIndex() takes bytes or a Blob, and nothing else', async () => {
  const texts: string[] = []
  const { worker } = fakeWorkers({
    async open(_, { name, file }) {
      texts.push((await file?.text()) ?? '')
      return { handle: 1, info: { name } as IndexInfo }
    },
  })
  const bytes = new TextEncoder().encode('xabcx')
  for (const file of [new Blob(['abc']), bytes.slice(1, 4).buffer, bytes.subarray(1, 4)]) {
    await (await importIndex(file, { worker, name: 'copy' })).close()
  }
  expect(texts).toEqual(['abc', 'abc', 'abc'])
  for (const wrong of ['abc', null, [1]]) {
    await expect(importIndex(wrong as never, { worker })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  }
  await expect(importIndex(new Blob([]), { worker, source: 'https://site.test/' })).rejects.toThrow('source')
})

test('listIndexes() and removeAll() use an open worker, or one of their own for as long as they need it', async () => {
  const removeAllOfThem = vi.fn(async () => {})
  const { worker, terminate } = fakeWorkers({
    list: async () => [{ name: 'a', documents: 1, bytes: 2, generation: 3, model: 'm' }],
    removeAll: removeAllOfThem,
  })
  await expect(listIndexes({ worker })).resolves.toHaveLength(1)
  expect(terminate).toHaveBeenCalledOnce()
  const index = await createIndex({ worker })
  expect(worker).toHaveBeenCalledTimes(2)
  await expect(listIndexes()).resolves.toMatchObject([{ name: 'a' }])
  await removeAll()
  expect(removeAllOfThem).toHaveBeenCalledOnce()
  expect(worker).toHaveBeenCalledTimes(2)
  expect(terminate).toHaveBeenCalledOnce()
  await index.close()
})

test('a worker that cannot be made is a named error, and the next call tries again', async () => {
  const worker = vi.fn((): Worker => {
    throw new DOMException('denied', 'SecurityError')
  })
  for (let i = 1; i <= 2; i++) {
    const error = await failureOf(createIndex({ worker }))
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', cause: { name: 'SecurityError' } })
    expect(error.remedy).toContain('worker.js')
    expect(worker).toHaveBeenCalledTimes(i)
  }
})
