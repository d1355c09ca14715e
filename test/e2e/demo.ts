/** The demo as a person meets it: built, served under the strict policy, used in a browser that can be restarted. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { buildDemo } from '../../scripts/demo.mjs'
import { serve } from '../../scripts/serve.mjs'

export interface ShownHit {
  title: string
  score: number
}

export const browserMissing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')

/** Opens the demo with the model of a folder, with a browser profile of its own. */
export async function openDemo(model: string): Promise<Demo> {
  const server = await serve({
    folders: { '/': await buildDemo(), '/model/': model },
    texts: { '/demo.json': JSON.stringify({ model: 'model/' }) },
  })
  const demo = new Demo(server, mkdtempSync(join(tmpdir(), 'maxsift-demo-')))
  await demo.start()
  return demo
}

export class Demo {
  page!: Page
  /** What the page said on its console, and addresses it asked for elsewhere. */
  readonly complaints: string[] = []
  #context: BrowserContext | null = null

  constructor(
    private readonly server: Awaited<ReturnType<typeof serve>>,
    private readonly profile: string,
  ) {}

  /** Starts the browser and opens the page; waits until it can be used. */
  async start(): Promise<void> {
    this.#context = await chromium.launchPersistentContext(this.profile, {
      executablePath: findChromium()?.path,
      args: chromiumArguments,
      ignoreDefaultArgs: refusedArguments,
    })
    const { server, complaints } = this
    this.page = this.#context.pages()[0] ?? (await this.#context.newPage())
    this.page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    this.page.on('pageerror', (error) => complaints.push(error.message))
    this.page.on('request', (request) => {
      if (!request.url().startsWith(server.address)) complaints.push(`asked for ${request.url()}`)
    })
    await this.page.goto(server.address)
    await this.page.locator('#work').waitFor()
    await this.page.locator('#busy').waitFor({ state: 'hidden' })
  }

  /** Waits until the page would open without a network. */
  async keptOffline(): Promise<void> {
    await this.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}))
  }

  async closeBrowser(): Promise<void> {
    await this.#context?.close()
  }

  stopServer(): Promise<void> {
    return this.server.close()
  }

  /** Adds one file and waits until its documents are in the index. @throws Error with what the page says instead */
  async add(name: string, text: string, timeout = 60_000): Promise<void> {
    const before = await this.page.textContent('#summary')
    await this.page.setInputFiles('#files', { name, mimeType: 'text/plain', buffer: Buffer.from(text) })
    await this.page.waitForFunction(
      (before) => {
        const [busy, alert, summary] = ['busy', 'alert', 'summary'].map((id) => document.getElementById(id)!)
        return busy.hidden && (!alert.hidden || summary.textContent !== before)
      },
      before,
      { timeout },
    )
    const alert = this.page.locator('#alert')
    if (await alert.isVisible()) throw new Error(`The page says: ${await alert.textContent()}`)
  }

  /** Types a query and gives the hits shown for it, best first. */
  async search(query: string): Promise<ShownHit[]> {
    const { page } = this
    await page.evaluate(() => {
      document.getElementById('status')!.textContent = ''
    })
    await page.fill('#query', '')
    await page.fill('#query', query)
    await page.waitForFunction(() => / of \d+ documents/.test(document.getElementById('status')!.textContent))
    return page.$$eval('#hits > li', (items) =>
      items.map((item) => ({
        title: item.querySelector('h2')!.textContent,
        score: Number(/MaxSim (\S+)/.exec(item.querySelector('.why')!.textContent)![1]),
      })),
    )
  }

  async close(): Promise<void> {
    await this.closeBrowser()
    await this.stopServer()
    rmSync(this.profile, { recursive: true, force: true })
  }
}
