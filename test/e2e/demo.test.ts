import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointFolder, type Golden, loadGolden } from '../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo } from './demo.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')

describe.skipIf(browserMissing)(`demo${browserMissing ? ` — ${browserMissing}` : ''}`, () => {
  let demo: Demo
  let golden: Golden
  let query: string
  let lines: string

  beforeAll(async () => {
    golden = await loadGolden('stanford')
    query = golden.queries[0].text
    lines = golden.documents
      .map(({ text }, at) => JSON.stringify({ id: String(at), title: `t${at}`, text }))
      .filter((_, at) => golden.documents[at].text.trim() !== '')
      .join('\n')
    demo = await openDemo(checkpointFolder('stanford'))
  })
  afterAll(() => demo?.close())

  /** What axe finds; run from outside, since the policy lets no other script in. */
  async function violations(): Promise<string[]> {
    await demo.page.evaluate(axe)
    return demo.page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
      }
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
    })
  }

  it('takes files in and ranks them', async () => {
    await demo.add('documents.jsonl', lines)
    await demo.add('note.md', '# A note\n\nThis is `<b>not</b>` markup, but a **note**.')
    const hits = await demo.search(query)
    expect(hits.length).toBe(10)
    expect(hits).toEqual([...hits].sort((a, b) => b.score - a.score))
    expect(demo.complaints).toEqual([])
  })

  it('shows the marked words and why, as text', async () => {
    await demo.search('note')
    const note = demo.page.locator('#hits > li', { hasText: '<b>not</b>' })
    await note.locator('summary').click()
    const shares = (await note.locator('td:last-child').allTextContents()).map(Number)
    const score = shares.pop()
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(score!, 1)
    expect(await note.locator('mark').count()).toBeGreaterThan(0)
  })

  it('is accessible, in light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await demo.page.emulateMedia({ colorScheme })
      expect(await violations()).toEqual([])
    }
  })

  it('is used by keyboard alone', async () => {
    await demo.page.locator('h1').click()
    await demo.page.keyboard.press('/')
    expect(await demo.page.evaluate(() => document.activeElement?.id)).toBe('query')
    await demo.page.keyboard.press('Tab')
    expect(await demo.page.evaluate(() => document.activeElement?.matches('#hits *'))).toBe(true)
  })

  it('shows how far it is, and stops on request, keeping what was committed', async () => {
    const many = Array.from({ length: 2000 }, (_, at) =>
      JSON.stringify({ id: `m${at}`, text: `moon number ${at} of many` }),
    )
    await demo.page.setInputFiles('#files', {
      name: 'many.jsonl',
      mimeType: 'text/plain',
      buffer: Buffer.from(many.join('\n')),
    })
    await demo.page.waitForFunction(() => (document.getElementById('progress') as HTMLProgressElement).value > 0)
    await demo.page.click('#cancel')
    await demo.page.locator('#busy').waitFor({ state: 'hidden' })
    const kept = Number(/^\d+/.exec((await demo.page.textContent('#summary'))!)![0])
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(2000)
    expect(await demo.page.locator('#alert').isVisible()).toBe(false)
  })

  it('tells what is wrong with a file', async () => {
    await demo.page.setInputFiles('#files', {
      name: 'a.jsonl',
      mimeType: 'text/plain',
      buffer: Buffer.from('{"id":"a","text":"x"}\nno'),
    })
    const alert = demo.page.locator('#alert')
    await alert.waitFor()
    expect(await alert.textContent()).toContain('a.jsonl, line 2: this is not JSON')
  })

  it('removes a hit', async () => {
    const [first] = await demo.search(query)
    // By its name: an earlier search that comes late may still change the order.
    const button = demo.page.getByRole('button', { name: `Remove ${first.title}`, exact: true })
    await button.click()
    await button.waitFor({ state: 'detached' })
    expect((await demo.search(query)).map(({ title }) => title)).not.toContain(first.title)
  })

  it('comes back in a new browser, without a network', async () => {
    const before = await demo.search(query)
    await demo.keptOffline()
    await demo.closeBrowser()
    await demo.stopServer()
    await demo.start()
    expect(await demo.search(query)).toEqual(before)
  })
})
