import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'

const NOTES = {
  'tea.md': '# Tea\n\nGreen tea turns bitter in boiling water.',
  'bike.md': '# Bike\n\nA dry chain squeaks.',
  'bread.md': '# Bread\n\nLeave the dough near the stove overnight.',
}

describe.skipIf(browserMissing)(`demo: what is kept on the device${unlessMissing}`, () => {
  let demo: Demo
  /** What the demo exported. */
  let file: Buffer

  beforeAll(async () => {
    demo = await openDemo(checkpointFolder('stanford'))
    await demo.give(NOTES)
  })
  afterAll(() => demo?.close())

  const panel = () => demo.page.getByRole('dialog', { name: 'On this device' })
  const message = () => panel().getByRole('status')
  const shelf = () => demo.page.locator('label', { hasText: 'Your documents' }).textContent()

  async function openPanel(): Promise<void> {
    if (!(await panel().isVisible())) await demo.page.getByRole('button', { name: 'Storage and privacy' }).click()
    await panel().locator('dd').first().waitFor()
  }

  async function facts(): Promise<Record<string, string>> {
    const [names, values] = [
      await panel().locator('dt').allTextContents(),
      await panel().locator('dd').allTextContents(),
    ]
    return Object.fromEntries(names.map((name, i) => [name, values[i]]))
  }

  async function importFile(buffer: Buffer, name = 'notes.maxsift'): Promise<void> {
    await openPanel()
    const isEmpty = (await facts()).Documents === '0'
    await demo.page.setInputFiles('#pick-index', { name, mimeType: 'application/octet-stream', buffer })
    if (!isEmpty) await demo.page.getByRole('button', { name: 'Replace' }).click()
    await message()
      .filter({ hasText: /searched now|Nothing was changed/ })
      .waitFor()
  }

  it('the panel says what is there', async () => {
    await openPanel()
    const { Documents, Passages, Index, Model, Generation, Kept, ...rest } = await facts()
    expect(Documents).toBe('3')
    expect(Passages).toMatch(/^3 \(\d+ token vectors, 16 × int8\)$/)
    expect(Index).toMatch(/^[\d.]+ kB in this browser, [\d.]+ kB on the GPU$/)
    expect(Model).toMatch(/^model, \d+ kB$/)
    expect(Number(Generation)).toBeGreaterThan(0)
    expect(Kept).toBe('as long as the browser has room')
    expect(rest['Runs on']).toMatch(/^WebGPU: \S/)
    expect(rest['This site']).toMatch(/ of [\d.]+ GB that it may use$/)
    await panel().getByRole('button', { name: 'Ask the browser to keep it' }).click()
    await message().filter({ hasText: 'promised' }).waitFor()
  })

  it('documents go out as one file', async () => {
    const download = demo.page.waitForEvent('download')
    await panel().getByRole('button', { name: 'Export to a file' }).click()
    const { path, suggestedFilename } = await download.then((d) => ({
      path: d.path(),
      suggestedFilename: d.suggestedFilename(),
    }))
    expect(suggestedFilename).toMatch(/^maxsift-\d{4}-\d\d-\d\d\.maxsift$/)
    file = readFileSync(await path)
    await message().filter({ hasText: 'among your downloads' }).waitFor()
  })

  it('other documents come in the place of those that were exported', async () => {
    await panel().getByRole('button', { name: 'Remove your documents' }).click()
    await demo.page
      .getByRole('dialog', { name: 'Remove your documents?' })
      .getByRole('button', { name: 'Remove' })
      .click()
    await message().filter({ hasText: 'are removed' }).waitFor()
    expect((await facts()).Documents).toBe('0')
    await demo.page.keyboard.press('Escape')
    expect(await shelf()).toContain('none yet')
    await demo.add('other.md', '# Other\n\nSomething else.')
  })

  it.each<[string, (file: Buffer) => Buffer, RegExp]>([
    ['truncated', (file) => file.subarray(0, file.length - 100), /was not exported from maxsift, or it is damaged/],
    [
      'flipped',
      (file) => {
        const flipped = Buffer.from(file)
        flipped[file.length - 50] ^= 1
        return flipped
      },
      /damaged/,
    ],
    ['foreign', () => Buffer.from('PK\u0003\u0004 something else entirely'), /was not exported from maxsift/],
    ['empty', () => Buffer.alloc(0), /was not exported from maxsift/],
    [
      'older',
      (file) => {
        const older = Buffer.from(file)
        older.writeUInt16LE(0, 4)
        return older
      },
      /was made by another version of maxsift/,
    ],
  ])('a file that is %s is refused, and nothing is lost', async (_, change, told) => {
    await importFile(change(file))
    expect(await message().textContent()).toMatch(told)
    expect((await facts()).Documents).toBe('1')
    await demo.page.keyboard.press('Escape')
    expect((await demo.search('tea')).map(({ title }) => title)).toEqual(['Other'])
  })

  it('nothing is replaced without a yes', async () => {
    await openPanel()
    await demo.page.setInputFiles('#pick-index', { name: 'x', mimeType: 'text/plain', buffer: file })
    await demo.page.getByRole('dialog', { name: 'Replace 1 document?' }).waitFor()
    await demo.page.keyboard.press('Escape')
    await panel().getByRole('button', { name: 'Import a file' }).waitFor()
    expect(await message().textContent()).not.toContain('searched now')
  })

  it('a file takes the place of what is there', async () => {
    await demo.page.keyboard.press('Escape')
    await importFile(file)
    expect(await message().textContent()).toContain('3 documents from “notes.maxsift” can be searched now.')
    await demo.page.keyboard.press('Escape')
    expect((await demo.search('tea')).map(({ title }) => title).sort()).toEqual(['Bike', 'Bread', 'Tea'])
    // And goes on being one's own.
    await demo.add('more.md', '# More\n\nAnd more.')
    expect(await shelf()).toContain('4 documents')
    expect(demo.complaints).toEqual([])
  })

  it('a file from elsewhere opens in a browser that has nothing', async () => {
    await demo.fresh()
    await importFile(file)
    await demo.page.keyboard.press('Escape')
    expect((await demo.search('tea')).map(({ title }) => title).sort()).toEqual(['Bike', 'Bread', 'Tea'])
  })

  it('everything is removed, the page included', async () => {
    await demo.keptOffline()
    await openPanel()
    await panel().getByRole('button', { name: 'Remove everything' }).click()
    const sure = demo.page.getByRole('dialog', { name: 'Remove everything?' })
    await sure.getByRole('button', { name: 'Remove everything' }).click()
    await demo.page.getByRole('heading', { name: 'Everything is removed' }).waitFor()
    const left = await demo.page.evaluate(async () => ({
      caches: await caches.keys(),
      databases: await indexedDB.databases(),
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      notes: localStorage.length,
    }))
    expect(left).toEqual({ caches: [], databases: [], workers: 0, notes: 0 })
    await demo.page.getByRole('button', { name: 'Start anew' }).click()
    await demo.page.getByRole('combobox').waitFor()
    expect(await shelf()).toContain('none yet')
    expect(demo.complaints).toEqual([])
  })
})

describe.skipIf(browserMissing)(`demo: the storage fails${unlessMissing}`, () => {
  let demo: Demo
  beforeAll(async () => {
    demo = await openDemo(checkpointFolder('stanford'))
  })
  beforeEach(() => demo.fresh())
  afterAll(() => demo?.close())

  const shelf = () => demo.page.locator('label', { hasText: 'Your documents' }).textContent()

  it('no room is left while files are read: told, and what was there can be searched', async () => {
    await demo.give(NOTES)
    // The fifth commit from now and those after it; a batch of 64 documents takes two.
    await demo.arm('put', 'QuotaExceededError', 5, 99)
    const files = Array.from({ length: 300 }, (_, n) => [`z${n}.md`, `# Page ${n}\n\nNumber ${n}.`])
    await demo.give(Object.fromEntries(files))
    await demo.intake.getByRole('heading', { name: /^Stopped at [1-9]\d* of 300 files/ }).waitFor()
    expect(await demo.intake.textContent()).toContain('There is no room left for this site.')
    const kept = Number(/(\d+) documents/.exec((await shelf())!)![1])
    expect(kept).toBeGreaterThan(3)
    expect(kept).toBeLessThan(303)
    await demo.page.getByRole('button', { name: 'tea.md', exact: true }).click()
    expect((await demo.search('tea')).map(({ title }) => title)).toEqual(['Tea'])
    await demo.page.getByRole('button', { name: 'Search all files' }).click()
    await demo.disarm()
    await demo.intake.getByRole('button', { name: 'Go on' }).click()
    await demo.intake.getByRole('heading', { name: /^Done/ }).waitFor()
    expect(await shelf()).toContain('303 documents')
  })

  it('the browser removes it behind the page: told, and documents can be added anew', async () => {
    await demo.give(NOTES)
    const session = await demo.context.newCDPSession(demo.page)
    const { origin } = new URL(demo.address)
    await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb,cache_storage' })
    await demo.box.fill('tea')
    await demo.page.getByRole('alert').filter({ hasText: 'was removed' }).waitFor()
    await demo.page.locator('label', { hasText: 'Your documents' }).filter({ hasText: 'none yet' }).waitFor()
    await demo.add('new.md', '# New\n\nAdded after the loss.')
    expect((await demo.search('loss')).map(({ title }) => title)).toEqual(['New'])
  })
})
