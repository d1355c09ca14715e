/** Opens a built page in Chromium, under the strict policy, and gives what it found. */
import { type Browser, chromium } from 'playwright'
import { chromiumArguments, findChromium, refusedArguments } from '../../scripts/chromium.mjs'
import { serve } from '../../scripts/serve.mjs'
import { checkpointFolder } from '../goldens/checkpoints.ts'

/** What a person would write first: an index in memory over a few documents, one search. */
export const PROGRAM = `
import { createIndex } from 'maxsift'
try {
  const index = await createIndex({
    store: 'memory', codec: 'f32', splitPassages: false, model: 'model/', ...globalThis.options
  })
  const { documents, query } = await (await fetch('texts.json')).json()
  const counts = await index.add(documents)
  const { hits } = await index.search(query)
  await index.close()
  globalThis.outcome = { counts, hits: hits.map(({ id, score }) => [id, score]) }
} catch (error) {
  globalThis.outcome = { error: error.code + ': ' + error.message + ' ' + (error.cause?.message ?? '') }
}
`

export const page = (script: string, how = 'type="module"') =>
  `<!doctype html><html lang="en"><title>test</title><script ${how} src="${script}"></script></html>`

export interface Outcome {
  counts: { added: number }
  hits: [string, number][]
}

let browser: Browser | undefined

export async function closeBrowser(): Promise<void> {
  await browser?.close()
}

/** @param folder what a server would serve, index.html included */
export async function visit(folder: string, texts: object): Promise<Outcome> {
  const server = await serve({
    folders: { '/': folder, '/model/': checkpointFolder('stanford') },
    texts: { '/texts.json': JSON.stringify(texts), '/favicon.ico': '' },
  })
  try {
    return await outcomeOf(server.address)
  } finally {
    await server.close()
  }
}

/** @throws Error with what the page said on its console, when it found nothing */
export async function outcomeOf(address: string): Promise<Outcome> {
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
      if (!/\/model\//.test(url)) said.push(`${message.type()}: ${message.text()} (${url})`)
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
