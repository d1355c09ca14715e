/** Two search elements in a page and nothing else: the built package, under the strict policy, over real indexes. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { root } from '../../scripts/run.mjs'
import { serve } from '../../scripts/serve.mjs'
import type { SearchDetail } from '../../src/element/types.ts'
import { checkpointFolder } from '../goldens/checkpoints.ts'
import { gpuMissing } from '../gpu.ts'
import { cli } from '../node/cli.ts'

const browserMissing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')
const missing = browserMissing ?? (await gpuMissing())

const PAGE = `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Two searches</title>
  <maxsift-search source="search/" model="./model/" placeholder="Search the handbook"></maxsift-search>
  <maxsift-search name="notes" model="./model/" placeholder="Search your notes" preload="focus"></maxsift-search>
  <script type="module" src="page.js"></script>
</html>`

/** Beside the element, only what the test listens with. */
const SCRIPT = `
globalThis.seen = []
for (const type of ['search', 'select', 'progress', 'error'])
  document.addEventListener(type, ({ target, detail }) => {
    const error = detail.error && { code: detail.error.code, message: detail.error.message }
    seen.push({ type, placeholder: target.placeholder, detail: error ?? detail })
  })
document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => seen.push({ type: violatedDirective }))
await import('./dist/element.js')
globalThis.maxsift = await import('./dist/index.js')
`

const filler = '<p>Waves come and go below it, day after day, and nobody counts them.</p>\n'.repeat(60)
const SITE: Record<string, string> = {
  'sea/lighthouse.html': `<title>The old lighthouse</title><h1>The old lighthouse</h1>${filler}<h2 id="lamp">The lamp</h2><p>The lamp of the old lighthouse turns once in nine seconds.</p>${filler}`,
  'bread.html': `<title>Bread</title>${filler}<p>Feed a sourdough starter with flour, water and well-known patience.</p>${filler}`,
  'moons.html': '<title>Moons</title><p>Jupiter has four bright moons.</p>',
}

interface Heard {
  type: string
  placeholder: string
  detail: SearchDetail & { code?: string; message?: string; stage?: string }
}
declare global {
  var seen: Heard[]
  var maxsift: typeof import('../../src/index.ts')
}

describe.skipIf(missing)(`two elements in a page${missing ? ` — ${missing}` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'maxsift-element-'))
  const model = join(root, checkpointFolder('stanford'))
  const complaints: string[] = []
  let server: Awaited<ReturnType<typeof serve>>
  let browser: Browser
  let context: BrowserContext
  let page: Page

  beforeAll(async () => {
    for (const [path, text] of Object.entries(SITE)) {
      const file = join(folder, 'site', path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    const out = join(folder, 'index')
    const { code, notes } = await cli('index', join(folder, 'site'), '--out', out, '--model', model)
    expect(code, notes).toBe(0)
    server = await serve({
      folders: {
        '/': join(folder, 'site'),
        '/dist/': join(root, 'dist'),
        '/model/': model,
        '/search/': out,
      },
      texts: { '/index.html': PAGE, '/page.js': SCRIPT, '/favicon.ico': '' },
    })
    browser = await chromium.launch({
      executablePath: findChromium()?.path,
      args: [...chromiumArguments, '--host-resolver-rules=MAP insecure.test 127.0.0.1'],
      ignoreDefaultArgs: refusedArguments,
    })
    await visit()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })
  afterEach(() => expect(complaints.splice(0)).toEqual([]))

  async function visit(address = `${server.address}index.html`): Promise<void> {
    await context?.close()
    context = await browser.newContext()
    page = await context.newPage()
    page.on('console', (message) => {
      const { url } = message.location()
      // A checkpoint need not have every file that is asked for.
      if (!/\/model\/|\/missing\//.test(url)) complaints.push(`${message.type()}: ${message.text()} (${url})`)
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(address)
  }

  const element = (which: 'handbook' | 'notes') => page.locator(`maxsift-search[placeholder*="${which}"]`)
  const box = (which: 'handbook' | 'notes'): Locator => element(which).getByRole('combobox')

  async function heard(type: string): Promise<Heard[]> {
    return (await page.evaluate(() => globalThis.seen)).filter((event) => event.type === type)
  }

  /** Types and gives what the element says it has found. */
  async function search(query: string): Promise<SearchDetail> {
    await box('handbook').fill('')
    await box('handbook').pressSequentially(query)
    // Words answer first, until the model is there.
    await page.waitForFunction((query) => {
      const { query: asked, mode } = globalThis.seen.findLast(({ type }) => type === 'search')?.detail ?? {}
      return asked === query && mode !== 'lexical'
    }, query)
    return (await heard('search')).at(-1)!.detail
  }

  it('shows what the index finds, on one worker', async () => {
    const { hits, total } = await search('four bright moons')
    expect(total).toBe(3)
    const asked = await page.evaluate(async () => {
      const index = await maxsift.createIndex({ source: 'search/', model: './model/' })
      const { hits } = await index.search('four bright moons', { mode: 'hybrid', passages: 3, explain: true })
      await index.close()
      return hits
    })
    expect(hits).toEqual(asked)
    const titles = await element('handbook').locator('[part=title]').allTextContents()
    expect(titles).toEqual(hits.map(({ title }) => title))
    expect((await heard('progress')).map(({ detail }) => detail.stage)).toContain('model')
    await box('notes').fill('anything')
    await element('notes').getByText('There are no documents to search').waitFor()
    expect(page.workers()).toHaveLength(1)
  })

  it('explains a score by parts that add up to it', async () => {
    const { hits } = await search('lamp of the lighthouse')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Alt+ArrowDown')
    const why = element('handbook').locator('[part=why]:visible')
    const cells = (selector: string) =>
      why
        .locator(selector)
        .evaluateAll((cells) => cells.map(({ textContent }) => Math.round(100 * Number(textContent))))
    const sum = (values: number[]) => values.reduce((all, each) => all + each, 0)
    const score = Math.round(100 * Number(hits[0].score.toFixed(2)))
    expect(sum(await cells('tbody td:not(.sum)'))).toBe(score)
    expect((await cells('tfoot td')).at(-1)).toBe(score)
    const tokens = await why.locator('tbody th[scope=row]:not(.marker, .expansion)').allTextContents()
    expect(tokens.join('')).toBe('lampofthelighthouse')
    expect(await why.locator('[part=whole]').allTextContents()).toEqual(hits[0].passages.map(({ text }) => text))
  })

  it('asks for nothing but texts of the index once it is loaded', async () => {
    await search('bread')
    const before = server.requests.length
    await search('patience with flour')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Alt+ArrowDown')
    expect(server.requests.slice(before).filter((path) => !path?.startsWith('/search/blobs/'))).toEqual([])
  })

  it('nothing is searched while an input method composes', async () => {
    await search('lamp')
    const before = (await heard('search')).length
    const cdp = await context.newCDPSession(page)
    for (const text of ['と', 'とう', 'とうだ', '灯台'])
      await cdp.send('Input.imeSetComposition', { text, selectionStart: text.length, selectionEnd: text.length })
    await page.waitForTimeout(400)
    expect(await box('handbook').inputValue()).toBe('lamp灯台')
    expect(await heard('search')).toHaveLength(before)
    await cdp.send('Input.insertText', { text: '灯台' })
    await page.waitForFunction(
      () => globalThis.seen.findLast(({ type }) => type === 'search')?.detail.query === 'lamp灯台',
    )
    expect(await heard('search')).toHaveLength(before + 1)
  })

  it.each([
    ['10,000 characters', 'lamp '.repeat(2000)],
    ['control characters', 'lamp \u0000\u0007\u001b\u202e\ud800'],
  ])('survives %s', async (_, query) => {
    await page.evaluate((query) => {
      document.querySelector('maxsift-search')!.value = query
    }, query)
    await page.waitForFunction(
      (length) => globalThis.seen.findLast(({ type }) => type === 'search')?.detail.query.length === length,
      query.length,
    )
    expect(await element('handbook').locator('[part=title]').count()).toBe(3)
  })

  it('keeps no more of many searches than of one', async () => {
    const cdp = await context.newCDPSession(page)
    const counts = async () => {
      await cdp.send('HeapProfiler.collectGarbage')
      const { nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters')
      return { nodes, jsEventListeners }
    }
    const run = (times: number) =>
      page.evaluate(async (times) => {
        const element = document.querySelector('maxsift-search')!
        for (let i = 0; i < times; i++) {
          element.value = `lamp ${i % 2 ? 'of the lighthouse' : 'light'}`
          await element.refresh()
        }
      }, times)
    await run(5)
    const before = await counts()
    await run(40)
    // What a collection of the heap lets go of, the page frees a little later.
    const kept = async () => {
      const after = await counts()
      return { nodes: after.nodes / before.nodes, listeners: after.jsEventListeners - before.jsEventListeners }
    }
    await expect
      .poll(kept, { timeout: 20_000, interval: 500 })
      .toSatisfy(({ nodes, listeners }: Awaited<ReturnType<typeof kept>>) => nodes < 1.2 && listeners <= 2)
  })

  it('is accessible, in light and dark', async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')
    await search('lamp')
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.evaluate(axe)
      const found = await page.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: typeof import('axe-core') }
        return (await axe.run('maxsift-search')).violations.map(({ id }) => id)
      })
      expect(found).toEqual([])
    }
  })

  it('is a listbox of documents to assistive technology, with buttons beside it', async () => {
    await search('lamp of the lighthouse')
    await page.keyboard.press('ArrowDown')
    const cdp = await context.newCDPSession(page)
    const { nodes } = await cdp.send('Accessibility.getFullAXTree')
    const byId = new Map(nodes.map((node) => [node.nodeId, node]))
    type Node = (typeof nodes)[number]
    /** Children, those of ignored boxes in their place. */
    const children = ({ childIds = [] }: Node): Node[] =>
      childIds.flatMap((id) => {
        const child = byId.get(id)
        if (!child) return []
        return child.ignored || child.role?.value === 'none' || child.role?.value === 'generic'
          ? children(child)
          : [child]
      })
    const listbox = nodes.find(({ role, ignored }) => role?.value === 'listbox' && !ignored)!
    const groups = children(listbox)
    expect(groups.map(({ role }) => role?.value)).toEqual(['group', 'group', 'group'])
    for (const group of groups) expect(children(group).map(({ role }) => role?.value)).toContain('option')
    const combobox = nodes.find(({ role }) => role?.value === 'combobox')!
    const active = combobox.properties?.find(({ name }) => name === 'activedescendant')?.value.relatedNodes?.[0]
    const option = children(groups[0])[0]
    expect(active?.backendDOMNodeId).toBe(option.backendDOMNodeId)
    expect(option.name?.value).toContain(groups[0].name?.value)
    const names = nodes
      .filter(({ role, ignored }) => role?.value === 'button' && !ignored)
      .map(({ name }) => name?.value)
    expect(names).toEqual(expect.arrayContaining(groups.map(({ name }) => `Why? ${name?.value}`)))
  })

  describe('a hit', () => {
    /** Makes the passage active whose row contains these words. */
    async function activate(words: string): Promise<void> {
      const rows = await element('handbook').getByRole('option').allTextContents()
      const at = rows.findIndex((row) => row.includes(words))
      expect(at, rows.join('\n')).toBeGreaterThanOrEqual(0)
      for (let i = 0; i <= at; i++) await page.keyboard.press('ArrowDown')
    }
    const sees = (words: string) =>
      page.waitForFunction((words) => {
        const place = [...document.querySelectorAll('h2, p')].find(({ textContent }) => textContent?.includes(words))
        const { top, bottom } = place!.getBoundingClientRect()
        return scrollY > 0 && top >= 0 && bottom <= innerHeight
      }, words)

    it('opens at its anchor by Enter', async () => {
      await search('The lamp of the old lighthouse turns once in nine seconds.')
      await activate('nine seconds')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/sea/lighthouse.html#lamp')
      await sees('The lamp')
      await visit()
    })

    it('opens at its words where it has no anchor', async () => {
      await search('Feed a sourdough starter with flour, water and well-known patience.')
      await activate('sourdough')
      await page.keyboard.press('Enter')
      await page.waitForURL(/bread\.html#:~:text=/)
      await sees('sourdough')
      await visit()
    })

    it('opens in a new tab by Ctrl and Enter, Ctrl and a click, and the middle button', async () => {
      await search('four bright moons')
      await activate('Jupiter')
      const row = element('handbook')
        .getByRole('option', { name: /Jupiter/ })
        .first()
      for (const open of [
        () => page.keyboard.press('Control+Enter'),
        () => row.click({ modifiers: ['Control'] }),
        () => row.click({ button: 'middle' }),
      ]) {
        const [tab] = await Promise.all([context.waitForEvent('page'), open()])
        await tab.waitForURL(/moons\.html/)
        await tab.close()
      }
      expect(page.url()).toBe(`${server.address}index.html`)
      expect(await heard('select')).toEqual([])
    })
  })

  it('says what is wrong where there is no index', async () => {
    await visit()
    await page.evaluate(() => {
      document.querySelector('maxsift-search')!.source = 'missing/'
    })
    await element('handbook').getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor()
    const [{ detail }] = await heard('error')
    expect(await element('handbook').getByRole('alert').textContent()).toContain(detail.message)
    await page.evaluate(() => {
      document.querySelector('maxsift-search')!.source = 'search/'
    })
    await search('lamp')
    expect(await element('handbook').getByRole('button', { name: 'Try again' }).count()).toBe(0)
  })

  it('says what is wrong on a page that is not secure', async () => {
    await visit(`${server.address}index.html`.replace('localhost', 'insecure.test'))
    await box('notes').focus()
    const alert = element('notes').getByRole('alert')
    await alert.getByText('Searching needs a secure page.').waitFor()
    expect(await alert.textContent()).toContain('https:')
  })
})
