import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chromiumArguments, findChromium, refusedArguments } from '../../../scripts/chromium.mjs'
import { root } from '../../../scripts/run.mjs'
import { browserMissing, unlessMissing } from '../demo.ts'
import { PICTURES, takePictures } from './pictures.ts'

/** From opening the page to the first hit, with nothing in any cache, on a software adapter. */
const FIRST_RESULT_MS = 15_000

describe.skipIf(browserMissing)(`npm start, for the first time and without a network${unlessMissing}`, () => {
  let start: ReturnType<typeof spawn>
  let address: string
  let profile: string
  let context: BrowserContext

  beforeAll(async () => {
    start = spawn(process.execPath, [join(root, 'scripts/start.mjs'), '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    address = await new Promise<string>((resolve, reject) => {
      start.stdout!.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()))
      start.once('exit', (code) => reject(new Error(`npm start ended with ${code}`)))
    })
  })
  afterAll(async () => {
    await context?.close()
    start?.kill()
    if (profile) rmSync(profile, { recursive: true, force: true })
  })

  it('the docs answer a question in time, with the model in the package', { retry: 2 }, async () => {
    await context?.close()
    profile = mkdtempSync(join(tmpdir(), 'maxsift-first-'))
    context = await chromium.launchPersistentContext(profile, {
      executablePath: findChromium()?.path,
      args: [...chromiumArguments, '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost'],
      ignoreDefaultArgs: refusedArguments,
    })
    const [page] = context.pages()
    const elsewhere: string[] = []
    page.on('request', (request) => request.url().startsWith(address) || elsewhere.push(request.url()))
    const opened = performance.now()
    await page.goto(address)
    await page.getByRole('button', { name: 'what happens when the disk is full?' }).click()
    await page.getByRole('option').first().waitFor()
    const took = performance.now() - opened
    const answers = await page.locator('maxsift-search [part="passage"]').allTextContents()
    expect(answers.slice(0, 9).join()).toMatch(/full disk|no room|quota/i)
    expect(elsewhere).toEqual([])
    expect(took).toBeLessThan(FIRST_RESULT_MS)
    if (PICTURES) await takePictures(page)
  })
})
