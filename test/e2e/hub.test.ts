/** A model by its name in a real browser: built package, own worker, a policy that names the hub and no more. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { root } from '../../scripts/run.mjs'
import { STRICT_POLICY, serve } from '../../scripts/serve.mjs'
import type * as Maxsift from '../../src/index.ts'
import { readCheckpoint } from '../goldens/checkpoints.ts'
import { commitOf, HubServer } from '../model/hub-server.ts'

const missing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')

declare global {
  var maxsift: typeof Maxsift
}

interface Opened {
  model?: string
  hits?: string[]
  stages?: string[]
  /** Whether what was said to be loaded only grew, and ended at its total. */
  isOneCount?: boolean
  error?: string
}

const MIB = 1 << 20

/** A weight file with one more tensor, which no model uses. */
function withTensor(file: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  const length = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, length)))
  const end = file.length - length
  header.unused = { dtype: 'I8', shape: [bytes], data_offsets: [end, end + bytes] }
  const text = Buffer.from(JSON.stringify(header))
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(text.length))
  return new Uint8Array(Buffer.concat([start, text, file.subarray(length), Buffer.alloc(bytes, 7)]))
}

let browser: Browser
let site: Awaited<ReturnType<typeof serve>>
let hub: HubServer
let context: BrowserContext
let page: Page

describe.skipIf(missing)(`a model by its name in Chromium${missing ? ` — ${missing}` : ''}`, () => {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findChromium()?.path,
      args: chromiumArguments,
      ignoreDefaultArgs: refusedArguments,
    })
  })
  afterAll(async () => {
    await browser?.close()
  })

  beforeEach(async () => {
    hub = await HubServer.start(await readCheckpoint('pylate'))
    const policy = STRICT_POLICY.replace("connect-src 'self'", `connect-src 'self' ${hub.address} ${hub.store}`)
    site = await serve({
      folders: { '/maxsift/': join(root, 'dist') },
      texts: {
        '/page.html':
          '<!doctype html><html lang="en"><title>hub</title><script type="module" src="page.js"></script></html>',
        '/page.js': "import * as maxsift from './maxsift/index.js'\nglobalThis.maxsift = maxsift",
        '/favicon.ico': '',
      },
      headers: { 'Content-Security-Policy': policy },
    })
    context = await browser.newContext()
    page = await context.newPage()
    await visit()
  })
  afterEach(async () => {
    await context.close()
    await site.close()
    hub.stop()
  })

  async function visit(): Promise<void> {
    await page.goto(`${site.address}page.html`)
    await page.waitForFunction(() => globalThis.maxsift !== undefined)
  }

  /** Opens an index in memory, adds a document and searches. */
  const open = (options: Maxsift.CreateIndexOptions = {}): Promise<Opened> =>
    page.evaluate(
      async ([address, options]) => {
        const seen: { loaded: number; total: number | null; stage: string }[] = []
        try {
          const index = await maxsift.createIndex({
            store: 'memory',
            model: 'owner/small',
            hub: address,
            onProgress: (progress) => seen.push(progress),
            ...options,
          })
          await index.add([{ id: 'a', text: 'The sea carries the sand.' }])
          const { hits } = await index.search('sand')
          const { model } = await index.info()
          await index.close()
          const last = seen.at(-1)
          return {
            model: model.name,
            hits: hits.map(({ id }) => id),
            stages: [...new Set(seen.map(({ stage }) => stage))],
            isOneCount:
              seen.every((each, i) => i === 0 || each.loaded >= seen[i - 1].loaded) && last?.loaded === last?.total,
          }
        } catch (error) {
          return { error: (error as Maxsift.MaxsiftError).code }
        }
      },
      [hub.address, options as object] as const,
    )

  const listed = () => page.evaluate(() => maxsift.listModels())

  it('is fetched once, survives cut connections, is kept, and removed', async () => {
    hub.faults.set('model.safetensors', [{ cut: 100_000 }, { cut: 100_000 }])
    const opened = await open()
    expect(opened).toEqual({ model: 'owner/small', hits: ['a'], stages: ['model'], isOneCount: true })
    // Taken up where it ended, without a header that another origin would have to permit.
    expect(hub.askedFor('model.safetensors').some((each) => /bytes=[1-9]\d*-$/.test(each))).toBe(true)
    expect(await listed()).toMatchObject([{ name: 'owner/small', revision: commitOf(0) }])
    hub.stop()
    await visit()
    expect(await open()).toMatchObject({ model: 'owner/small', hits: ['a'] })
    await page.evaluate((hub) => maxsift.removeModel('owner/small', { hub }), hub.address)
    expect(await listed()).toEqual([])
    await visit()
    expect(await open()).toEqual({ error: 'MODEL_FETCH_FAILED' })
  })

  it('goes on with its weights after a reload where the last visit got stuck', async () => {
    const files = new Map(await readCheckpoint('pylate'))
    const weights = files.get('model.safetensors')!
    const large = withTensor(weights, 10 * MIB)
    hub.commits.push(files.set('model.safetensors', large))
    hub.faults.set('model.safetensors', [{ stall: 9 * MIB }])
    // Nobody waits for it: the page is left.
    void open().catch(() => {})
    const kept = () =>
      page.evaluate(async () => (await (await caches.open('maxsift-models')).keys()).map(({ url }) => url))
    await vi.waitFor(
      async () => expect((await kept()).filter((url) => /safetensors\..*\.1$/.test(url))).toHaveLength(1),
      {
        timeout: 60_000,
      },
    )
    await visit()
    expect(await open()).toMatchObject({ model: 'owner/small', hits: ['a'] })
    const asked = hub.asked.filter((each) => each.includes(`/${commitOf(1)}/model.safetensors`))
    expect(asked.filter((each) => !each.endsWith(' bytes=0-65535')).map((each) => each.split(' ')[1])).toEqual([
      undefined,
      'bytes=8388608-',
    ])
    hub.stop()
    await visit()
    expect(await open()).toMatchObject({ hits: ['a'] })
    await page.evaluate((hub) => maxsift.removeModel('owner/small', { hub }), hub.address)
    expect(await kept()).toEqual([])
  })

  it('is checked against hashes: of the caller, on loading from the store too, and of the hub', async () => {
    const config = (await readCheckpoint('pylate')).get('config.json')!
    const right = `sha256-${createHash('sha256').update(config).digest('base64')}`
    const wrong = `sha256-${'A'.repeat(43)}=`
    expect(await open({ integrity: { 'config.json': wrong } })).toEqual({ error: 'INTEGRITY_MISMATCH' })
    expect(await open({ integrity: { 'config.json': right } })).toMatchObject({ hits: ['a'] })
    expect(await open({ integrity: { 'config.json': wrong } })).toEqual({ error: 'INTEGRITY_MISMATCH' })
    await page.evaluate(() => maxsift.removeAll())
    const weights = (await readCheckpoint('pylate')).get('model.safetensors')!
    const other = weights.map((byte, i) => (i === weights.length - 1 ? byte ^ 1 : byte))
    hub.faults.set('model.safetensors', [{ other }])
    expect(await open()).toEqual({ error: 'INTEGRITY_MISMATCH' })
    expect(await open()).toMatchObject({ hits: ['a'] })
  })

  it('that the hub does not let this page read is an error', async () => {
    hub.cors = false
    expect(await open()).toEqual({ error: 'MODEL_FETCH_FAILED' })
    hub.cors = true
    expect(await open()).toMatchObject({ hits: ['a'] })
  })
})
