import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DOCUMENTS } from '../../api/setup.ts'
import { install } from './faults.ts'
import { browserMissing, Site, type Tab, unlessMissing, workerWithout } from './site.ts'

describe.skipIf(browserMissing)(`the GPU fails${unlessMissing}`, () => {
  let site: Site
  beforeAll(async () => {
    site = await Site.open()
  })
  afterAll(() => site?.close())

  async function filled(): Promise<Tab> {
    const tab = await site.visit(await site.visitor())
    await tab.open()
    await tab.add(DOCUMENTS)
    return tab
  }

  it('is not there: each reason is told apart, and nothing of the model is fetched', async () => {
    const visitor = await site.visitor()
    const tab = await site.visit(visitor)
    const asked: string[] = []
    visitor.on('request', (request) => asked.push(request.url()))
    const unavailable = (reason: string) => ({ name: 'MaxsiftError', code: 'WEBGPU_UNAVAILABLE', reason })
    await expect(tab.open({ worker: workerWithout('no-gpu') })).rejects.toMatchObject(unavailable('no-api'))
    await expect(tab.open({ worker: workerWithout('no-adapter') })).rejects.toMatchObject(unavailable('no-adapter'))
    await expect(tab.open({ worker: workerWithout('no-device') })).rejects.toMatchObject(unavailable('limits'))
    expect(asked.filter((url) => url.includes('/model/'))).toEqual([])
    const insecure = await site.visit(visitor, undefined, site.insecureAddress)
    for (const worker of [true, false])
      await expect(insecure.open({ worker })).rejects.toMatchObject(unavailable('insecure-context'))
    expect(asked.filter((url) => url.includes('/model/'))).toEqual([])
    // The page is none the worse for it.
    expect(await tab.open()).toMatchObject({ backend: 'webgpu' })
    await visitor.close()
  })

  it('is lost: between calls, in a search, while adding; the call is answered all the same', async () => {
    const tab = await filled()
    await tab.install()
    const before = await tab.search('moons')
    expect(before.total).toBe(12)
    await tab.engine.evaluate(() => faults.device!.destroy())
    expect(await tab.search('moons')).toEqual(before)
    await tab.arm('submit', 'destroy')
    expect(await tab.search('moons')).toEqual(before)
    await tab.engine.evaluate(() => faults.wait(20_000))
    await tab.arm('submit', 'destroy')
    const more = DOCUMENTS.map(({ id, text }) => ({ id: `${id} again`, text: `Again: ${text}` }))
    expect(await tab.add(more)).toMatchObject({ added: 12 })
    expect(await tab.search('moons')).toMatchObject({ total: 24 })
    expect(await tab.info()).toMatchObject({ documents: 24, pending: 0 })
    expect(await tab.heard()).not.toContainEqual(expect.objectContaining({ type: 'error' }))
    await tab.page.context().close()
  })

  it('is lost again at once: DEVICE_LOST, and the next call works', async () => {
    const tab = await filled()
    const before = await tab.search('moons')
    await tab.arm('submit', 'destroy', 1, 2)
    await expect(tab.search('moons')).rejects.toMatchObject({ name: 'MaxsiftError', code: 'DEVICE_LOST' })
    expect(await tab.search('moons')).toEqual(before)
    await tab.engine.evaluate(() => faults.wait(20_000))
    await tab.arm('submit', 'destroy', 1, 2)
    await expect(tab.add([{ id: 'new', text: 'Something new.' }])).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    expect(await tab.search('moons')).toEqual(before)
    expect(await tab.add([{ id: 'new', text: 'Something new.' }])).toMatchObject({ truncated: 0 })
    expect(await tab.info()).toMatchObject({ documents: 13, pending: 0 })
    await tab.page.context().close()
  })

  it('is lost while an index opens', async () => {
    const visitor = await site.visitor()
    const tab = await site.visit(visitor, install)
    await tab.arm('device', 'destroy')
    expect(await tab.open({ worker: false })).toMatchObject({ documents: 0 })
    await tab.add(DOCUMENTS)
    const before = await tab.search('moons')
    await tab.close()
    await tab.arm('device', 'destroy', 1, 10)
    await expect(tab.open({ worker: false })).rejects.toMatchObject({ code: 'DEVICE_LOST' })
    await tab.disarm()
    expect(await tab.open({ worker: false })).toMatchObject({ documents: 12 })
    expect(await tab.search('moons')).toEqual(before)
    await visitor.close()
  })

  it('is lost with the whole GPU process', async () => {
    const tab = await filled()
    const before = await tab.search('moons')
    const browser = await site.browser.newBrowserCDPSession()
    await browser.send('Browser.crashGpuProcess')
    expect(await tab.search('moons')).toEqual(before)
    expect(await tab.add([{ id: 'new', text: 'Something new.' }])).toMatchObject({ added: 1 })
    await tab.page.context().close()
  })

  it('is lost when the server is gone: the model comes from the model store', async () => {
    const tab = await filled()
    const before = await tab.search('moons')
    await site.stopServer()
    await tab.arm('submit', 'destroy')
    expect(await tab.search('moons')).toEqual(before)
    await tab.engine.evaluate(() => faults.wait(20_000))
    await tab.arm('submit', 'destroy')
    expect(await tab.add([{ id: 'new', text: 'Something new.' }])).toMatchObject({ added: 1 })
    await tab.page.context().close()
  })
})
