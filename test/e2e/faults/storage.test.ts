import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DOCUMENTS } from '../../api/setup.ts'
import type { Point } from './faults.ts'
import { browserMissing, Site, type Tab, unlessMissing } from './site.ts'

/** The text of each document, found by a search that lets all through. */
async function texts(tab: Tab): Promise<Record<string, string>> {
  const { hits, total } = await tab.search('the moons of Jupiter')
  expect(hits.length).toBe(total)
  return Object.fromEntries(hits.map(({ id, text }) => [id, text]))
}

describe.skipIf(browserMissing)(`the storage fails${unlessMissing}`, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open()
  })
  afterAll(() => site?.close())

  describe('the tab dies in a commit', () => {
    const old = { a: 'Jupiter has four bright moons.', b: 'Saturn has rings.' }
    const update = { b: 'Saturn has many moons, too.', c: 'Bread needs time.' }
    const toDocuments = (all: Record<string, string>) => Object.entries(all).map(([id, text]) => ({ id, text }))

    // An `add` writes twice: the texts, then their token vectors.
    const steps: [string, Point, number, boolean][] = [
      ['before the texts are written', 'write', 1, false],
      ['while the texts are written', 'put', 1, false],
      ['when the texts are written', 'tell', 1, true],
      ['before the vectors are written', 'write', 2, true],
      ['while the vectors are written', 'put', 2, true],
      ['when the vectors are written', 'tell', 2, true],
    ]
    it.each(steps)('%s', async (_, point, nth, kept) => {
      const visitor = await site.visitor()
      const first = await site.visit(visitor)
      await first.open()
      await first.add(toDocuments(old))
      const { generation } = await first.info()
      await first.arm(point, 'hold', nth)
      const held = first.held(point)
      first.add(toDocuments(update)).catch(() => {})
      await held
      const crashed = first.page.waitForEvent('crash')
      // Answers nothing: who should answer is dead.
      void (await first.cdp()).send('Page.crash').catch(() => {})
      await crashed

      const second = await site.visit(visitor)
      const opened = await second.open()
      // Of one generation, wholly: nothing of the new texts is found before their vectors are there.
      expect([generation, generation + 1, generation + 2]).toContain(opened.generation)
      if (!kept) expect(opened).toMatchObject({ generation, documents: 2, pending: 0 })
      const now = await texts(second)
      expect([old, { ...old, ...update }]).toContainEqual(now)
      // What was written goes on by itself.
      const expected = kept ? { ...old, ...update } : old
      await vi.waitFor(async () => expect(await texts(second)).toEqual(expected), { timeout: 15_000, interval: 200 })
      expect(await second.info()).toMatchObject({ documents: kept ? 3 : 2, pending: 0 })
      // And what was not can be added.
      expect(await second.add(toDocuments(update))).toMatchObject(kept ? { unchanged: 2 } : { added: 1, updated: 1 })
      expect(await texts(second)).toEqual({ ...old, ...update })
      await visitor.close()
    })
  })

  it('has no room left in the middle of an add', async () => {
    const visitor = await site.visitor()
    const tab = await site.visit(visitor)
    const cdp = await tab.cdp()
    const { origin } = new URL(site.address)
    // Before anything is stored: Chromium keeps the room that it once found for half a minute.
    await cdp.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8 * 2 ** 20 })
    await tab.open()
    const failure = await tab
      .settled(() => {
        function* documents() {
          // Small records pass whatever the quota; data of this size counts.
          const meta = { data: 'x'.repeat(2 ** 20) }
          for (let i = 0; i < 64; i++) yield { id: `small ${i}`, text: `Number ${i}.` }
          for (let i = 0; i < 36; i++) yield { id: `large ${i}`, text: `Number ${i}.`, meta }
        }
        return settle(() => index.add(documents()))
      }, null)
      .catch((error) => error)
    expect(failure).toMatchObject({ name: 'MaxsiftError', code: 'STORE_QUOTA' })
    const { documents, pending } = await tab.info()
    expect({ documents, pending }).toEqual({ documents: 64, pending: 0 })
    expect(await tab.search('moons', { limit: 3 })).toMatchObject({ total: documents })
    await cdp.send('Storage.overrideQuotaForOrigin', { origin })
    const meta = { data: 'x'.repeat(2 ** 20) }
    const large = DOCUMENTS.map((document) => ({ ...document, meta }))
    expect(await tab.add(large)).toMatchObject({ added: 12 })
    expect(await tab.search('moons', { limit: 3 })).toMatchObject({ total: documents + 12 })
    // Nothing of what failed comes back.
    await tab.reload()
    expect(await tab.open()).toMatchObject({ documents: documents + 12, pending: 0 })
    await visitor.close()
  })

  describe('something stored is not what it was', () => {
    /** Does something to the first blob of a kind, with the browser's own means, as nobody should. */
    const damage = (tab: Tab, kind: 'codes' | 'records' | 'text' | 'manifest', how: 'flip' | 'cut' | 'delete') =>
      tab.page.evaluate(
        async ([kind, how]) => {
          const done = <Value>(request: IDBRequest<Value>) =>
            new Promise<Value>((resolve, reject) => {
              request.onsuccess = () => resolve(request.result)
              request.onerror = () => reject(request.error)
            })
          const db = await done(indexedDB.open('maxsift:docs'))
          const transaction = db.transaction(['blobs', 'manifest'], 'readwrite')
          const manifests = transaction.objectStore('manifest')
          const blobs = transaction.objectStore('blobs')
          const manifest: string = await done(manifests.get('current'))
          const all = JSON.parse(manifest)
          const name = kind === 'manifest' ? '' : all.index.segments[0][kind][0].name
          if (kind === 'manifest') manifests.put(manifest.replace('"generation":', '"generation":1'), 'current')
          else if (how === 'delete') blobs.delete(name)
          else {
            const bytes = new Uint8Array(await done(blobs.get(name)))
            bytes[bytes.length >> 1] ^= 4
            blobs.put(how === 'flip' ? bytes.buffer : bytes.buffer.slice(0, -1), name)
          }
          await new Promise((resolve) => {
            transaction.oncomplete = resolve
          })
          db.close()
          return name as string
        },
        [kind, how] as const,
      )

    const cases = [
      ['codes', 'flip'],
      ['codes', 'delete'],
      ['records', 'cut'],
      ['manifest', 'flip'],
    ] as const
    it('an index that cannot be opened says which part; it is removed by name and built again', async () => {
      const visitor = await site.visitor()
      const tab = await site.visit(visitor)
      // One that stays open keeps the device and the model for the others.
      await tab.open({ name: 'beside', store: 'memory' })
      for (const [kind, how] of cases) {
        await tab.open()
        await tab.add(DOCUMENTS)
        await tab.close()
        const name = await damage(tab, kind, how)
        const failure = await tab.open().catch((error) => error)
        expect(failure).toMatchObject({ name: 'MaxsiftError', code: 'STORE_CORRUPT' })
        expect(failure.message).toContain(kind === 'manifest' ? 'manifest' : name)
        const listed = await tab.settled(() => settle(() => maxsift.listIndexes()), null)
        expect(listed).toMatchObject([{ name: 'docs', ...(kind === 'manifest' && { problem: 'STORE_CORRUPT' }) }])
        await tab.settled(() => settle(() => maxsift.removeIndex('docs')), null)
        expect(await tab.settled(() => settle(() => maxsift.listIndexes()), null)).toEqual([])
      }
      await tab.open()
      expect(await tab.add(DOCUMENTS)).toMatchObject({ added: 12 })
      await visitor.close()
    })

    it('an open index goes on with what it has, names the part that it cannot show, and can be destroyed', async () => {
      const visitor = await site.visitor()
      const tab = await site.visit(visitor)
      await tab.open()
      await tab.add(DOCUMENTS)
      const before = await tab.search('moons')
      await damage(tab, 'codes', 'flip')
      // The token vectors are on the GPU already.
      expect(await tab.search('moons')).toEqual(before)
      for (const how of ['flip', 'delete'] as const) {
        const name = await damage(tab, 'text', how)
        const failure = await tab.search('moons').catch((error) => error)
        expect(failure).toMatchObject({ code: 'STORE_CORRUPT', detail: { blob: name } })
        expect(failure.message).toContain(name)
      }
      await tab.destroy()
      expect(await tab.open()).toMatchObject({ documents: 0 })
      await tab.add(DOCUMENTS)
      const hits = ({ hits }: typeof before) => hits.map(({ id, text }) => ({ id, text }))
      expect(hits(await tab.search('moons'))).toEqual(hits(before))
      await visitor.close()
    })
  })

  describe('the connection fails', () => {
    let tab: Tab
    beforeAll(async () => {
      tab = await site.visit(await site.visitor())
      await tab.open()
      await tab.add(DOCUMENTS)
      await tab.install()
    })

    it.each(['InvalidStateError', 'UnknownError'] as const)('%s once: nobody notices', async (name) => {
      const before = await tab.search('moons')
      await tab.arm('read', name)
      expect(await tab.search('moons')).toEqual(before)
      await tab.arm('write', name)
      expect(await tab.add([{ id: name, text: 'Something new.' }])).toMatchObject({ added: 1 })
      expect(await tab.search('moons')).toMatchObject({ total: before.total + 1 })
    })

    it('again and again: three times it is opened anew, then STORE_LOST; later it works again', async () => {
      const before = await tab.search('moons')
      const opened = () => tab.engine.evaluate(() => faults.passed.open)
      for (const point of ['read', 'write'] as const) {
        const already = await opened()
        await tab.arm(point, 'InvalidStateError', 1, 100)
        const call = point === 'read' ? tab.search('moons') : tab.add([{ id: 'new', text: 'Something new.' }])
        await expect(call).rejects.toMatchObject({ name: 'MaxsiftError', code: 'STORE_LOST' })
        expect((await opened()) - already).toBe(3)
        await tab.disarm()
        expect(await tab.search('moons')).toEqual(before)
      }
      expect(await tab.add([{ id: 'new', text: 'Something new.' }])).toMatchObject({ added: 1 })
    })

    it('the site’s data is wiped, while an index is open and between visits', async () => {
      const wipe = async () => {
        const cdp = await tab.cdp()
        const { origin } = new URL(site.address)
        await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
      }
      await wipe()
      // It is empty, and says so; it can be filled again as it is.
      expect(await tab.search('moons')).toMatchObject({ total: 0 })
      const lost = { type: 'error', code: 'STORE_LOST' }
      expect((await tab.heard()).filter(({ type }) => type === 'error')).toMatchObject([lost])
      expect(await tab.add([{ id: 'newer', text: 'Something newer.' }])).toMatchObject({ added: 1 })
      expect(await tab.search('moons')).toMatchObject({ total: 1 })
      await wipe()
      await tab.reload()
      expect(await tab.open()).toMatchObject({ documents: 0, pending: 0, store: 'indexeddb' })
      expect(await tab.add(DOCUMENTS)).toMatchObject({ added: 12 })
    })
  })
})
