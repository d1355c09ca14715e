import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DOCUMENTS } from '../../api/setup.ts'
import { browserMissing, Site, type Tab, unlessMissing, workerWithout } from './site.ts'

describe.skipIf(browserMissing)(`what a page may do, and what it has${unlessMissing}`, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open()
  })
  afterAll(() => site?.close())

  /** What the browser holds against a page, and against the workers that it starts. */
  function complaintsOf({ page }: Tab): string[] {
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      // A checkpoint need not have every file that is asked for.
      if (!message.location().url.includes('/model/')) complaints.push(`${message.type()}: ${message.text()}`)
    })
    return complaints
  }

  it.each([
    ['IndexedDB', 'no-indexeddb'],
    ['Cache API', 'no-caches'],
    ['Web Locks', 'no-locks'],
    ['BroadcastChannel', 'no-broadcast'],
    ['an origin of its own', 'no-origin'],
  ] as const)('without %s everything works as far as it can', async (_, what) => {
    const visitor = await site.visitor()
    const tab = await site.visit(visitor)
    const complaints = complaintsOf(tab)
    const worker = workerWithout(what)
    const kept = what !== 'no-indexeddb' && what !== 'no-origin'
    expect(await tab.open({ worker })).toMatchObject({ store: kept ? 'indexeddb' : 'memory' })
    expect(await tab.add(DOCUMENTS)).toMatchObject({ added: 12 })
    const before = await tab.search('moons')
    expect(before.total).toBe(12)
    const lost = { type: 'error', name: 'MaxsiftError', code: 'STORE_LOST' }
    const errors = (await tab.heard()).filter(({ type }) => type === 'error')
    expect(errors).toMatchObject(kept ? [] : [lost])
    await tab.reload()
    expect(await tab.open({ worker })).toMatchObject({ documents: kept ? 12 : 0 })
    if (kept) expect(await tab.search('moons')).toEqual(before)
    expect(complaints).toEqual([])
    await visitor.close()
  })

  it('under the strict policy: filled, reloaded, searched; a search asks for nothing; all of it offline', async () => {
    const visitor = await site.visitor()
    const tab = await site.visit(visitor)
    const complaints = complaintsOf(tab)
    await tab.page.evaluate(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(event.violatedDirective))
    })
    await tab.open()
    await tab.add(DOCUMENTS)
    const before = await tab.search('moons', { limit: 100, explain: true, passages: 2 })
    expect(before.hits).toHaveLength(12)
    await tab.reload()
    await tab.open()
    const asked: string[] = []
    visitor.on('request', (request) => asked.push(request.url()))
    expect(await tab.search('moons')).toEqual(before)
    expect(await tab.add([...DOCUMENTS, { id: 'new', text: 'Something new.' }])).toMatchObject({ added: 1 })
    expect(asked).toEqual([])
    expect(complaints).toEqual([])

    // No server any more; of the page itself the browser has a copy, as a service worker would keep it.
    await site.stopServer()
    const { total, hits } = await tab.search('moons')
    expect(total).toBe(13)
    const missed: string[] = []
    await visitor.route('**/*', (route) => {
      const { pathname } = new URL(route.request().url())
      const body = site.kept(pathname)
      if (body === undefined) missed.push(pathname)
      return body === undefined ? route.abort() : route.fulfill(body)
    })
    await tab.reload()
    await tab.open()
    expect(await tab.search('moons')).toEqual({ total, hits })
    expect(await tab.add([{ id: 'newer', text: 'Something newer.' }])).toMatchObject({ added: 1 })
    expect(missed).toEqual([])
    expect(complaints).toEqual([])
    await visitor.close()
  })
})
