/** The built package in a browser without WebGPU, under the strict policy and what ONNX Runtime needs beyond it. */
import { existsSync, readFileSync } from 'node:fs'
import { type Browser, chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { STRICT_POLICY, serve } from '../../scripts/serve.mjs'
import { checkpointFolder, type Golden, loadGolden } from '../goldens/checkpoints.ts'
import { onnxWebFolder } from '../onnx/web.ts'

const runtime = `.${onnxWebFolder}`
const missing =
  (process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')) ||
  (existsSync(runtime) ? null : 'onnxruntime-web is missing (scripts/onnx.mjs)')

const WASM_POLICY = STRICT_POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")

const PROGRAM = `
import { createIndex } from './maxsift/index.js'
import { onnxRuntime } from './maxsift/onnx.js'
try {
  const { documents, query, options, runtime } = await (await fetch('texts.json')).json()
  const onnx = runtime && onnxRuntime(runtime)
  const index = await createIndex({ model: './model/', store: 'memory', codec: 'f32', splitPassages: false, onnx, ...options })
  await index.add(documents)
  const { hits, backend } = await index.search(query)
  const { adapter } = await index.info()
  await index.close()
  globalThis.outcome = { hits: hits.map(({ id, score }) => [id, score]), backend, adapter, gpu: 'gpu' in navigator }
} catch (error) {
  globalThis.outcome = { code: error.code, message: error.message, remedy: error.remedy }
}
`

interface Outcome {
  hits: [string, number][]
  backend: string
  adapter: string
  gpu: boolean
  code?: string
  message?: string
  remedy?: string
  /** What the server was asked for, and what the page and its workers said. */
  requests: string[]
  said: string[]
}

describe.skipIf(missing)(`a browser without WebGPU${missing ? ` — ${missing}` : ''}`, () => {
  let browser: Browser
  let golden: Golden
  beforeAll(async () => {
    golden = await loadGolden('stanford')
    browser = await chromium.launch({
      executablePath: findChromium()?.path,
      args: chromiumArguments,
      ignoreDefaultArgs: refusedArguments,
    })
  })
  afterAll(() => browser?.close())

  async function visit(policy: string, options = {}, address: string | null = 'ort/'): Promise<Outcome> {
    const documents = golden.documents.map(({ text }, i) => ({ id: String(i), text })).filter(({ text }) => text !== '')
    const texts = { documents, query: golden.queries[0].text, options, runtime: address }
    const server = await serve({
      folders: { '/maxsift/': 'dist', '/model/': checkpointFolder('stanford'), '/ort/': runtime },
      texts: {
        '/': '',
        '/index.html':
          '<!doctype html><html lang="en"><title>t</title><script type="module" src="main.js"></script></html>',
        '/main.js': `delete Navigator.prototype.gpu\n${PROGRAM}`,
        '/maxsift/worker.js': `delete WorkerNavigator.prototype.gpu\n${readFileSync('dist/worker.js', 'utf8')}`,
        '/texts.json': JSON.stringify(texts),
        '/favicon.ico': '',
      },
      headers: { 'Content-Security-Policy': policy },
    })
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      const said: string[] = []
      page.on('console', (message) => {
        // A checkpoint need not have every file that is asked for.
        if (!message.location().url.includes('/model/')) said.push(`${message.type()}: ${message.text()}`)
      })
      page.on('pageerror', (error) => said.push(error.message))
      await page.goto(`${server.address}index.html`)
      const outcome = await page.waitForFunction(() => Reflect.get(globalThis, 'outcome'), null, { timeout: 120_000 })
      return { ...(await outcome.jsonValue()), requests: server.requests, said }
    } finally {
      await context.close()
      await server.close()
    }
  }

  const fetched = ({ requests }: Outcome, name: string) => requests.some((url) => url.includes(name))

  it.each([{}, { worker: false }, { backend: 'onnx' }])('searches on ONNX Runtime: %j', async (options) => {
    const outcome = await visit(WASM_POLICY, options)
    expect(outcome).toMatchObject({ backend: 'onnx', gpu: false, said: [] })
    expect(outcome.adapter).toMatch(/^ONNX Runtime 1\.\d+\.\d+.*WebAssembly$/)
    const scores = golden.scores[0].filter((_, i) => golden.documents[i].text !== '')
    const best = [...scores].sort((a, b) => b - a).slice(0, 10)
    outcome.hits.forEach(([id, score], rank) => {
      expect(Math.abs(score - golden.scores[0][Number(id)])).toBeLessThan(1e-3)
      expect(Math.abs(score - best[rank])).toBeLessThan(1e-3)
    })
    expect(fetched(outcome, 'ort-wasm-simd-threaded.wasm')).toBe(true)
  })

  it('needs a policy that allows WebAssembly, and says so', async () => {
    const outcome = await visit(STRICT_POLICY, { backend: 'onnx' })
    expect(outcome).toMatchObject({ code: 'ONNX_UNAVAILABLE', remedy: expect.stringContaining("'wasm-unsafe-eval'") })
    expect(fetched(outcome, 'ort.wasm')).toBe(false)
    const auto = await visit(STRICT_POLICY)
    expect(auto).toMatchObject({ code: 'WEBGPU_UNAVAILABLE', remedy: expect.stringContaining("'wasm-unsafe-eval'") })
  })

  it('says what is missing where the files are not, and how to get it where nothing was given', async () => {
    const nowhere = await visit(WASM_POLICY, { backend: 'onnx' }, 'nowhere/')
    expect(nowhere).toMatchObject({ code: 'ONNX_UNAVAILABLE', message: expect.stringContaining('nowhere/') })
    const nothing = await visit(WASM_POLICY, {}, null)
    expect(nothing).toMatchObject({ code: 'WEBGPU_UNAVAILABLE', remedy: expect.stringContaining('maxsift/onnx') })
    expect(fetched(nothing, 'onnx-engine')).toBe(false)
    expect(fetched(nothing, '/model/')).toBe(false)
  })
})

const SEARCH = `
import './maxsift/element.js'
globalThis.searches = []
const element = document.querySelector('maxsift-search')
element.addEventListener('search', ({ detail: { mode, hits } }) => {
  const note = element.shadowRoot.querySelector('[part=note]')
  searches.push({ mode, at: performance.now(), first: hits[0]?.id, hits: hits.length, note: note.hidden ? '' : note.textContent })
})
element.value = 'how do I keep the index offline'
`

interface Shown {
  mode: string
  /** Milliseconds since the page was asked for. */
  at: number
  first?: string
  hits: number
  note: string
}

describe.skipIf(missing)(`the search element without WebGPU, over the docs${missing ? ` — ${missing}` : ''}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findChromium()?.path,
      args: chromiumArguments,
      ignoreDefaultArgs: refusedArguments,
    })
  })
  afterAll(() => browser?.close())

  /** What the element shows for one query, until a search in this mode; and what was fetched for it. */
  async function visit(markup: string, until: (shown: Shown[]) => boolean) {
    const server = await serve({
      folders: { '/maxsift/': 'dist', '/sample/': 'demo/public/sample', '/ort/': runtime },
      texts: {
        '/': '',
        '/index.html': `<!doctype html><html lang="en"><title>t</title>${markup}<script type="module" src="main.js"></script></html>`,
        '/main.js': `delete Navigator.prototype.gpu\n${SEARCH}`,
        '/maxsift/worker.js': `delete WorkerNavigator.prototype.gpu\n${readFileSync('dist/worker.js', 'utf8')}`,
        '/favicon.ico': '',
      },
      headers: { 'Content-Security-Policy': WASM_POLICY },
    })
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      await page.goto(`${server.address}index.html`)
      const searches = () => page.evaluate(() => Reflect.get(globalThis, 'searches') as Shown[])
      await vi.waitFor(async () => expect(until(await searches())).toBe(true), { timeout: 120_000, interval: 50 })
      return { searches: await searches(), requests: server.requests }
    } finally {
      await context.close()
      await server.close()
    }
  }

  it('answers by words at once, by both when the runtime and the model are there', async () => {
    const markup = '<maxsift-search source="sample/" onnx="ort/"></maxsift-search>'
    const { searches } = await visit(markup, (shown) => shown.at(-1)?.mode === 'hybrid')
    const [first] = searches
    const last = searches.at(-1)!
    console.log(`by words after ${first.at.toFixed()} ms, by both after ${last.at.toFixed()} ms`)
    expect(first).toMatchObject({ mode: 'lexical', note: 'found by their words; search by meaning is loading' })
    expect(first.hits).toBeGreaterThan(0)
    expect(last).toMatchObject({ note: '' })
    expect(last.hits).toBeGreaterThan(0)
  })

  it('goes on by words alone where there is no runtime, and says why', async () => {
    const markup = '<maxsift-search source="sample/"></maxsift-search>'
    const alone = 'found by their words alone: this browser has no WebGPU'
    const { searches, requests } = await visit(markup, (shown) => shown.at(-1)?.note === alone)
    expect(searches.every(({ mode, hits }) => mode === 'lexical' && hits > 0)).toBe(true)
    expect(requests.some((url) => /models|onnx-engine|\/ort\//.test(url))).toBe(false)
  })
})
