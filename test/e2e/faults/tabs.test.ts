import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DOCUMENTS } from '../../api/setup.ts'
import { browserMissing, Site, type Tab, unlessMissing, workerWithout } from './site.ts'

const numbered = (name: string, count: number, text = 'Document') =>
  Array.from({ length: count }, (_, i) => ({ id: `${name}${i}`, text: `${text} ${name} number ${i}.` }))

const eventually = (assertion: () => Promise<void>) => vi.waitFor(assertion, { timeout: 15_000, interval: 100 })

describe.skipIf(browserMissing)(`several tabs${unlessMissing}`, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open()
  })
  afterAll(() => site?.close())

  it.each([
    // Of more than 64 documents several commits are made.
    ['all that there is', undefined, 70],
    ['no Web Locks', workerWithout('no-locks'), 10],
  ])('both add at once, with %s: nothing is lost, and both see the same', async (_, worker, count) => {
    const visitor = await site.visitor()
    const tabs = [await site.visit(visitor), await site.visit(visitor)]
    for (const tab of tabs) await tab.open({ worker })
    const [a, b] = tabs
    const shared = numbered('shared', 10)
    const total = 2 * count + 11
    const results = await Promise.all([
      a.add([...numbered('a', count), ...shared, { id: 'both', text: 'From the first tab.' }]),
      b.add([...shared, ...numbered('b', count), { id: 'both', text: 'From the second tab.' }]),
    ])
    expect(results.map(({ added, updated, unchanged }) => added + updated + unchanged)).toEqual([
      count + 11,
      count + 11,
    ])
    await eventually(async () => {
      for (const tab of tabs) expect(await tab.info()).toMatchObject({ documents: total, pending: 0 })
      expect((await a.info()).generation).toBe((await b.info()).generation)
    })
    const found = await a.search('number')
    expect(found.total).toBe(total)
    expect(await b.search('number')).toEqual(found)
    const all = { limit: 200 }
    const ids = (await a.search('number', all)).hits.map(({ id }) => id)
    expect(ids.sort()).toEqual(
      [...numbered('a', count), ...numbered('b', count), ...shared, { id: 'both' }].map(({ id }) => id).sort(),
    )
    for (const tab of tabs) {
      const heard = await tab.heard()
      expect(heard.at(-1)).toMatchObject({ type: 'change', documents: total })
      expect(heard.filter(({ type }) => type === 'error')).toEqual([])
    }
    // A third one finds it just so.
    const third = await site.visit(visitor)
    await third.open()
    expect(await third.search('number', all)).toEqual(await a.search('number', all))
    await visitor.close()
  })

  it('what a living tab is about to encode, no other encodes', async () => {
    const visitor = await site.visitor()
    const a = await site.visit(visitor)
    await a.open()
    await a.arm('tell', 'hold')
    const held = a.held('tell')
    const adding = a.add(DOCUMENTS)
    await held
    const b = await site.visit(visitor)
    expect(await b.open()).toMatchObject({ documents: 0, pending: 12 })
    expect(await b.add(numbered('b', 3))).toMatchObject({ added: 3 })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await b.info()).toMatchObject({ documents: 3, pending: 12 })
    await site.release()
    expect(await adding).toMatchObject({ added: 12 })
    await eventually(async () => {
      for (const tab of [a, b]) expect(await tab.info()).toMatchObject({ documents: 15, pending: 0 })
    })
    expect(await b.search('moons')).toEqual(await a.search('moons'))
    await visitor.close()
  })

  it('one hangs while it writes: the other says so within seconds, and goes on searching', async () => {
    const visitor = await site.visitor()
    const [a, b] = [await site.visit(visitor), await site.visit(visitor)]
    await a.open()
    await a.add(DOCUMENTS)
    await b.open()
    await a.arm('write', 'hold')
    const held = a.held('write')
    const adding = a.add(numbered('a', 3))
    await held
    const begun = Date.now()
    await expect(b.add(numbered('b', 3))).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
    expect(Date.now() - begun).toBeLessThan(8_000)
    expect(await b.search('moons')).toMatchObject({ total: 12 })
    await site.release()
    expect(await adding).toMatchObject({ added: 3 })
    expect(await b.add(numbered('b', 3))).toMatchObject({ added: 3 })
    await eventually(async () => {
      for (const tab of [a, b]) expect(await tab.info()).toMatchObject({ documents: 18, pending: 0 })
    })
    await visitor.close()
  })

  describe('of another version', () => {
    /** A tab of this version whose database counts as one version older: what a later version does to it. */
    const newer = () => {
      const { open } = IDBFactory.prototype
      IDBFactory.prototype.open = function (name, version) {
        return open.call(this, name, version && version + 1)
      }
    }
    /** Holds the database and does not listen, as an old script might. */
    const holdDatabase = (tab: Tab) =>
      tab.page.evaluate(
        () =>
          new Promise<void>((resolve, reject) => {
            const request = indexedDB.open('maxsift:docs')
            request.onsuccess = () => {
              Object.assign(globalThis, { kept: request.result })
              resolve()
            }
            request.onerror = () => reject(request.error)
          }),
      )

    it('an old one that does not let go: STORE_BLOCKED within 5 s; when it is gone all works', async () => {
      const visitor = await site.visitor()
      const old = await site.visit(visitor)
      await old.open()
      await old.add(DOCUMENTS)
      await old.close()
      await holdDatabase(old)
      const tab = await site.visit(visitor, newer)
      const begun = Date.now()
      await expect(tab.open({ worker: false })).rejects.toMatchObject({ name: 'MaxsiftError', code: 'STORE_BLOCKED' })
      expect(Date.now() - begun).toBeLessThan(7_000)
      await old.page.close()
      expect(await tab.open({ worker: false })).toMatchObject({ documents: 12 })
      await visitor.close()
    })

    it('removing what an old one holds: STORE_BLOCKED, and removed when it is gone', async () => {
      const visitor = await site.visitor()
      const tab = await site.visit(visitor)
      await tab.open()
      await tab.add(DOCUMENTS)
      const old = await site.visit(visitor)
      await holdDatabase(old)
      await expect(tab.destroy()).rejects.toMatchObject({ code: 'STORE_BLOCKED' })
      await old.page.close()
      await tab.reload()
      expect(await tab.open()).toMatchObject({ documents: 0 })
      await visitor.close()
    })

    it('ours lets a newer one pass, and then says that it is too old', async () => {
      const visitor = await site.visitor()
      const old = await site.visit(visitor)
      await old.open()
      await old.add(DOCUMENTS)
      const tab = await site.visit(visitor, newer)
      expect(await tab.open({ worker: false })).toMatchObject({ documents: 12 })
      expect(await tab.add(numbered('a', 3))).toMatchObject({ added: 3 })
      const mismatch = { name: 'MaxsiftError', code: 'INDEX_VERSION_MISMATCH' }
      await expect(old.add(numbered('b', 3))).rejects.toMatchObject(mismatch)
      await expect(old.search('moons')).rejects.toMatchObject(mismatch)
      await visitor.close()
    })
  })

  it('one that removes the index: the other hears of it and is not broken', async () => {
    const visitor = await site.visitor()
    const [a, b] = [await site.visit(visitor), await site.visit(visitor)]
    for (const tab of [a, b]) await tab.open()
    await a.add(DOCUMENTS)
    await eventually(async () => expect(await b.info()).toMatchObject({ documents: 12 }))
    await a.destroy()
    await eventually(async () =>
      expect(await b.heard()).toContainEqual(expect.objectContaining({ type: 'error', code: 'STORE_LOST' })),
    )
    await b.close()
    expect(await b.open()).toMatchObject({ documents: 0 })
    expect(await b.add(DOCUMENTS)).toMatchObject({ added: 12 })
    await visitor.close()
  })

  describe('a tab comes back from the back-forward cache', () => {
    /** Leaves and comes back; gives whether the page was kept meanwhile. */
    async function leave(tab: Tab, meanwhile = async () => {}): Promise<boolean> {
      await tab.page.evaluate(() => Object.assign(globalThis, { kept: true }))
      await tab.page.goto(new URL('/elsewhere.txt', site.address).href)
      await meanwhile()
      // A page that comes from the cache does not load again.
      await tab.page.goBack({ waitUntil: 'commit' })
      await tab.ready()
      return tab.page.evaluate(() => 'kept' in globalThis)
    }

    it.each([true, false])('with its index (worker: %s)', async (worker) => {
      const visitor = await site.visitor()
      const tab = await site.visit(visitor)
      await tab.open({ worker })
      await tab.add(DOCUMENTS)
      const before = await tab.search('moons')
      expect(await leave(tab)).toBe(true)
      expect(await tab.search('moons')).toEqual(before)
      expect(await tab.add(numbered('a', 3))).toMatchObject({ added: 3 })
      await visitor.close()
    })

    it.each([true, false])('to what another tab has added (worker: %s)', async (worker) => {
      const visitor = await site.visitor()
      const [tab, other] = [await site.visit(visitor), await site.visit(visitor)]
      await tab.open({ worker })
      await tab.add(DOCUMENTS)
      await other.open()
      const kept = await leave(tab, async () => {
        await other.add(numbered('a', 3))
      })
      // A browser may drop a page that something was sent to; then it is as after a reload.
      if (!kept) await tab.open({ worker })
      await eventually(async () => expect(await tab.info()).toMatchObject({ documents: 15 }))
      expect(await tab.search('moons')).toEqual(await other.search('moons'))
      await visitor.close()
    })
  })
})
