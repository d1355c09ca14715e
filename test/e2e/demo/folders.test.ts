import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writePdf } from '../../demo/pdf-writer.ts'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'

const WORDS = 'river stone garden window bridge letter copper winter market lantern'.split(' ')

/** A short page of Markdown, another one for each number. */
const page = (n: number) => `# Page ${n}\n\nThe ${WORDS[n % 10]} by the ${WORDS[(n * 7) % 10]}, number ${n}.\n`

describe.skipIf(browserMissing)(`demo: folders${unlessMissing}`, () => {
  let demo: Demo
  let root: string

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'maxsift-folders-'))
    demo = await openDemo(checkpointFolder('stanford'))
  })
  afterAll(async () => {
    await demo?.close()
    rmSync(root, { recursive: true, force: true })
  })

  function write(path: string, contents: string | Buffer): void {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), contents)
  }
  const details = () => demo.intake.locator('.problems').textContent()
  const shelf = () => demo.page.locator('label', { hasText: 'Your documents' }).textContent()

  it('300 files: reading is stopped, goes on, and ends', async () => {
    for (let n = 0; n < 300; n++) write(`pages/${n % 3}/${n}.md`, page(n))
    await demo.drop([join(root, 'pages')])
    await demo.intake.getByRole('heading', { name: /Reading “pages”: [1-9]\d* of 300 files/ }).waitFor()
    expect(await demo.intake.textContent()).toMatch(/left|Working out/)
    await demo.intake.getByRole('button', { name: 'Stop' }).click()
    await demo.intake.getByRole('heading', { name: /^Stopped at \d+ of 300 files/ }).waitFor()
    const kept = Number(/(\d+) document/.exec((await shelf())!)![1])
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(300)
    // What was read can be searched meanwhile.
    expect((await demo.search('river')).length).toBe(10)
    await demo.intake.getByRole('button', { name: 'Go on' }).click()
    await demo.ended()
    expect(await demo.intake.textContent()).toContain(`${300 - kept} new or changed documents, ${kept} unchanged.`)
    expect(await shelf()).toContain('300 documents')
    expect((await demo.search('page number 217')).length).toBe(10)
    expect(demo.complaints).toEqual([])
  })

  it('the same folder again: only what changed is read in, and what is gone can be removed', async () => {
    write('pages/0/0.md', '# Page 0\n\nA changed page.\n')
    write('pages/new.md', '# New\n\nA new page.\n')
    for (const n of [3, 6]) rmSync(join(root, `pages/0/${n}.md`))
    await demo.drop([join(root, 'pages')])
    await demo.intake.getByRole('heading', { name: /^Done with 299 files/ }).waitFor()
    expect(await demo.intake.textContent()).toContain('2 new or changed documents, 297 unchanged.')
    await demo.intake.getByText('Which ones?').click()
    expect(await demo.intake.locator('.gone li').allTextContents()).toEqual(['pages/0/3.md', 'pages/0/6.md'])
    expect(await shelf()).toContain('301 documents')
    await demo.intake.getByRole('button', { name: 'Remove them from the search' }).click()
    await demo.page.locator('label', { hasText: '299 documents' }).waitFor()
    expect(await demo.intake.locator('.gone').textContent()).toBe('')
    await demo.intake.getByRole('button', { name: 'Close' }).click()
  })

  it('a search is limited to a folder', async () => {
    await demo.page.getByRole('button', { name: 'Files in pages' }).click()
    await demo.page.getByRole('button', { name: /^1 100 documents/ }).click()
    const titles = (await demo.search('river stone')).map(({ title }) => Number(title.replace('Page ', '')))
    expect(titles.length).toBe(10)
    expect(titles.filter((n) => n % 3 !== 1)).toEqual([])
    expect(await demo.page.locator('maxsift-search [part="status"]').textContent()).toContain('100')
    await demo.page.getByRole('button', { name: 'Search all files' }).click()
  })

  it('a file is removed from the search, after a yes', async () => {
    await demo.page.getByRole('button', { name: 'new.md', exact: true }).click()
    const remove = demo.page.getByRole('button', { name: 'Remove from the search' })
    await remove.click()
    await demo.page.getByRole('dialog', { name: 'Remove 1 document?' }).getByRole('button', { name: 'Cancel' }).click()
    expect(await shelf()).toContain('299 documents')
    await remove.click()
    await demo.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await demo.page.locator('label', { hasText: '298 documents' }).waitFor()
    await demo.page.locator('.chip').waitFor({ state: 'hidden' })
    await demo.page.getByRole('button', { name: 'new.md', exact: true }).waitFor({ state: 'hidden' })
  })

  it('2,000 files, among them a huge, a binary, an unreadable and an empty one, and twins in other folders', async () => {
    for (let n = 0; n < 1_994; n++) write(`many/${n % 40}/${n}.md`, page(n))
    write('many/twins/a/same.md', '# Twin\n\nThe first of two.\n')
    write('many/twins/b/same.md', '# Twin\n\nThe second of two.\n')
    write('many/huge.txt', Buffer.alloc(50e6, 'text '))
    write('many/binary.md', Buffer.from([1, 2, 0, 3]))
    write('many/empty.md', '')
    // It is there when the folder is dropped, and changes before its turn comes.
    write('many/zz-unreadable.md', page(1))
    await demo.drop([join(root, 'many')])
    await demo.intake.getByRole('heading', { name: /of 2,000 files/ }).waitFor()
    rmSync(join(root, 'many/zz-unreadable.md'))
    await demo.ended(240_000)
    expect(await demo.intake.textContent()).toContain('Done with 2,000 files')
    expect(await demo.intake.textContent()).toContain('4 files not read, or only in part')
    const told = await details()
    expect(told).toContain('Too large: more than 20 MB' + 'many/huge.txt')
    expect(told).toContain('Not text (UTF-8, or UTF-16 with a byte order mark)' + 'many/binary.md')
    expect(told).toContain('Emptymany/empty.md')
    expect(told).toMatch(/Not (there any more|readable: [^:]*)many\/zz-unreadable\.md/)
    expect(await shelf()).toContain('2,294 documents')
    // Two documents with one name are told apart by where they are.
    await demo.page.getByRole('button', { name: 'Files in many' }).click()
    await demo.page.getByRole('button', { name: /^twins 2 documents/ }).click()
    expect((await demo.search('one of two')).map(({ title }) => title)).toEqual(['Twin', 'Twin'])
    expect(demo.complaints).toEqual([])
  }, 400_000)

  it('what was left out is counted, kinds that cannot be read are listed by kind', async () => {
    await demo.fresh()
    for (const path of ['.git/HEAD', '.hidden.md', 'node_modules/x/readme.md']) write(`mixed/${path}`, 'x')
    for (let n = 0; n < 5; n++) write(`mixed/photo${n}.png`, 'x')
    write('mixed/a.md', page(1))
    await demo.drop([join(root, 'mixed')])
    await demo.ended()
    expect(await demo.intake.textContent()).toContain('1 new or changed document, 3 hidden or installed left out.')
    await demo.intake.getByText('5 files not read').click()
    expect(await details()).toContain('A kind of file that cannot be read here (.png)')
  })

  it('a PDF is read by page; one without text says so', async () => {
    const line = (text: string) => ({ text, x: 72, y: 700, size: 14 })
    const paper = writePdf([[line('The first page is about rivers.')], [line('The second page is about lanterns.')]])
    await demo.give({ 'paper.pdf': Buffer.from(paper), 'scan.pdf': Buffer.from(writePdf([''])) })
    await demo.intake.getByText('1 file not read').click()
    expect(await details()).toContain('This PDF has no text')
    expect(await details()).toContain('scan.pdf')
    await demo.page.getByRole('button', { name: 'paper.pdf', exact: true }).click()
    await demo.search('second page about lanterns')
    await demo.page.getByRole('option', { name: /Page 2/ }).click()
    const reader = demo.page.getByRole('dialog')
    expect(await reader.getByRole('status').textContent()).toContain('Page 2')
    await demo.page.keyboard.press('Escape')
    expect(demo.complaints).toEqual([])
  })
})
