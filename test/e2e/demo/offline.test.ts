import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePdf } from '../../demo/pdf-writer.ts'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'

const NOTES = {
  'tea.md': '# Tea\n\nGreen tea turns bitter in boiling water.',
  'bread.html': '<title>Bread</title><p>Leave the dough near the stove overnight.',
}

describe.skipIf(browserMissing)(`demo: offline${unlessMissing}`, () => {
  let demo: Demo
  beforeAll(async () => {
    demo = await openDemo(checkpointFolder('stanford'))
  })
  afterAll(() => demo?.close())

  it('once the page is kept, nothing is asked of any server, whatever is done', async () => {
    await demo.keptOffline()
    await demo.page.waitForFunction(() => navigator.serviceWorker.controller !== null)
    const before = demo.server.requests.length
    const line = { text: 'The page about lanterns.', x: 72, y: 700, size: 14 }
    await demo.give({ ...NOTES, 'paper.pdf': Buffer.from(writePdf([[line]])), 'a.jsonl': '{"id":"1","text":"One."}' })
    await demo.search('lanterns')
    await demo.page
      .getByRole('button', { name: /^Why\?/ })
      .first()
      .click()
    await demo.page.getByRole('option').first().click()
    await demo.page.getByRole('dialog').waitFor()
    await demo.page.keyboard.press('Escape')
    await demo.page.getByRole('radio', { name: /maxsift docs/ }).check()
    await demo.search('disk')
    await demo.page.getByRole('option').first().click()
    await demo.page.getByRole('dialog').waitFor()
    await demo.page.keyboard.press('Escape')
    await demo.page.getByRole('button', { name: 'Storage and privacy' }).click()
    await demo.page.locator('dd').first().waitFor()
    await demo.page.keyboard.press('Escape')
    expect(demo.server.requests.slice(before)).toEqual([])
    expect(demo.complaints).toEqual([])
  })

  it('the model is kept once, by the engine, and not with the page', async () => {
    const kept = await demo.page.evaluate(async () => {
      const names = await caches.keys()
      const entries = await Promise.all(
        names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => ({ name, url }))),
      )
      return entries.flat()
    })
    const weights = kept.filter(({ url }) => url.endsWith('.safetensors'))
    expect(weights.length).toBeGreaterThan(0)
    expect(new Set(weights.map(({ name }) => name))).toEqual(new Set(['maxsift-models']))
    expect(new Set(weights.map(({ url }) => url.split('/').at(-1))).size).toBe(weights.length)
    expect(kept.filter(({ url }) => url.includes('/sample/')).length).toBeGreaterThan(0)
  })

  it('it comes back in a new browser, without a network', async () => {
    const query = 'hot water'
    await demo.page.getByRole('radio', { name: /Your documents/ }).check()
    const before = await demo.search(query)
    expect(before.length).toBe(4)
    await demo.closeBrowser()
    await demo.stopServer()
    await demo.start()
    expect(await demo.search(query)).toEqual(before)
    await demo.add('new.md', '# New\n\nAdded without a network.')
    await demo.page.getByRole('radio', { name: /maxsift docs/ }).check()
    expect((await demo.search('disk')).map(({ title }) => title).sort()).toEqual(['Storage', 'The model'])
    expect(demo.complaints).toEqual([])
  })
})
