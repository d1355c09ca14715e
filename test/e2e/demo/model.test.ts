import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../scripts/run.mjs'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'
import { look } from './look.ts'

const NOTES = {
  'tea.md': '# Tea\n\nGreen tea turns bitter in boiling water.',
  'bike.md': '# Bike\n\nA dry chain squeaks.\n\n## Oil\n\nOne drop on each roller.',
}

describe.skipIf(browserMissing)(`demo: another model${unlessMissing}`, () => {
  let demo: Demo

  beforeAll(async () => {
    demo = await openDemo(checkpointFolder('stanford'))
    await demo.give(NOTES)
  })
  afterAll(() => demo?.close())

  const panel = () => demo.page.getByRole('dialog', { name: 'Model' })
  const databases = () => demo.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))

  async function openPanel(): Promise<void> {
    await demo.page.getByRole('button', { name: 'Model', exact: true }).click()
    await panel().getByText('Now: ').waitFor()
  }

  /** Uses what is chosen, and gives what the panel says in the end. */
  async function use(): Promise<string> {
    await panel().getByRole('button', { name: 'Use this model' }).click()
    await demo.page.getByRole('button', { name: 'Use the other model' }).click()
    const message = panel()
      .getByRole('status')
      .filter({ hasText: /now\.$|changed\.$/ })
    return (await message.textContent())!
  }

  it('that cannot be had changes nothing', async () => {
    await openPanel()
    await look(demo.page, 'model')
    await panel().getByLabel('Name or address of the model').fill('nowhere/')
    expect(await use()).toContain('owner/name')
    await panel().getByLabel('Name or address of the model').fill('./nowhere/')
    expect(await use()).toContain('Nothing was changed.')
    await panel().getByRole('button', { name: 'Close' }).click()
    expect((await demo.search('kettle')).length).toBe(2)
    demo.complaints.length = 0
  })

  it('from a folder reads the documents again, which need not be given once more', async () => {
    await openPanel()
    await demo.page.setInputFiles('#pick-model', join(root, checkpointFolder('pylate')))
    expect(
      await panel()
        .getByRole('radio', { name: /folder/ })
        .isChecked(),
    ).toBe(true)
    expect(await use()).toBe('2 documents can be searched with it now.')
    expect(await panel().getByText('Now: ').textContent()).toMatch(/^Now: files, \d+ kB$/)
    await panel().getByRole('button', { name: 'Close' }).click()
    expect((await demo.search('kettle')).map(({ title }) => title).sort()).toEqual(['Bike', 'Tea'])
    expect(await databases()).toContain('maxsift:Your documents (2)')
    expect(await databases()).not.toContain('maxsift:Your documents')
  })

  it('is still that one on the next visit, and goes with everything else', async () => {
    await demo.open(demo.page)
    await openPanel()
    expect(await panel().getByText('Now: ').textContent()).toMatch(/^Now: \w+, \d+ kB$/)
    expect(
      await panel()
        .getByRole('radio', { name: /folder/ })
        .isChecked(),
    ).toBe(true)
    await panel().getByRole('button', { name: 'Close' }).click()
    // What is given again is known: it was added as it had been.
    await demo.give(NOTES)
    expect(await demo.intake.textContent()).toContain('2 unchanged')
    await demo.page.getByRole('button', { name: 'Storage and privacy' }).click()
    await demo.page.getByRole('button', { name: 'Remove everything' }).first().click()
    await demo.page.getByRole('button', { name: 'Remove everything' }).last().click()
    await demo.page.getByRole('heading', { name: 'Everything is removed' }).waitFor()
    expect(await demo.page.evaluate(() => localStorage.getItem('maxsift-demo-model'))).toBeNull()
    expect(await databases()).toEqual([])
  })
})
