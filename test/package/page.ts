/** Opens a built page in Chromium, under the strict policy, and gives what it found. */
import { rmSync } from 'node:fs'
import { type Browser, chromium } from 'playwright'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { serve } from '../../scripts/serve.mjs'
import { checkpointFolder } from '../goldens/checkpoints.ts'
import { writeFamilyCheckpoint } from '../text/family-checkpoint.ts'

/** What a person would write first: an index in memory over a few documents, one search. */
export const PROGRAM = `
import { createIndex } from 'maxsift'
try {
  const model = new URL(location.href).searchParams.get('model') ?? undefined
  const index = await createIndex({ store: 'memory', codec: 'f32', splitPassages: false, model, ...globalThis.options })
  const { documents, query } = await (await fetch('texts.json')).json()
  const counts = await index.add(documents)
  const { hits } = await index.search(query)
  const words = await index.search(query, { mode: 'lexical' })
  const info = await index.info()
  await index.close()
  globalThis.outcome = { counts, hits: hits.map(({ id, score }) => [id, score]), words: words.hits.length, model: info.model }
} catch (error) {
  globalThis.outcome = { error: error.code + ': ' + error.message + ' ' + (error.cause?.message ?? '') }
}
`

export const page = (script: string, how = 'type="module"') =>
  `<!doctype html><html lang="en"><title>test</title><script ${how} src="${script}"></script></html>`

export interface Outcome {
  counts: { added: number }
  hits: [string, number][]
  /** Documents found by their words. */
  words: number
  model: { name: string; fingerprint: string }
  /** What the server was asked for. */
  requests: string[]
}

export interface Visit {
  texts: { documents: { id: string; text: string }[]; query: string }
  /** Address of a checkpoint: at `model/` a BERT, at `unigram/` one with XLM-R's tokenizer. Without it the package's own. */
  model?: string
}

let browser: Browser | undefined
let unigram: string | undefined

export async function closeBrowser(): Promise<void> {
  if (unigram) rmSync(unigram, { recursive: true })
  await browser?.close()
}

/** @param folder what a server would serve, index.html included */
export async function visit(folder: string, { texts, model }: Visit): Promise<Outcome> {
  unigram ??= writeFamilyCheckpoint('unigram-xlmr')
  const server = await serve({
    folders: { '/': folder, '/model/': checkpointFolder('stanford'), '/unigram/': unigram },
    texts: { '/texts.json': JSON.stringify(texts), '/favicon.ico': '' },
  })
  try {
    const outcome = await outcomeOf(server.address + (model ? `?model=${model}` : ''))
    return { ...outcome, requests: server.requests }
  } finally {
    await server.close()
  }
}

/** @throws Error with what the page said on its console, when it found nothing */
export async function outcomeOf(address: string): Promise<Omit<Outcome, 'requests'>> {
  browser ??= await chromium.launch({
    executablePath: findChromium()?.path,
    args: chromiumArguments,
    ignoreDefaultArgs: refusedArguments,
  })
  const context = await browser.newContext()
  try {
    const page = await context.newPage()
    const said: string[] = []
    page.on('console', (message) => {
      const { url } = message.location()
      // A checkpoint need not have every file that is asked for.
      if (!/\/(model|unigram)\//.test(url)) said.push(`${message.type()}: ${message.text()} (${url})`)
    })
    page.on('pageerror', (error) => said.push(error.message))
    await page.goto(address)
    const seen = await page
      .waitForFunction(() => (globalThis as { outcome?: object }).outcome, null, { timeout: 60_000 })
      .then((handle) => handle.jsonValue() as Promise<Outcome & { error?: string }>)
      .catch(() => ({ error: 'no outcome' }) as Outcome & { error?: string })
    if (seen.error || said.length > 0) throw new Error([seen.error, ...said].join('\n'))
    return seen
  } finally {
    await context.close()
  }
}
