/** The demo as a person meets it: built, served under the strict policy, used in a browser that can be restarted. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Locator, type Page, type Route, type Worker } from 'playwright'
import { afterEach } from 'vitest'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { buildDemo } from '../../scripts/demo.mjs'
import { serve } from '../../scripts/serve.mjs'
import type { SearchDetail } from '../../src/element/index.ts'
import { sampleFolder } from './demo/sample.ts'
import { type Act, install, type Point } from './faults/faults.ts'

export interface ShownHit {
  title: string
  score: number
}

export const browserMissing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')
export const unlessMissing = browserMissing ? ` — ${browserMissing}` : ''

/** For whatever a page may wait for: the machine may have other work. */
const PATIENCE = 120_000

declare global {
  /** The last `search` event of the page. */
  var found: { query: string; hits: ShownHit[] } | undefined
}

export interface DemoOptions {
  /** Folder of a ready-made index of the same model; a small one unless told. */
  sample?: string
  /** Where the page finds the model. */
  address?: string
  /** A name instead of localhost, which browsers do not trust as they trust that. */
  host?: string
  /** Run in the worker before the engine. */
  worker?: string
  /** A selector of what the page shows when it is ready; the search box unless told. */
  shows?: string
  /** The browser of somebody who was here before: its folder, and the port of the server. */
  profile?: string
  port?: number
}

const demos = new Set<Demo>()

// Tests share a page. One that failed leaves it anew, so that the next ones, and its own second try, are not lost with it.
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') for (const demo of demos) await demo.anew().catch(() => {})
})

/** Opens the demo with the model of a folder, with a browser profile of its own. */
export async function openDemo(model: string, options: DemoOptions = {}): Promise<Demo> {
  const folder = mkdtempSync(join(tmpdir(), 'maxsift-demo-'))
  const page = await buildDemo({ outDir: join(folder, 'page'), sample: options.sample ?? (await sampleFolder(model)) })
  const { worker, port, address = 'model/' } = options
  if (worker) {
    const script = readdirSync(join(page, 'assets')).find((name) => /^worker-.*\.js$/.test(name))!
    const path = join(page, 'assets', script)
    writeFileSync(path, `${worker}\n${readFileSync(path, 'utf8')}`)
  }
  const server = await serve({
    port,
    folders: { '/': page, [`/${address}`]: model },
    texts: { '/demo.json': JSON.stringify({ model: address }) },
  })
  const demo = new Demo(server, folder, options)
  await demo.start()
  demos.add(demo)
  return demo
}

export class Demo {
  page!: Page
  /** What the page said on its console, and addresses it asked for elsewhere. */
  readonly complaints: string[] = []
  #context: BrowserContext | null = null
  readonly #held: Route[] = []
  #profiles = 0

  constructor(
    readonly server: Awaited<ReturnType<typeof serve>>,
    private readonly folder: string,
    private readonly options: DemoOptions = {},
  ) {}

  get address(): string {
    return this.options.host ? this.server.address.replace('localhost', this.options.host) : this.server.address
  }

  get port(): number {
    return Number(new URL(this.server.address).port)
  }

  /** Where the browser keeps what it keeps. */
  get profile(): string {
    return this.options.profile ?? join(this.folder, `profile ${this.#profiles}`)
  }

  get context(): BrowserContext {
    return this.#context!
  }

  /** Starts the browser, with what it kept before, and opens the page; waits until it can be used. */
  async start(): Promise<void> {
    this.#context = await chromium.launchPersistentContext(this.profile, {
      executablePath: findChromium()?.path,
      args: [
        ...chromiumArguments,
        ...(this.options.host ? [`--host-resolver-rules=MAP ${this.options.host} 127.0.0.1`] : []),
      ],
      ignoreDefaultArgs: refusedArguments,
      viewport: { width: 1200, height: 800 },
    })
    this.#context.setDefaultTimeout(PATIENCE)
    await this.#context.addInitScript(() => {
      document.addEventListener('search', (event) => {
        const { query, hits } = (event as CustomEvent<SearchDetail>).detail
        globalThis.found = { query, hits: hits.map(({ id, title, score }) => ({ title: title ?? id, score })) }
      })
    })
    await this.#context.route('**/hold/**', (route) => void this.#held.push(route))
    this.page = await this.open(this.#context.pages()[0])
  }

  /** Another tab, or the same one once more. */
  async open(given?: Page): Promise<Page> {
    const { server, complaints } = this
    const page = given ?? (await this.context.newPage())
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (new URL(request.url()).port !== new URL(server.address).port) complaints.push(`asked for ${request.url()}`)
    })
    await page.goto(this.address)
    await page.locator(this.options.shows ?? 'maxsift-search').waitFor()
    return page
  }

  /** Loads the page once more, with what is kept. */
  async anew(): Promise<void> {
    this.complaints.length = 0
    await this.page.reload()
    await this.page.locator(this.options.shows ?? 'maxsift-search').waitFor()
  }

  /** Begins anew, as another person would: nothing is kept. */
  async fresh(): Promise<void> {
    await this.closeBrowser()
    this.#profiles += 1
    this.complaints.length = 0
    await this.start()
  }

  /** Waits until the page would open without a network. */
  async keptOffline(): Promise<void> {
    await this.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}))
  }

  async closeBrowser(): Promise<void> {
    await this.#context?.close()
    this.#context = null
  }

  stopServer(): Promise<void> {
    return this.server.close()
  }

  /** Adds one file and waits until its documents are in the index. @throws Error with what the page says instead */
  async add(name: string, text: string | Buffer, timeout = PATIENCE): Promise<void> {
    await this.give({ [name]: text }, timeout)
    const problems = this.intake.locator('.problems')
    if (await problems.isVisible()) throw new Error(`The page says: ${await problems.textContent()}`)
  }

  /** Chooses files and waits until reading has ended one way or the other. */
  async give(files: Record<string, string | Buffer>, timeout = PATIENCE): Promise<void> {
    const close = this.intake.getByRole('button', { name: 'Close' })
    if (await close.isVisible()) await close.click()
    const payload = Object.entries(files).map(([name, text]) => ({
      name,
      mimeType: 'text/plain',
      buffer: Buffer.from(text),
    }))
    await this.page.setInputFiles('#pick-files', payload)
    await this.ended(timeout)
  }

  /** Drops files and folders of this machine on a page, as a person would. */
  async drop(paths: string[], page = this.page): Promise<void> {
    const session = await this.context.newCDPSession(page)
    const data = { items: [], files: paths, dragOperationsMask: 1 }
    const drag = (type: 'dragEnter' | 'dragOver' | 'drop') =>
      session.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data })
    await page.bringToFront()
    await drag('dragEnter')
    // The page has to have said that it takes the files.
    do await drag('dragOver')
    while (!(await page.locator('.veil').isVisible()))
    await drag('drop')
    await session.detach()
  }

  /** Waits until files are read, or reading has stopped. */
  async ended(timeout = PATIENCE): Promise<void> {
    await this.intake.getByRole('heading', { name: /^Done|^Stopped/ }).waitFor({ timeout })
  }

  /** Lets a fault strike the engine of a page; see `Faults.arm`. */
  async arm(point: Point, act: Act, nth = 1, times = 1, page = this.page): Promise<void> {
    const engine = this.engine(page)
    await engine.evaluate(install)
    await engine.evaluate(([point, act, nth, times]) => faults.arm(point, act, nth, times), [
      point,
      act,
      nth,
      times,
    ] as const)
  }

  /** Lets go on what a fault held. */
  async release(): Promise<void> {
    for (const route of this.#held.splice(0)) await route.fulfill({ status: 204 })
  }

  async disarm(page = this.page): Promise<void> {
    await this.engine(page).evaluate(() => faults.disarm())
  }

  /** The worker in which the engine runs; PDFs are read in others. */
  engine(page = this.page): Worker {
    return page.workers().find((worker) => /\/worker-[^/]*$/.test(worker.url()))!
  }

  /** The card that says how far reading is. */
  get intake(): Locator {
    return this.page.locator('.intake')
  }

  get box(): Locator {
    return this.page.getByRole('combobox')
  }

  /** Types a query and gives the hits shown for it, best first. */
  async search(query: string): Promise<ShownHit[]> {
    const { page } = this
    // A page behind another one draws nothing, and waits with what waits for that.
    await page.bringToFront()
    // What was under way is given up with this.
    await this.box.fill('')
    await page.evaluate(() => {
      globalThis.found = undefined
    })
    await this.box.fill(query)
    await page.waitForFunction((query) => globalThis.found?.query === query, query, { timeout: PATIENCE })
    const hits = await page.evaluate(() => globalThis.found!.hits)
    const titles = await this.titles()
    if (titles.join() !== hits.map(({ title }) => title).join()) throw new Error(`The page shows ${titles}`)
    return hits
  }

  /** Titles of the rows that are shown, from the top. */
  titles(): Promise<string[]> {
    return this.page.locator('maxsift-search [part="title"]').allTextContents()
  }

  async close(): Promise<void> {
    demos.delete(this)
    await this.closeBrowser()
    await this.stopServer()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
