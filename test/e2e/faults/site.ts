/** The built package as a visitor meets it: a plain page under the strict policy, in a real browser. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  type CDPSession,
  chromium,
  type Page,
  type Route,
  type Worker,
} from 'playwright'
import { chromiumArguments, findChromium, refusedArguments } from '../../../scripts/chromium.mjs'
import { root } from '../../../scripts/run.mjs'
import { STRICT_POLICY, serve } from '../../../scripts/serve.mjs'
import type {
  CreateIndexOptions,
  DocumentInput,
  ErrorCode,
  IndexInfo,
  SearchOptions,
  UnavailableReason,
} from '../../../src/index.ts'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { type Act, install, type Point } from './faults.ts'

export const browserMissing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')
export const unlessMissing = browserMissing ? ` — ${browserMissing}` : ''

/** A name that leads to this machine, and that browsers do not trust as they trust localhost. */
const INSECURE = 'insecure.test'

/** Nothing may take longer: a call that hangs fails its test. */
const PATIENCE_MS = 20_000

const PAGE = `<!doctype html><html lang="en"><title>Faults</title><script type="module" src="/page.js"></script></html>`

const SCRIPT = `
import * as maxsift from '/dist/index.js'
const error = ({ name, message, code, reason, detail }) => ({ name, message, code, reason, detail })
globalThis.events = []
globalThis.settle = (run) => Promise.resolve().then(run).then((value) => ({ value }), (e) => ({ error: error(e) }))
globalThis.watch = (index) => {
  index.addEventListener('change', ({ detail }) => events.push({ type: 'change', ...detail }))
  index.addEventListener('error', ({ detail }) => events.push({ type: 'error', ...error(detail) }))
}
globalThis.maxsift = maxsift
`

/** Worker scripts in which something is missing from the start. */
const WORKERS = {
  'no-gpu': 'Object.defineProperty(navigator, "gpu", { value: undefined })',
  'no-adapter': 'GPU.prototype.requestAdapter = async () => null',
  'no-device': 'GPUAdapter.prototype.requestDevice = async () => { throw new TypeError("limits") }',
  'no-indexeddb': 'Object.defineProperty(globalThis, "indexedDB", { value: undefined })',
  'no-caches': 'Object.defineProperty(globalThis, "caches", { value: undefined })',
  'no-locks': 'Object.defineProperty(navigator, "locks", { value: undefined })',
  'no-broadcast': 'globalThis.BroadcastChannel = undefined',
  // As in a sandboxed frame, which has an origin that nothing else has.
  'no-origin': `
    const refuse = () => { throw new DOMException('refused on purpose', 'SecurityError') }
    const refuseLater = async () => refuse()
    IDBFactory.prototype.open = IDBFactory.prototype.databases = IDBFactory.prototype.deleteDatabase = refuse
    CacheStorage.prototype.open = LockManager.prototype.request = refuseLater
    StorageManager.prototype.persisted = async () => { throw new TypeError('refused on purpose') }`,
}
export const workerWithout = (what: keyof typeof WORKERS) => `/dist/${what}.js`

export interface Failure {
  name: string
  message: string
  code?: ErrorCode
  reason?: UnavailableReason
  detail?: Record<string, unknown>
}
type Settled<Value> = { value: Value; error?: undefined } | { value?: undefined; error: Failure }
export type Heard = { type: 'change'; generation: number; documents: number } | ({ type: 'error' } & Failure)

declare global {
  var maxsift: typeof import('../../../src/index.ts')
  var index: Awaited<ReturnType<typeof maxsift.createIndex>>
  var events: Heard[]
  function settle<Value>(run: () => Promise<Value> | Value): Promise<Settled<Value>>
  function watch(index: typeof globalThis.index): void
}

export class Site {
  readonly #held: Route[] = []

  private constructor(
    private readonly server: Awaited<ReturnType<typeof serve>>,
    readonly browser: Browser,
  ) {}

  static async open(): Promise<Site> {
    const worker = readFileSync(join(root, 'dist/worker.js'), 'utf8')
    const variants = Object.entries(WORKERS).map(([name, code]) => [`/dist/${name}.js`, `${code}\n${worker}`])
    const [server, browser] = await Promise.all([
      serve({
        folders: { '/dist/': join(root, 'dist'), '/model/': checkpointFolder('stanford') },
        texts: {
          '/index.html': PAGE,
          '/page.js': SCRIPT,
          '/elsewhere.txt': '',
          '/favicon.ico': '',
          ...Object.fromEntries(variants),
        },
      }),
      chromium.launch({
        executablePath: findChromium()?.path,
        args: [...chromiumArguments, `--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`],
        ignoreDefaultArgs: [...refusedArguments, '--disable-back-forward-cache'],
      }),
    ])
    return new Site(server, browser)
  }

  get address(): string {
    return `${this.server.address}index.html`
  }

  get insecureAddress(): string {
    return this.address.replace('localhost', INSECURE)
  }

  /** A visitor of their own, with nothing stored. */
  async visitor(): Promise<BrowserContext> {
    const context = await this.browser.newContext()
    await context.route('**/hold/**', (route) => void this.#held.push(route))
    return context
  }

  /** Lets what was held go on; see `Act`. */
  async release(): Promise<void> {
    for (const route of this.#held.splice(0)) await route.fulfill({ status: 204 }).catch(() => {})
  }

  /** @param first runs in the page before its own scripts */
  async visit(context: BrowserContext, first?: () => void, address = this.address): Promise<Tab> {
    const page = await context.newPage()
    if (first) await page.addInitScript(first)
    const answer = await page.goto(address)
    if (!answer?.ok()) throw new Error(`${address} answered ${answer?.status()}`)
    const tab = new Tab(page)
    await tab.ready()
    return tab
  }

  /** What a service worker would keep of the page: the address's answer, without the model. */
  kept(path: string): { body: string; contentType: string; headers: Record<string, string> } | undefined {
    const own = { '/index.html': PAGE, '/page.js': SCRIPT, '/favicon.ico': '' }[path]
    const body = path.startsWith('/dist/') ? readFileSync(join(root, path), 'utf8') : own
    const contentType = path.endsWith('.js') ? 'text/javascript' : 'text/html'
    const headers = { 'Content-Security-Policy': STRICT_POLICY }
    return body === undefined ? undefined : { body, contentType, headers }
  }

  stopServer(): Promise<void> {
    return this.server.close()
  }

  async close(): Promise<void> {
    await this.browser.close()
    await this.server.close()
  }
}

/** A tab with at most one index open. */
export class Tab {
  constructor(readonly page: Page) {}

  async ready(): Promise<void> {
    await this.page.waitForFunction(() => globalThis.maxsift !== undefined, null, { timeout: PATIENCE_MS })
  }

  async reload(): Promise<void> {
    await this.page.reload()
    await this.ready()
  }

  /** Opens an index, named `docs` unless told, in a worker of its own unless told. */
  open(options: CreateIndexOptions = {}): Promise<IndexInfo> {
    return this.settled(
      (options) =>
        settle(async () => {
          globalThis.index = await maxsift.createIndex({ name: 'docs', model: '/model/', ...options })
          watch(index)
          return index.info()
        }),
      options,
    )
  }

  add(documents: readonly DocumentInput[]) {
    return this.settled((documents) => settle(() => index.add(documents)), documents)
  }

  /** Ids, scores and texts of the hits, best first. */
  search(query: string, options: SearchOptions = { limit: 100 }) {
    return this.settled(
      ([query, options]) =>
        settle(async () => {
          const { hits, total } = await index.search(query, options)
          return { total, hits: hits.map(({ id, score, passage: { text } }) => ({ id, score, text })) }
        }),
      [query, options] as const,
    )
  }

  info(): Promise<IndexInfo> {
    return this.settled(() => settle(() => index.info()), null)
  }

  close(): Promise<void> {
    return this.settled(() => settle(() => index.close()), null)
  }

  destroy(): Promise<void> {
    return this.settled(() => settle(() => index.destroy()), null)
  }

  heard(): Promise<Heard[]> {
    return this.page.evaluate(() => events)
  }

  /** The value of a call in the page, or its error as one of this side. */
  async settled<Argument, Value>(
    run: (argument: Argument) => Promise<Settled<Value>>,
    argument: Argument,
  ): Promise<Value> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS)
    })
    // biome-ignore lint/suspicious/noExplicitAny: Playwright unwraps handles in the type of the argument
    const evaluated = this.page.evaluate(run as any, argument as any) as Promise<Settled<Value>>
    const { value, error } = await Promise.race([evaluated, late]).finally(() => clearTimeout(timer))
    if (error) throw Object.assign(new Error(error.message), error)
    return value as Value
  }

  /** Where the engine runs. */
  get engine(): Pick<Worker, 'evaluate'> {
    return this.page.workers()[0] ?? this.page
  }

  /** Lets a fault strike the engine; see `Faults.arm`. */
  async arm(point: Point, act: Act, nth = 1, times = 1): Promise<void> {
    await this.install()
    await this.engine.evaluate(([point, act, nth, times]) => faults.arm(point, act, nth, times), [
      point,
      act,
      nth,
      times,
    ] as const)
  }

  async install(): Promise<void> {
    await this.engine.evaluate(install)
  }

  async disarm(): Promise<void> {
    await this.engine.evaluate(() => faults.disarm())
  }

  /** Resolves when a fault holds the engine at this point. */
  async held(point: Point): Promise<void> {
    await this.page.waitForRequest(`**/hold/${point}`, { timeout: PATIENCE_MS })
  }

  cdp(): Promise<CDPSession> {
    return this.page.context().newCDPSession(this.page)
  }
}
