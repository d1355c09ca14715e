import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'
import { look } from './look.ts'

const page = (n: number) => `# Page ${n}\n\nNumber ${n} of many pages about rivers and bridges.\n`

describe.skipIf(browserMissing)(`demo: faults${unlessMissing}`, () => {
  let demo: Demo
  let root: string

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'maxsift-faults-'))
    for (const folder of ['left', 'right']) {
      mkdirSync(join(root, folder))
      for (let n = 0; n < 150; n++) writeFileSync(join(root, folder, `${folder} ${n}.md`), page(n))
    }
    demo = await openDemo(checkpointFolder('stanford'))
  })
  beforeEach(() => demo.fresh())
  afterAll(async () => {
    await demo?.close()
    rmSync(root, { recursive: true, force: true })
  })

  const shelf = (tab: Page = demo.page) => tab.locator('label', { hasText: 'Your documents' })

  it('the graphics device is lost while somebody types: the answer comes, and no alarm', async () => {
    await demo.give({ 'a.md': page(1), 'b.md': page(2) })
    await demo.search('river')
    await demo.arm('submit', 'destroy', 2)
    await demo.box.fill('')
    await demo.box.pressSequentially('bridges and rivers', { delay: 30 })
    await demo.page.waitForFunction(() => globalThis.found?.query === 'bridges and rivers')
    expect((await demo.titles()).sort()).toEqual(['Page 1', 'Page 2'])
    expect(await demo.page.locator('[role="alert"]:visible').filter({ hasText: /\S/ }).count()).toBe(0)
  })

  it('the graphics device is lost while files are read: reading goes on', async () => {
    await demo.arm('submit', 'destroy', 3)
    await demo.drop([join(root, 'left')])
    await demo.ended()
    expect(await demo.intake.textContent()).toContain('Done with 150 files')
    expect(await shelf().textContent()).toContain('150 documents')
  })

  it('a tab that is closed while it reads goes on by itself, and says what it cannot go on with', async () => {
    await demo.add('other.md', page(1000))
    const kept = 1
    // Texts are written, then their vectors: the tab ends between the two.
    await demo.arm('write', 'hold', 2)
    const held = demo.page.waitForRequest('**/hold/write')
    await demo.drop([join(root, 'left')])
    await held
    const tab = await demo.context.newPage()
    await demo.page.close()
    demo.page = tab
    await demo.open(tab)
    const notice = demo.page.locator('.notice', { hasText: 'When this page was closed' })
    expect(await notice.textContent()).toMatch(/\d+ of 150 files of “left” had not been read\./)
    // What was handed over is finished without the files.
    await shelf()
      .filter({ hasText: `${kept + 64} documents` })
      .waitFor()
    await demo.page.locator('.notice', { hasText: 'Going on with' }).waitFor({ state: 'hidden' })
    await demo.drop([join(root, 'left')])
    await demo.ended()
    expect(await shelf().textContent()).toContain('151 documents')
    expect(await notice.isVisible()).toBe(false)
    // Once all is read there is nothing to be said at the next visit.
    await demo.page.reload()
    await demo.page.getByRole('combobox').waitFor()
    expect(await notice.isVisible()).toBe(false)
  })

  it('two tabs read at the same time: both end with everything, and neither thinks the other was closed', async () => {
    const other = await demo.open()
    await demo.drop([join(root, 'left')])
    await demo.drop([join(root, 'right'), join(root, 'left')], other)
    const third = await demo.open()
    expect(await third.locator('.notice', { hasText: 'When this page was closed' }).count()).toBe(0)
    await third.close()
    for (const tab of [demo.page, other]) await tab.getByRole('heading', { name: /^Done with/ }).waitFor()
    for (const tab of [demo.page, other]) await shelf(tab).filter({ hasText: '300 documents' }).waitFor()
    expect((await demo.search('rivers')).length).toBe(10)
    expect(demo.complaints).toEqual([])
  })

  it('documents removed in another tab are gone here, and that is said', async () => {
    await demo.give({ 'a.md': page(1) })
    const other = await demo.open()
    await other.getByRole('button', { name: 'Storage and privacy' }).click()
    await other.getByRole('button', { name: 'Remove your documents' }).click()
    await other.getByRole('dialog', { name: 'Remove your documents?' }).getByRole('button', { name: 'Remove' }).click()
    await demo.page.getByRole('alert').filter({ hasText: 'was removed' }).waitFor()
    await shelf().filter({ hasText: 'none yet' }).waitFor()
    await demo.add('b.md', page(2))
    expect((await demo.search('rivers')).map(({ title }) => title)).toEqual(['Page 2'])
  })

  it('documents of another model are not touched, and can be removed', async () => {
    await demo.give({ 'a.md': page(1) })
    await demo.closeBrowser()
    await demo.stopServer()
    const next = await openDemo(checkpointFolder('pylate'), {
      address: 'other/',
      profile: demo.profile,
      port: demo.port,
      shows: '.notice',
    })
    try {
      const alert = next.page.getByRole('alert').filter({ hasText: 'was made with another model' })
      await alert.waitFor()
      await alert.page().getByRole('button', { name: 'Remove your documents' }).click()
      await next.page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
      await alert.waitFor({ state: 'hidden' })
      await next.add('b.md', page(2))
      expect((await next.search('rivers')).map(({ title }) => title)).toEqual(['Page 2'])
    } finally {
      await next.close()
    }
  })
})

describe.skipIf(browserMissing)(`demo: no WebGPU${unlessMissing}`, () => {
  it.each<[string, Parameters<typeof openDemo>[1] & object, RegExp]>([
    ['insecure-context', { host: 'insecure.test' }, /needs a secure address/],
    ['no-api', { worker: 'Object.defineProperty(navigator, "gpu", { value: undefined })' }, /has no WebGPU yet/],
    ['no-adapter', { worker: 'GPU.prototype.requestAdapter = async () => null' }, /found no graphics processor/],
    [
      'limits',
      { worker: 'GPUAdapter.prototype.requestDevice = async () => { throw new TypeError("limits") }' },
      /offers too little/,
    ],
  ])('%s: a page of its own says what to do', async (reason, options, title) => {
    const demo = await openDemo(checkpointFolder('stanford'), { ...options, shows: '.unavailable' })
    try {
      const section = demo.page.getByRole('region', { name: title })
      await section.waitFor()
      expect(await section.getByRole('listitem').count()).toBeGreaterThan(0)
      await section.getByText('Technical details').click()
      await section
        .locator('pre')
        .filter({ hasText: `reason: ${reason}` })
        .waitFor()
      expect(await demo.page.getByRole('combobox').isVisible()).toBe(false)
      expect(await demo.page.getByRole('button', { name: 'Add files' }).isVisible()).toBe(false)
      await look(demo.page, reason)
      await section.getByRole('button', { name: 'Try again' }).click()
      await demo.page.getByRole('region', { name: title }).waitFor()
    } finally {
      await demo.close()
    }
  })
})
