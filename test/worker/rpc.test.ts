import { afterEach, expect, test, vi } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import type { Service } from '../../src/search/service.ts'
import type { SearchResult } from '../../src/search/types.ts'
import { Connection, workerFailure } from '../../src/worker/connect.ts'
import { serve } from '../../src/worker/serve.ts'
import { PROTOCOL, packError, unpackError } from '../../src/worker/wire.ts'
import { fakeService, untilAborted } from './fake-service.ts'

const open: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const close of open.splice(0)) close()
})

function link(methods: Partial<Service>) {
  const { port1, port2 } = new MessageChannel()
  const service = fakeService(methods)
  const stop = vi.fn(() => port1.close())
  serve(port2, service)
  const connection = new Connection(port1, stop)
  open.push(() => connection.end(workerFailure('end of test')))
  return { connection, service, stop, port1, port2 }
}

/** A connection to an end that nobody answers. */
function deaf() {
  const { port1, port2 } = new MessageChannel()
  const stop = vi.fn(() => port1.close())
  const connection = new Connection(port1, stop)
  open.push(() => connection.end(workerFailure('end of test')))
  return { connection, stop, port1, port2 }
}

async function takeAll(items: AsyncIterable<unknown>) {
  const all = []
  for await (const item of items) all.push(item)
  return all
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5))
const hits = (total: number) => ({ hits: [], total }) as unknown as SearchResult
const failureOf = (promise: Promise<unknown>): Promise<MaxsiftError> =>
  promise.then(
    () => expect.fail('it did not reject'),
    (error) => error,
  )

test('a call takes its arguments there and its value back', async () => {
  const search = vi.fn(async () => hits(3))
  const { connection } = link({ search })
  const filter = JSON.parse('{"__proto__": "a", "constructor": ["b"]}')
  await expect(connection.call('search', [7, 'lone \ud800 surrogate', { limit: 2, filter }])).resolves.toEqual(hits(3))
  const [call, handle, query, options] = search.mock.calls[0] as unknown as [object, number, string, typeof filter]
  expect(call).toHaveProperty('signal')
  expect([handle, query]).toEqual([7, 'lone \ud800 surrogate'])
  expect(Object.keys(options.filter)).toEqual(['__proto__', 'constructor'])
})

test('calls start in order, and each gets its own answer', async () => {
  const started: string[] = []
  const { connection } = link({
    async search(_, handle, query) {
      started.push(query)
      await new Promise((resolve) => setTimeout(resolve, 20 - 5 * handle))
      return hits(handle)
    },
  })
  const results = await Promise.all([0, 1, 2, 3].map((i) => connection.call('search', [i, `q${i}`, {}])))
  expect(started).toEqual(['q0', 'q1', 'q2', 'q3'])
  expect(results.map(({ total }) => total)).toEqual([0, 1, 2, 3])
})

test('progress arrives in order and before the result', async () => {
  const { connection } = link({
    async info(call) {
      for (let loaded = 1; loaded <= 3; loaded++) call.progress({ stage: 'model', loaded, total: 3 })
      return 'done' as never
    },
  })
  const seen: unknown[] = []
  seen.push(await connection.call('info', [1], { onProgress: ({ loaded }) => seen.push(loaded) }))
  expect(seen).toEqual([1, 2, 3, 'done'])
})

test('events go to the listener of their handle, errors with their code', async () => {
  const { connection, service } = link({})
  const seen: unknown[][] = []
  connection.listeners.set(1, (type, detail) => seen.push([1, type, detail]))
  connection.listeners.set(2, (type, detail) => seen.push([2, type, detail]))
  service.onEvent?.(2, 'change', { generation: 5, documents: 9 })
  service.onEvent?.(3, 'change', { generation: 6, documents: 9 })
  service.onEvent?.(1, 'error', new MaxsiftError('STORE_LOST', 'gone'))
  await vi.waitFor(() => expect(seen).toHaveLength(2))
  expect(seen[0]).toEqual([2, 'change', { generation: 5, documents: 9 }])
  expect(seen[1].slice(0, 2)).toEqual([1, 'error'])
  expect(seen[1][2]).toBeInstanceOf(MaxsiftError)
  expect(seen[1][2]).toMatchObject({ code: 'STORE_LOST', message: 'gone' })
})

test('a call without documents has none', async () => {
  const { connection } = link({ info: async ({ items }) => (await takeAll(items)) as never })
  await expect(connection.call('info', [1])).resolves.toEqual([])
})

test.each(['iterable', 'async iterable', 'iterable of promises'])(
  'documents of an %s are pulled one by one',
  async (kind) => {
    let made = 0
    function* plain() {
      while (made < 100) yield { id: String(made++) }
    }
    async function* later() {
      yield* plain()
    }
    function* promises() {
      for (const each of plain()) yield Promise.resolve(each)
    }
    const lead: number[] = []
    const { connection } = link({
      async add({ items }) {
        let taken = 0
        await turn()
        lead.push(made - taken)
        for await (const item of items) {
          expect(item).toEqual({ id: String(taken++) })
          if (taken % 20 === 0) await turn()
          lead.push(made - taken)
        }
        return { added: taken } as never
      },
    })
    const items = { iterable: plain, 'async iterable': later, 'iterable of promises': promises }[kind]!()
    await expect(connection.call('add', [1], { items })).resolves.toEqual({ added: 100 })
    expect(Math.max(...lead)).toBe(0)
  },
)

test('after the last document, and after an error, there are no more', async () => {
  const { connection } = link({
    async add({ items }) {
      const iterator = items[Symbol.asyncIterator]()
      const seen: unknown[] = []
      for (let i = 0; i < 4; i++) seen.push(await iterator.next().catch(({ message }) => message))
      return seen as never
    },
  })
  const end = { done: true, value: undefined }
  await expect(connection.call('add', [1], { items: ['a', 'b'] })).resolves.toEqual([
    { done: false, value: 'a' },
    { done: false, value: 'b' },
    end,
    end,
  ])
  function* failing() {
    yield 'a'
    throw new Error('odd')
  }
  await expect(connection.call('add', [1], { items: failing() })).resolves.toEqual([
    { done: false, value: 'a' },
    'odd',
    end,
    end,
  ])
})

test('an iterable that the service leaves early is told to clean up', async () => {
  const cleaned = vi.fn()
  function* documents() {
    try {
      for (;;) yield { id: 'a' }
    } finally {
      cleaned()
    }
  }
  const { connection } = link({
    async add({ items }) {
      for await (const _ of items) throw new MaxsiftError('INVALID_ARGUMENT', 'no', { detail: { position: 0 } })
      return {} as never
    },
  })
  await expect(connection.call('add', [1], { items: documents() })).rejects.toMatchObject({ detail: { position: 0 } })
  expect(cleaned).toHaveBeenCalledOnce()
})

test('what the iterable throws comes back as it is, and its return is not called', async () => {
  const mine = new RangeError('mine')
  const cleanUp = vi.fn()
  const items = {
    [Symbol.iterator]: () => ({ next: () => raise(mine), return: cleanUp }),
  }
  let seen: unknown
  const { connection } = link({
    async add(call) {
      try {
        return (await takeAll(call.items)) as never
      } catch (error) {
        seen = error
        throw error
      }
    },
  })
  expect(await failureOf(connection.call('add', [1], { items: items as never }))).toBe(mine)
  expect(seen).toMatchObject({ name: 'RangeError', message: 'mine' })
  expect(cleanUp).not.toHaveBeenCalled()
})

function raise(error: Error): never {
  throw error
}

test('a document that cannot be copied is named with its position', async () => {
  const { connection } = link({ add: async ({ items }) => (await takeAll(items)) as never })
  const items = [{ id: 'a' }, { id: 'b', meta: { run: () => 1 } }]
  const error = await failureOf(connection.call('add', [1], { items }))
  expect(error).toBeInstanceOf(MaxsiftError)
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', detail: { position: 1 } })
  expect(error.message).toContain('`meta` of document 1')
})

test('an argument that cannot be sent is named', async () => {
  const { connection } = link({})
  const filter = { lang: (() => 1) as never }
  const error = await failureOf(connection.call('search', [1, 'q', { filter }]))
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(error.message).toContain('`filter` of search()')
  // The failed call leaves nothing behind.
  await expect(connection.call('open', [{} as never])).resolves.toMatchObject({ handle: 1 })
})

test('a result or a detail that cannot be sent is an error, not silence', async () => {
  const { connection } = link({
    info: async () => (() => 1) as never,
    export: async () => raise(new MaxsiftError('STORE_CORRUPT', 'bad', { detail: { run: () => 1 } })),
  })
  await expect(connection.call('info', [1])).rejects.toMatchObject({ name: 'DataCloneError' })
  await expect(connection.call('export', [1])).rejects.toMatchObject({ code: 'STORE_CORRUPT', detail: undefined })
})

test('errors keep what they are', () => {
  const through = (error: unknown) => unpackError(structuredClone(packError(error))) as MaxsiftError
  const cause = new TypeError('inner', { cause: 'text' })
  const error = through(
    new MaxsiftError('WEBGPU_UNAVAILABLE', 'no', { reason: 'limits', remedy: 'do it', detail: { limit: 5 }, cause }),
  )
  expect(error).toBeInstanceOf(MaxsiftError)
  expect(error).toMatchObject({ code: 'WEBGPU_UNAVAILABLE', message: 'no', reason: 'limits', remedy: 'do it' })
  expect(error.detail).toEqual({ limit: 5 })
  expect(error.cause).toMatchObject({ name: 'TypeError', message: 'inner', cause: { message: 'text' } })
  expect(error.cause).toBeInstanceOf(Error)
  const abort = through(new DOMException('stop', 'AbortError'))
  expect(abort).toBeInstanceOf(DOMException)
  expect(abort).toMatchObject({ name: 'AbortError', message: 'stop' })
  expect(through('text')).toMatchObject({ name: 'Error', message: 'text' })
  expect(through(undefined)).toMatchObject({ message: 'undefined' })
  const circle = new Error('round')
  circle.cause = circle
  expect(through(circle).cause).toMatchObject({ message: 'round' })
})

test('an error of the service is the caller’s error', async () => {
  const { connection } = link({
    search: async () => raise(new TypeError('odd')),
    info: () => raise(new MaxsiftError('DEVICE_LOST', 'lost')),
  })
  await expect(connection.call('search', [1, '', {}])).rejects.toMatchObject({ name: 'TypeError', message: 'odd' })
  const error = await failureOf(connection.call('info', [1]))
  expect(error).toBeInstanceOf(MaxsiftError)
  expect(error).toMatchObject({ code: 'DEVICE_LOST', remedy: new MaxsiftError('DEVICE_LOST', '').remedy })
  await expect(connection.call('nonsense' as never, [] as never)).rejects.toMatchObject({ name: 'TypeError' })
})

test('a signal aborted beforehand: the service hears nothing', async () => {
  const info = vi.fn()
  const items = { [Symbol.iterator]: vi.fn() }
  const { connection } = link({ info, add: info })
  const signal = AbortSignal.abort('why')
  await expect(connection.call('info', [1], { signal })).rejects.toBe('why')
  await expect(connection.call('add', [1], { signal, items })).rejects.toBe('why')
  await turn()
  expect(info).not.toHaveBeenCalled()
  expect(items[Symbol.iterator]).not.toHaveBeenCalled()
})

test('an abort reaches the service, and the call rejects when that has stopped', async () => {
  let stopped = false
  const { connection } = link({
    async info(call) {
      await untilAborted(call).catch(turn)
      stopped = true
      call.signal.throwIfAborted()
      return {} as never
    },
  })
  const control = new AbortController()
  const result = connection.call('info', [1], { signal: control.signal })
  // A call later: the one before has arrived.
  await connection.call('close', [1])
  control.abort()
  const error = await failureOf(result)
  expect(error).toBe(control.signal.reason)
  expect(error).toMatchObject({ name: 'AbortError' })
  expect(stopped).toBe(true)
})

test('an abort right after the call rejects it even if the service was faster; the result is handed over', async () => {
  const { connection } = link({})
  const discard = vi.fn()
  const control = new AbortController()
  const result = connection.call('open', [{} as never], { signal: control.signal, discard })
  control.abort()
  await expect(result).rejects.toBe(control.signal.reason)
  // Not answered yet, the script might still be loading: the call did not wait.
  await vi.waitFor(() => expect(discard).toHaveBeenCalledWith({ handle: 1, info: { name: 'fake' } }))
})

test('an abort after the result changes nothing', async () => {
  const { connection } = link({})
  const control = new AbortController()
  const discard = vi.fn()
  await connection.call('open', [{} as never], { signal: control.signal, discard })
  control.abort()
  await turn()
  expect(discard).not.toHaveBeenCalled()
})

test('an abort while documents are awaited ends both sides', async () => {
  const cleaned = vi.fn()
  let rest: unknown
  async function* documents() {
    try {
      yield { id: 'a' }
      await turn()
      yield { id: 'b' }
    } finally {
      cleaned()
    }
  }
  const { connection } = link({
    async add({ items, signal }) {
      const iterator = items[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.next().catch((error) => {
        rest = error
      })
      await expect(iterator.next()).rejects.toBe(signal.reason)
      return signal.throwIfAborted() as never
    },
  })
  const control = new AbortController()
  const result = connection.call('add', [1], { items: documents(), signal: control.signal })
  await new Promise((resolve) => setTimeout(resolve, 2))
  control.abort()
  await expect(result).rejects.toBe(control.signal.reason)
  expect(rest).toMatchObject({ name: 'AbortError' })
  await vi.waitFor(() => expect(cleaned).toHaveBeenCalledOnce())
})

test('an abort frees a call whose iterable never answers', async () => {
  const items = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
  const { connection } = link({ add: async (call) => (await takeAll(call.items)) as never })
  const control = new AbortController()
  const result = connection.call('add', [1], { items, signal: control.signal })
  await turn()
  control.abort()
  await expect(result).rejects.toBe(control.signal.reason)
})

test('an abort does not wait for ever for a service that is stuck', async () => {
  const { connection } = link({ info: () => new Promise(() => {}) })
  await connection.call('open', [{} as never])
  vi.useFakeTimers()
  const control = new AbortController()
  const settled = vi.fn()
  connection.call('info', [1], { signal: control.signal }).catch(settled)
  control.abort()
  await vi.advanceTimersByTimeAsync(4_900)
  expect(settled).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(200)
  expect(settled).toHaveBeenCalledWith(control.signal.reason)
})

test('no progress after an abort', async () => {
  const onProgress = vi.fn()
  const { connection } = link({
    async info(call) {
      await untilAborted(call).catch(() => call.progress({ stage: 'model', loaded: 1, total: 1 }))
      return call.signal.throwIfAborted() as never
    },
  })
  await connection.call('open', [{} as never])
  const control = new AbortController()
  const result = connection.call('info', [1], { signal: control.signal, onProgress })
  await turn()
  control.abort()
  await expect(result).rejects.toBe(control.signal.reason)
  expect(onProgress).not.toHaveBeenCalled()
})

test('a script that never answers is a named error', async () => {
  vi.useFakeTimers()
  const { connection, stop } = deaf()
  const failed = failureOf(connection.call('list', []))
  await vi.advanceTimersByTimeAsync(30_001)
  expect(await failed).toMatchObject({ name: 'MaxsiftError', code: 'INVALID_ARGUMENT' })
  expect((await failed).remedy).toContain('worker.js')
  expect(stop).toHaveBeenCalledOnce()
  // And so is every later call.
  await expect(connection.call('list', [])).rejects.toBe(await failed)
})

test('a script of another version is refused', async () => {
  const { connection, port2 } = deaf()
  port2.postMessage({ kind: 'ready', protocol: -1 })
  await expect(connection.call('list', [])).rejects.toThrow('another version')
})

test('messages of others are ignored', async () => {
  const { connection, port1, port2 } = link({ list: async () => [] })
  for (const message of [null, 'text', 5, {}, { kind: 'value', id: 99 }, { kind: 'item', id: 99 }, { id: null }]) {
    port1.postMessage(message)
    port2.postMessage(message)
  }
  await expect(connection.call('list', [])).resolves.toEqual([])
})

test('a port that closes rejects what is open', async () => {
  const { connection, port2 } = link({ list: () => new Promise(() => {}) })
  const result = failureOf(connection.call('list', []))
  await turn()
  port2.close()
  expect((await result).message).toContain('has ended')
})

test('end() rejects open and later calls, and frees the port once', async () => {
  const { connection, stop } = link({ list: () => new Promise(() => {}) })
  const result = failureOf(connection.call('list', []))
  const error = workerFailure('over')
  connection.end(error)
  connection.end(workerFailure('again'))
  expect(await result).toBe(error)
  expect(connection.failure).toBe(error)
  await expect(connection.call('list', [])).rejects.toBe(error)
  expect(stop).toHaveBeenCalledOnce()
})

/** A port whose events a test makes up. */
class FakeWorker extends EventTarget {
  readonly sent: { kind: string }[] = []
  postMessage(message: { kind: string }) {
    this.sent.push(message)
  }
  fire(type: string, fields: object = {}) {
    const event = Object.assign(new Event(type, { cancelable: true }), fields)
    this.dispatchEvent(event)
    return event
  }
}

test('a script that cannot be started fails every call, now and later', async () => {
  const worker = new FakeWorker()
  const stop = vi.fn()
  const connection = new Connection(worker, stop)
  const results = [failureOf(connection.call('list', [])), failureOf(connection.call('removeAll', []))]
  expect(worker.fire('error').defaultPrevented).toBe(true)
  for (const error of await Promise.all(results)) expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(connection.call('list', [])).rejects.toThrow('could not be started')
  expect(stop).toHaveBeenCalledOnce()
})

test('an error inside a running worker fails the open calls and tells the service; the next call goes on', async () => {
  const worker = new FakeWorker()
  const connection = new Connection(worker, () => {})
  worker.fire('message', { data: { kind: 'ready', protocol: PROTOCOL } })
  const result = failureOf(connection.call('list', []))
  worker.fire('error', { message: 'boom' })
  expect((await result).message).toContain('boom')
  expect(worker.sent.map(({ kind }) => kind)).toEqual(['hello', 'call', 'abort'])
  const next = connection.call('list', [])
  worker.fire('message', { data: { kind: 'value', id: 2, value: [] } })
  await expect(next).resolves.toEqual([])
  // With no call to tell, the browser reports it.
  expect(worker.fire('error', { message: 'boom' }).defaultPrevented).toBe(false)
})

test.each(['messageerror', 'message'])('a message that cannot be read fails the open calls (%s)', async (type) => {
  const worker = new FakeWorker()
  const connection = new Connection(worker, () => {})
  worker.fire('message', { data: { kind: 'ready', protocol: PROTOCOL } })
  const result = failureOf(connection.call('list', []))
  worker.fire(type, { data: { kind: 'fault', message: 'A call could not be read' } })
  await expect(result).resolves.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('the service reports a call that it cannot read', () => {
  const worker = new FakeWorker()
  serve(worker, fakeService({}))
  worker.fire('messageerror')
  expect(worker.sent).toEqual([{ kind: 'fault', message: 'A call could not be read' }])
})

test('nothing more is sent for a call once it is over', async () => {
  const worker = new FakeWorker()
  const connection = new Connection(worker, () => {})
  worker.fire('message', { data: { kind: 'ready', protocol: PROTOCOL } })
  const kinds = () => worker.sent.splice(0).map(({ kind }) => kind)
  const control = new AbortController()
  const done = connection.call('info', [1], { signal: control.signal })
  worker.fire('message', { data: { kind: 'value', id: 1, value: {} } })
  await done
  expect(kinds()).toEqual(['hello', 'call'])
  let give = (_: object) => {}
  const cleanUp = vi.fn()
  const next = vi.fn(
    () =>
      new Promise<IteratorResult<object>>((resolve) => {
        give = (value) => resolve({ done: false, value })
      }),
  )
  const items = { [Symbol.asyncIterator]: () => ({ next, return: cleanUp }) }
  connection.call('add', [1], { signal: control.signal, items }).catch(() => {})
  worker.fire('message', { data: { kind: 'pull', id: 2 } })
  control.abort()
  // At once, though the service has not answered yet.
  expect(cleanUp).toHaveBeenCalledOnce()
  give({ id: 'late' })
  await turn()
  worker.fire('message', { data: { kind: 'pull', id: 2 } })
  await turn()
  expect(next).toHaveBeenCalledOnce()
  // One abort, of the call that was open.
  expect(kinds()).toEqual(['call', 'abort'])
  connection.end(workerFailure('end of test'))
})

test('an abort does not wait for a script that has not answered yet', async () => {
  vi.useFakeTimers()
  const { connection } = deaf()
  const control = new AbortController()
  const settled = vi.fn()
  connection.call('list', [], { signal: control.signal }).catch(settled)
  control.abort()
  await vi.advanceTimersByTimeAsync(1)
  expect(settled).toHaveBeenCalledWith(control.signal.reason)
})
