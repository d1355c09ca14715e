import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointFolder, type Golden, loadGolden } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'

const HOSTILE = `<!doctype html><title>Evil &lt;b&gt;title&lt;/b&gt;</title>
<script>document.title = 'owned'</script>
<h1 id="x" onclick="document.title='owned'">Harmless heading</h1>
<p>Entities: &lt;img src=x onerror="document.title='owned'"&gt; and &lt;script&gt;document.title='owned'&lt;/script&gt;.</p>
<p><a href="javascript:document.title='owned'">a link to follow</a></p>`

describe.skipIf(browserMissing)(`demo: one's own documents${unlessMissing}`, () => {
  let demo: Demo
  let golden: Golden
  let query: string

  beforeAll(async () => {
    golden = await loadGolden('stanford')
    query = golden.queries[0].text
    demo = await openDemo(checkpointFolder('stanford'))
  })
  afterAll(() => demo?.close())

  it('the docs can be searched at once, and are read in the page', async () => {
    await expect(demo.page.getByRole('radio', { name: /maxsift docs/ }).isChecked()).resolves.toBe(true)
    await demo.page.getByRole('button', { name: 'what happens when the disk is full?' }).click()
    await demo.page.getByRole('option').first().waitFor()
    expect((await demo.titles()).sort()).toEqual(['Storage', 'The model'])
    await demo.page.getByRole('option', { name: /A full disk/ }).click()
    const reader = demo.page.getByRole('dialog', { name: 'Storage' })
    expect(await reader.textContent()).toContain('The index is kept in this browser')
    await demo.page.keyboard.press('Escape')
    await reader.waitFor({ state: 'hidden' })
  })

  it('files are taken in, become what is searched, and are ranked', async () => {
    const lines = golden.documents
      .map(({ text }, at) => JSON.stringify({ id: String(at), title: `t${at}`, text }))
      .filter((_, at) => golden.documents[at].text.trim() !== '')
    await demo.give({
      'golden.jsonl': lines.join('\n'),
      'note.md': '# A note\n\nThis is `<b>not</b>` markup, but a **note**.',
      'plain.txt': 'The kettle whistles.',
    })
    expect(await demo.intake.textContent()).toContain(`${lines.length + 2} new or changed documents.`)
    await expect(demo.page.getByRole('radio', { name: /Your documents/ }).isChecked()).resolves.toBe(true)
    const hits = await demo.search(query)
    expect(hits.length).toBe(10)
    expect(hits).toEqual([...hits].sort((a, b) => b.score - a.score))
    expect(demo.complaints).toEqual([])
  })

  it('why: the shares add up to the score', async () => {
    const [{ title, score }] = await demo.search(query)
    await demo.page.getByRole('button', { name: `Why? ${title}`, exact: true }).click()
    const table = demo.page.getByRole('table')
    await table.waitFor()
    const cells = await table.locator('tr').last().locator('td').allTextContents()
    expect(Number(cells.at(-1))).toBeCloseTo(score, 1)
    await demo.box.press('Escape')
  })

  it('a hit opens in the reading pane with its words marked, and one can go on to the next match', async () => {
    await demo.search('note')
    await demo.page
      .getByRole('option', { name: /A note/ })
      .first()
      .click()
    const reader = demo.page.getByRole('dialog', { name: 'A note' })
    expect(await reader.textContent()).toContain('This is <b>not</b> markup, but a note.')
    expect(await reader.locator('mark').count()).toBeGreaterThan(0)
    expect(await reader.getByRole('status').textContent()).toMatch(/^Match 1 of \d/)
    await reader.getByRole('button', { name: 'Close' }).click()
    expect(await demo.page.evaluate(() => document.activeElement?.localName)).toBe('maxsift-search')
  })

  it('a hit at the end of a long document is scrolled to', async () => {
    const sections = Array.from(
      { length: 60 },
      (_, n) => `## Part ${n}\n\n${'A short line.\\\n'.repeat(12)}\nEnd ${n}.`,
    )
    await demo.add('long.md', `# Long\n\n${sections.join('\n\n')}`)
    await demo.page.getByRole('button', { name: 'long.md', exact: true }).click()
    await demo.search('Part 59 end 59')
    await demo.page.getByRole('option').first().click()
    const reader = demo.page.getByRole('dialog', { name: 'Long' })
    for (let press = 0; press < 8; press++) await demo.page.keyboard.press('n')
    const where = (await reader.getByRole('status').textContent())!.split(' · ')[1]
    const heading = reader.getByRole('heading', { name: where, exact: true })
    const isInSight = (element: Element) => {
      const { top, bottom } = element.getBoundingClientRect()
      return bottom > 0 && top < innerHeight * 0.8
    }
    // Not at once: the pane may still be moving.
    await expect.poll(() => heading.evaluate(isInSight)).toBe(true)
    await demo.page.keyboard.press('Escape')
    await demo.page.getByRole('button', { name: 'Search all files' }).click()
  })

  it('the search is limited to a file, and to all again', async () => {
    await demo.page.getByRole('button', { name: 'note.md', exact: true }).click()
    expect((await demo.search('kettle')).map(({ title }) => title)).toEqual(['A note'])
    expect(await demo.page.locator('.chip').textContent()).toContain('Only in note.md')
    await demo.page.getByRole('button', { name: 'Search all files' }).click()
    expect((await demo.search('kettle')).length).toBe(10)
  })

  it('what is in a file is text, whatever it looks like', async () => {
    await demo.give({
      'evil.html': HOSTILE,
      'evil.jsonl': `{"id":"<img src=x onerror=\\"document.title='owned'\\">","url":"javascript:document.title='owned'","text":"A link with a hostile address."}`,
      '<b>bold.txt': 'A file with a hostile name.',
    })
    const names = { 'evil.html': 'Evil <b>title</b>', '<b>bold.txt': '<b>bold.txt' }
    for (const [file, title] of Object.entries(names)) {
      await demo.page.getByRole('button', { name: `Read ${file}`, exact: true }).click()
      const reader = demo.page.getByRole('dialog', { name: title })
      await reader.waitFor()
      if (file === 'evil.html')
        expect(await reader.textContent()).toContain(`<img src=x onerror="document.title='owned'">`)
      expect(await reader.locator('img, script, a, b').count()).toBe(0)
      await demo.page.keyboard.press('Escape')
    }
    await demo.page.getByRole('button', { name: 'evil.jsonl', exact: true }).click()
    const [hit] = await demo.search('hostile address')
    expect(hit.title).toContain('<img src=x')
    const row = demo.page.getByRole('option', { name: /A link with a hostile address/ })
    expect(await row.getAttribute('href')).toBeNull()
    await row.click()
    await demo.page.getByRole('dialog').waitFor()
    await demo.page.keyboard.press('Escape')
    await demo.page.getByRole('button', { name: 'Search all files' }).click()
    expect(await demo.page.title()).toBe('maxsift')
    expect(demo.complaints).toEqual([])
  })

  it.each([
    ['10,000 characters', 'kettle '.repeat(1_430)],
    ['control characters', `ket\u0000tle\u0007\u001b[31m\u202e`],
    ['half a pair', '\ud83d kettle'],
  ])('a query of %s is answered or refused, in words', async (_, hard) => {
    await demo.box.fill(hard)
    const told = demo.page
      .locator('maxsift-search [part="status"], maxsift-search [part="error"]')
      .filter({ visible: true })
    await told.first().waitFor()
    expect((await told.first().textContent())?.trim()).not.toBe('')
    expect((await demo.search('kettle'))[0].title).toBeTruthy()
  })

  it('rich text that is pasted is plain', async () => {
    await demo.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await demo.page.evaluate(() => {
      const text = (type: string, content: string) => ({ [type]: new Blob([content], { type }) })
      const item = { ...text('text/html', '<b onclick="x()">kettle</b>'), ...text('text/plain', 'kettle') }
      return navigator.clipboard.write([new ClipboardItem(item)])
    })
    await demo.box.fill('')
    await demo.box.press('Control+V')
    expect(await demo.box.inputValue()).toBe('kettle')
    await demo.page.getByRole('option').first().waitFor()
  })
})
