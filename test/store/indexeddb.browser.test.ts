import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cdp } from 'vitest/browser'
import { newBlob } from '../../src/store/blob.ts'
import { Connection } from '../../src/store/connection.ts'
import { addSegment, indexedDBStore, listStores, removeStore, type Store, update } from '../../src/store/index.ts'
import { contents, type Doc, empty, noise, segmentOf, shown } from './helpers.ts'
import { storeSuite } from './suite.ts'

interface StorageBuckets {
  open(name: string): Promise<{ indexedDB: IDBFactory }>
  delete(name: string): Promise<void>
}

let counter = 0
const fresh = () => `test ${Date.now()} ${counter++}`

/** The database as any other code sees it. */
function raw(name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`maxsift:${name}`, version)
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

async function rawTransaction<T>(name: string, work: (blobs: IDBObjectStore, manifest: IDBObjectStore) => IDBRequest) {
  const db = await raw(name)
  const tx = db.transaction(['blobs', 'manifest'], 'readwrite')
  const request = work(tx.objectStore('blobs'), tx.objectStore('manifest'))
  await new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve()
    tx.onabort = () => reject(tx.error)
  })
  db.close()
  return request.result as T
}

storeSuite('indexeddb', async () => {
  const name = fresh()
  const opened: Store[] = []
  return {
    open: async () => {
      const store = await indexedDBStore(name)
      opened.push(store)
      return store
    },
    blobs: async () => {
      if (!(await listStores()).includes(name)) return []
      return (await rawTransaction(name, (blobs) => blobs.getAllKeys())) as string[]
    },
    tamper: async (blob, change) => {
      const bytes = new Uint8Array(await rawTransaction(name, (blobs) => blobs.get(blob)))
      const changed = change(bytes)
      await rawTransaction<unknown>(name, (blobs) => (changed ? blobs.put(changed.buffer, blob) : blobs.delete(blob)))
    },
    remove: async () => {
      for (const store of opened) await store.close()
      await removeStore(name)
    },
    lasting: true,
  }
})

const A: Doc = { id: 'a', text: 'First text.', passages: [3, 5] }
const B: Doc = { id: 'b', text: 'Second text.', passages: [7] }

async function add(store: Store, docs: Doc[], signal?: AbortSignal) {
  return (await update(
    store,
    async (current) => {
      const { segment, put } = await segmentOf(current ?? empty(), docs)
      return { manifest: addSegment(current ?? empty(), segment), put }
    },
    { signal },
  ))!
}

describe('indexeddb faults', () => {
  let name = ''
  let store: Store
  beforeEach(async () => {
    name = fresh()
    store = await indexedDBStore(name, { patience: 400 })
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    vi.unstubAllGlobals()
    await store.close()
    await removeStore(name)
  })

  async function expectUntouched() {
    vi.restoreAllMocks()
    const other = await indexedDBStore(name)
    expect(await contents(other, await other.manifest())).toEqual([shown(A)])
    await other.close()
  }

  test('looking for an index does not make one', async () => {
    expect(await store.manifest()).toBeNull()
    expect(await listStores()).not.toContain(name)
    await add(store, [A])
    expect(await listStores()).toContain(name)
  })

  test('stores exactly the bytes of a view, as ArrayBuffer', async () => {
    const view = noise(1000).subarray(100, 200)
    const blob = await newBlob(view, 'bin')
    const manifest = { ...empty(), generation: 1, staged: [blob.ref] }
    await store.commit({ base: 0, manifest, put: [blob] })
    const stored = await rawTransaction(name, (blobs) => blobs.get(blob.ref.name))
    expect(stored).toBeInstanceOf(ArrayBuffer)
    expect(new Uint8Array(stored as ArrayBuffer)).toEqual(view.slice())
  })

  test('uses one strict transaction for a commit', async () => {
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction')
    await add(store, [A])
    expect(spy.mock.calls.filter((call) => call[1] === 'readwrite').map((call) => call[2])).toEqual([
      { durability: 'strict' },
    ])
  })

  test('a real quota overflow is STORE_QUOTA, and what was committed stays', async () => {
    // Chromium remembers for 30 s how much room a bucket had, so the override needs one that was never written to.
    const buckets = (navigator as unknown as { storageBuckets: StorageBuckets }).storageBuckets
    const session = cdp() as unknown as { send(method: string, params: object): Promise<{ usage: number }> }
    const { origin } = location
    const { usage } = await session.send('Storage.getUsageAndQuota', { origin })
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 2 ** 20 })
    vi.stubGlobal('indexedDB', (await buckets.open('quota')).indexedDB)
    try {
      const full = await indexedDBStore(name)
      await add(full, [A])
      // Noise, because the browser compresses what it stores.
      const put = await Promise.all([1, 2, 3, 4].map((seed) => newBlob(noise(2 ** 21, seed), 'bin')))
      const staged = put.map(({ ref }) => ref)
      await expect(update(full, (current) => ({ manifest: { ...current!, staged }, put }))).rejects.toMatchObject({
        code: 'STORE_QUOTA',
        cause: { name: 'QuotaExceededError' },
      })
      expect(await contents(full, await full.manifest())).toEqual([shown(A)])
      await full.destroy()
    } finally {
      await session.send('Storage.overrideQuotaForOrigin', { origin })
      await buckets.delete('quota')
    }
  })

  /** Lets every readwrite transaction abort after all its puts succeeded, with `error` as its only trace. */
  function abortWrites(error: DOMException | null, times = Number.POSITIVE_INFINITY) {
    const { transaction } = IDBDatabase.prototype
    const { put } = IDBObjectStore.prototype
    const doomed = new Set<IDBTransaction>()
    let count = 0
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
      const request = put.apply(this, args)
      if (this.name === 'manifest' && doomed.has(this.transaction)) {
        request.addEventListener('success', () => this.transaction.abort())
      }
      return request
    })
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      const tx = transaction.apply(this, args)
      if (args[1] !== 'readwrite' || count++ >= times) return tx
      Object.defineProperty(tx, 'error', { value: error, configurable: true })
      doomed.add(tx)
      return tx
    })
    return () => count
  }

  test('an abort by quota with an empty message is STORE_QUOTA at once', async () => {
    await add(store, [A])
    const writes = abortWrites(new DOMException('', 'QuotaExceededError'))
    await expect(add(store, [B])).rejects.toMatchObject({ code: 'STORE_QUOTA', message: expect.stringContaining(name) })
    expect(writes()).toBe(1)
    await expectUntouched()
  })

  test.each([
    ['without a reason', null],
    ['by UnknownError', new DOMException('Internal error opening backing store', 'UnknownError')],
  ])('an abort %s is tried on three new connections, then STORE_LOST', async (_, error) => {
    await add(store, [A])
    const writes = abortWrites(error)
    await expect(add(store, [B])).rejects.toMatchObject({ code: 'STORE_LOST', message: expect.stringMatching(/Error/) })
    expect(writes()).toBe(4)
    await expectUntouched()
  })

  test('an abort without a reason that does not come again is not seen', async () => {
    const writes = abortWrites(null, 2)
    await add(store, [A])
    expect(writes()).toBe(3)
    await expectUntouched()
  })

  test.each(['InvalidStateError', 'UnknownError'])(
    '%s when a transaction starts opens a new connection',
    async (kind) => {
      await add(store, [A])
      const { transaction } = IDBDatabase.prototype
      const broken = new Set<IDBDatabase>()
      let failures = 2
      vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
        if (failures > 0 && !broken.has(this)) {
          failures--
          broken.add(this)
        }
        if (broken.has(this)) throw new DOMException('The database connection is closing.', kind)
        return transaction.apply(this, args)
      })
      expect(await contents(store, await store.manifest())).toEqual([shown(A)])
      expect(broken.size).toBe(2)
      failures = Number.POSITIVE_INFINITY
      await store.close()
      await expect(indexedDBStore(name)).rejects.toMatchObject({ code: 'STORE_LOST' })
      await expectUntouched()
    },
  )

  test('a commit whose answer was lost is not made twice', async () => {
    await add(store, [A])
    const { transaction } = IDBDatabase.prototype
    let lost = false
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      const tx = transaction.apply(this, args)
      if (args[1] === 'readwrite' && !lost) {
        lost = true
        const listen = tx.addEventListener.bind(tx)
        // The transaction completes, but this page hears of an abort.
        tx.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
          if (type !== 'complete') listen(type === 'abort' ? 'complete' : type, listener)
        }
      }
      return tx
    })
    expect((await add(store, [B])).generation).toBe(2)
    expect(lost).toBe(true)
    expect(await contents(store, await store.manifest())).toEqual([A, B].map(shown))
  })

  test('a connection that the browser closed is opened again', async () => {
    const connections: IDBDatabase[] = []
    const { transaction } = IDBDatabase.prototype
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      connections.push(this)
      return transaction.apply(this, args)
    })
    await add(store, [A])
    connections.at(-1)!.close()
    expect(await contents(store, await store.manifest())).toEqual([shown(A)])
    connections.at(-1)!.dispatchEvent(new Event('close'))
    const before = connections.at(-1)
    expect((await store.manifest())?.generation).toBe(1)
    expect(connections.at(-1)).not.toBe(before)
  })

  test('lets go when another tab removes the index, and sees a new one', async () => {
    await add(store, [A])
    const heard: number[] = []
    store.watch((generation) => heard.push(generation))
    const other = await indexedDBStore(name)
    await other.destroy()
    await vi.waitFor(() => expect(heard).toEqual([0]))
    expect(await store.manifest()).toBeNull()
    expect(await listStores()).not.toContain(name)
    expect((await add(store, [B])).generation).toBe(1)
  })

  test('tells the other handles of a commit, not itself', async () => {
    const other = await indexedDBStore(name)
    const heard: number[] = []
    const own: number[] = []
    const end = other.watch((generation) => heard.push(generation))
    store.watch((generation) => own.push(generation))
    await add(store, [A])
    await add(store, [B])
    await vi.waitFor(() => expect(heard).toEqual([1, 2]))
    expect(own).toEqual([])
    end()
    await other.close()
  })

  test('comes back from the back-forward cache with a new connection and the news', async () => {
    await add(store, [A])
    const other = await indexedDBStore(name)
    const heard: number[] = []
    store.watch((generation) => heard.push(generation))
    dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))
    await add(other, [B])
    dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))
    await vi.waitFor(() => expect(heard).toContain(2))
    expect(await contents(store, await store.manifest())).toEqual([A, B].map(shown))
    await add(other, [{ id: 'c', text: 'c', passages: [1] }])
    await vi.waitFor(() => expect(heard.at(-1)).toBe(3))
    await other.close()
  })

  test('an old tab that does not let go is STORE_BLOCKED in time, for removal and for opening', async () => {
    await add(store, [A])
    const old = await raw(name)
    await expect(store.destroy()).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
    const newer = new Connection(name, { version: 2, patience: 300 })
    await expect(newer.run(async () => {}, { create: true })).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
    old.close()
    // The request that was given up goes through now; the connection it gives must not stay open.
    await removeStore(name)
  })

  test('a transaction of another tab that does not end is STORE_BLOCKED, and nothing is written later', async () => {
    await add(store, [A])
    const impatient = await indexedDBStore(name, { patience: 50 })
    const { segment, put } = await segmentOf(empty(), [B])
    const manifest = { ...addSegment((await store.manifest())!, segment), generation: 2 }
    const old = await raw(name)
    const blobs = old.transaction(['blobs', 'manifest'], 'readwrite').objectStore('blobs')
    let hold = true
    const held = new Promise<void>((resolve) => {
      blobs.transaction.oncomplete = () => resolve()
    })
    const again = () => {
      if (hold) blobs.count().onsuccess = again
    }
    again()
    await expect(impatient.manifest()).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
    await expect(impatient.commit({ base: 1, manifest, put })).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
    await expect(store.read(segment.records[0], AbortSignal.timeout(20))).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    hold = false
    await held
    old.close()
    await impatient.close()
    expect(await contents(store, await store.manifest())).toEqual([shown(A)])
  })

  test('a write that is stuck behind another tab is given up, and not made later', async () => {
    await add(store, [A])
    const impatient = await indexedDBStore(name, { patience: 50 })
    const { segment, put } = await segmentOf(empty(), [B])
    const manifest = { ...addSegment((await store.manifest())!, segment), generation: 2 }
    const { transaction } = IDBDatabase.prototype
    let hold = true
    // Takes the stores in the moment between the look at the manifest and the write.
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      if (args[1] === 'readwrite') {
        const blobs = transaction.apply(this, [['blobs', 'manifest'], 'readwrite']).objectStore('blobs')
        const again = () => {
          if (hold) blobs.count().onsuccess = again
        }
        again()
      }
      return transaction.apply(this, args)
    })
    await expect(impatient.commit({ base: 1, manifest, put })).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
    hold = false
    await impatient.close()
    await expectUntouched()
  })

  test('an index of a newer version of the database is refused by name', async () => {
    const newer = await raw(name, 2)
    newer.close()
    await expect(indexedDBStore(name)).rejects.toMatchObject({ code: 'INDEX_VERSION_MISMATCH' })
  })

  test('a database of something else is refused', async () => {
    const foreign = await raw(name, 1)
    foreign.close()
    const opened = await indexedDBStore(name)
    await expect(opened.manifest()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    await opened.destroy()
  })

  test('a damaged manifest is STORE_CORRUPT, and the index can still be removed', async () => {
    await add(store, [A])
    const json = await rawTransaction<string>(name, (_, manifest) => manifest.get('current'))
    await rawTransaction(name, (_, manifest) => manifest.put(json.replace('"documents":1', '"documents":2'), 'current'))
    const opened = await indexedDBStore(name)
    await expect(opened.manifest()).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    await opened.destroy()
    expect(await listStores()).not.toContain(name)
  })

  test('waits for the Web Lock, but not for ever', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const lock = new Promise<void>((taken) => {
      void navigator.locks.request(`maxsift:${name}`, () => {
        taken()
        return held
      })
    })
    await lock
    await expect(add(store, [A])).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
    await expect(add(store, [A], AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' })
    const waiting = add(store, [A])
    setTimeout(release, 100)
    expect((await waiting).generation).toBe(1)
  })

  test('works without Web Locks and BroadcastChannel', async () => {
    vi.stubGlobal('BroadcastChannel', undefined)
    vi.spyOn(navigator, 'locks', 'get').mockReturnValue(undefined as never)
    const [one, two] = [await indexedDBStore(name), await indexedDBStore(name)]
    await Promise.all([add(one, [A]), add(two, [B]), add(one, [{ id: 'c', text: 'c' }])])
    expect((await one.manifest())?.generation).toBe(3)
    await one.close()
    await two.close()
  })

  test.each([
    ['missing', undefined],
    ['null', null],
    [
      'forbidden',
      {
        open() {
          throw new DOMException('denied', 'SecurityError')
        },
      },
    ],
  ])('a %s IndexedDB is STORE_LOST', async (_, value) => {
    vi.stubGlobal('indexedDB', value)
    await expect(indexedDBStore(name)).rejects.toMatchObject({
      code: 'STORE_LOST',
      remedy: expect.stringContaining('memory'),
    })
    await expect(listStores()).rejects.toMatchObject({ code: 'STORE_LOST' })
    await expect(removeStore(name)).rejects.toMatchObject({ code: 'STORE_LOST' })
    vi.unstubAllGlobals()
  })

  test('an origin that was wiped opens as new', async () => {
    await add(store, [A])
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(`maxsift:${name}`)
      request.onsuccess = resolve
      request.onerror = reject
    })
    expect(await store.manifest()).toBeNull()
    expect((await add(store, [B])).generation).toBe(1)
  })

  test('names are any non-empty strings', async () => {
    await expect(indexedDBStore('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const odd = await indexedDBStore(`${name}/__proto__ 日本`)
    await add(odd, [A])
    expect(await listStores()).toContain(`${name}/__proto__ 日本`)
    await odd.destroy()
  })
})
