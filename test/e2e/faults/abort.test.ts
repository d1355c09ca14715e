import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DOCUMENTS } from '../../api/setup.ts'
import { install, type Point } from './faults.ts'
import { browserMissing, Site, type Tab, unlessMissing } from './site.ts'

const ABORTED = { name: 'AbortError' }

/** What an `add` under test adds to the twelve that are there. */
const MORE = Array.from({ length: 3 }, (_, i) => ({ id: `more${i}`, text: `More of this, number ${i}.` }))

describe.skipIf(browserMissing)(`abort${unlessMissing}`, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open()
  })
  afterAll(() => site?.close())

  it.each([true, false])('while the model is fetched (worker: %s)', async (worker) => {
    const visitor = await site.visitor()
    const tab = await site.visit(visitor, install)
    for (const file of ['tokenizer.json', 'model.safetensors']) {
      await visitor.route(`**/model/${file}`, () => {})
      const asked = tab.page.waitForRequest(`**/model/${file}`)
      const opened = tab.settled((worker) => {
        faults.control = new AbortController()
        const { signal } = faults.control
        return settle(() => maxsift.createIndex({ name: 'docs', model: '/model/', worker, signal }))
      }, worker)
      await asked
      await tab.page.evaluate(() => faults.control.abort())
      await expect(opened).rejects.toMatchObject(ABORTED)
      await visitor.unroute(`**/model/${file}`)
    }
    expect(await tab.open({ worker })).toMatchObject({ documents: 0 })
    expect(await tab.add(DOCUMENTS)).toMatchObject({ added: 12 })
    await visitor.close()
  })

  describe('in the thread of the page, where it can come at any step', () => {
    let tab: Tab
    beforeAll(async () => {
      tab = await site.visit(await site.visitor(), install)
      // One that stays open keeps the device and the model for the others.
      await tab.open({ worker: false, name: 'beside', store: 'memory' })
      await tab.open({ worker: false })
      await tab.add(DOCUMENTS)
    })

    const arm = (point: Point, nth: number) =>
      tab.page.evaluate(
        ([point, nth]) => {
          faults.disarm()
          faults.control = new AbortController()
          faults.arm(point, 'abort', nth)
        },
        [point, nth] as const,
      )

    const calls = {
      open: () =>
        tab.settled(
          () =>
            settle(async () => {
              const { signal } = faults.control
              globalThis.index = await maxsift.createIndex({ name: 'docs', model: '/model/', worker: false, signal })
            }),
          null,
        ),
      add: () =>
        tab.settled(
          (more) => settle(async () => void (await index.add(more, { signal: faults.control.signal }))),
          MORE,
        ),
      search: () =>
        tab.settled(
          () => settle(async () => void (await index.search('moons', { signal: faults.control.signal }))),
          null,
        ),
    }

    /** Aborts the call at the first, second, … time that it passes the point, until it passes no more. */
    async function atEvery(point: Point, call: keyof typeof calls, after: () => Promise<void>): Promise<number> {
      for (let nth = 1; ; nth++) {
        if (call === 'open') await tab.close()
        await arm(point, nth)
        const outcome = await calls[call]().catch((error) => error)
        const aborted = await tab.page.evaluate(() => faults.control.signal.aborted)
        // One that comes with the last step finds nothing more to stop.
        if (outcome !== undefined) expect(outcome).toMatchObject(ABORTED)
        if (outcome !== undefined && call === 'open') await tab.open({ worker: false })
        await after()
        if (!aborted) return nth - 1
      }
    }

    it('of opening', async () => {
      const before = await tab.search('moons')
      const times = await atEvery('read', 'open', async () => {
        expect(await tab.info()).toMatchObject({ documents: 12, pending: 0 })
        expect(await tab.search('moons')).toEqual(before)
      })
      expect(times).toBeGreaterThanOrEqual(3)
    })

    it('of a search', async () => {
      const before = await tab.search('moons')
      for (const point of ['submit', 'read'] as const) {
        const times = await atEvery(point, 'search', async () => {
          expect(await tab.search('moons')).toEqual(before)
        })
        expect(times).toBeGreaterThanOrEqual(1)
      }
    })

    it.each(['submit', 'read', 'write', 'put', 'tell'] as const)('of adding, at each "%s"', async (point) => {
      const times = await atEvery(point, 'add', async () => {
        // All of it or nothing, and nothing that waits to come back.
        const { documents, pending } = await tab.info()
        expect([12, 15]).toContain(documents)
        expect(pending).toBe(0)
        expect(await tab.search('moons')).toMatchObject({ total: documents })
        const left = await tab.settled(
          (ids) => settle(() => index.remove(ids)),
          MORE.map(({ id }) => id),
        )
        expect(left).toMatchObject({ removed: documents - 12 })
      })
      expect(times).toBeGreaterThanOrEqual(1)
    })

    it('between documents', async () => {
      const outcome = tab.settled(() => {
        faults.disarm()
        faults.control = new AbortController()
        const { signal } = faults.control
        async function* documents() {
          for (let i = 0; i < 200; i++) {
            if (i === 100) {
              // The first batch is being encoded meanwhile.
              while ((await index.info()).documents < 12 + 64) await new Promise((done) => setTimeout(done, 20))
              faults.control.abort()
            }
            yield { id: `n${i}`, text: `Number ${i}.` }
          }
        }
        return settle(() => index.add(documents(), { signal }))
      }, null)
      await expect(outcome).rejects.toMatchObject(ABORTED)
      expect(await tab.info()).toMatchObject({ documents: 12 + 64, pending: 0 })
      expect(await tab.search('moons')).toMatchObject({ total: 12 + 64 })
      expect(await tab.add(MORE)).toMatchObject({ added: 3 })
    })
  })
})
