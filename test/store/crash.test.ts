import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumArguments, findChromium } from '../../scripts/chromium.mjs'
import type { Page as Fixture } from './fixtures/page.ts'

declare const page: Fixture

const executablePath = findChromium()?.path

describe.skipIf(!executablePath)('a renderer killed at each step of a commit (needs a Chromium)', () => {
  let folder: string
  let server: Server
  let browser: Browser
  let address: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maxsift-crash-'))
    await build({
      logLevel: 'error',
      configFile: false,
      publicDir: false,
      build: {
        outDir: folder,
        minify: false,
        lib: { entry: join(import.meta.dirname, 'fixtures/page.ts'), formats: ['es'], fileName: 'page' },
      },
    })
    const scripts = await readdir(folder)
    server = createServer(async (request, response) => {
      const name = request.url!.slice(1)
      response.setHeader('content-type', scripts.includes(name) ? 'text/javascript' : 'text/html')
      const html = `<!doctype html><script type="module" src="/page.js"></script>`
      response.end(scripts.includes(name) ? await readFile(join(folder, name)) : html)
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    browser = await chromium.launch({ executablePath, args: chromiumArguments })
  })

  afterAll(async () => {
    await browser?.close()
    server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('leaves the old or the new index, and no blob without a name', async () => {
    const context = await browser.newContext()
    const open = async () => {
      const opened = await context.newPage()
      await opened.goto(address)
      await opened.waitForFunction(() => 'page' in globalThis)
      return opened
    }
    let current: Page = await open()
    let generation = await current.evaluate(() => page.commit())
    const outcomes = new Set<string>()
    for (let step = 0; ; step++) {
      const session = await context.newCDPSession(current)
      const crashed = current.waitForEvent('crash')
      // The last page is closed instead.
      crashed.catch(() => {})
      const message = current.waitForEvent('console').then((line) => line.text())
      const hanging = current.evaluate((at) => page.commitAndHang(at), step)
      // It rejects when the process is killed; before that it would be the message that never comes.
      hanging.catch(() => {})
      const said = await Promise.race([message, hanging.then(() => message)])
      if (said.startsWith('done')) {
        expect(await hanging).toBe(generation + 1)
        break
      }
      // From the browser, as the page itself hangs in a loop.
      session.send('Page.crash').catch(() => {})
      await crashed
      current = await open()
      const found = await current.evaluate(() => page.look())
      expect(found.ids, said).toEqual(['d'])
      expect(found.stored, said).toEqual(found.named)
      expect(found.text, said).toBe(`of ${found.generation - 1}`)
      expect([generation, generation + 1], said).toContain(found.generation)
      if (said.includes('before')) expect(found.generation, said).toBe(generation)
      if (said.includes('complete')) expect(found.generation, said).toBe(generation + 1)
      generation = found.generation
      outcomes.add(said.replace(/\d+ /, ''))
    }
    expect([...outcomes].sort()).toEqual([
      'hang at after delete',
      'hang at after put',
      'hang at before delete',
      'hang at before put',
      'hang at complete',
    ])
    await context.close()
  }, 60_000)
})
