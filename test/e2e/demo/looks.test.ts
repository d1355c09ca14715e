import { afterAll, beforeAll, describe, it } from 'vitest'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'
import { look } from './look.ts'

const NOTES = {
  'tea.md': '# Tea\n\nGreen tea turns bitter in boiling water.\n\n## Cooling\n\nLet the kettle cool down first.',
  'bike.md': '# Bike\n\nA dry chain squeaks. One drop of oil on each roller.',
  'bread.md': '# Bread\n\nLeave the dough near the stove overnight.',
}

describe.skipIf(browserMissing)(`demo: looks${unlessMissing}`, () => {
  let demo: Demo
  beforeAll(async () => {
    demo = await openDemo(checkpointFolder('stanford'))
  })
  afterAll(() => demo?.close())

  const seen = (state: string) => look(demo.page, state)

  it('the first visit', () => seen('first'))

  it('hits and their reasons', async () => {
    await demo.search('a full disk')
    await seen('hits')
    await demo.page.getByRole('button', { name: /^Why/ }).first().click()
    await seen('why')
    await demo.box.press('Escape')
  })

  it('the reading pane', async () => {
    await demo.page.getByRole('option').first().click()
    await demo.page.getByRole('dialog').waitFor()
    await seen('reader')
    await demo.page.keyboard.press('Escape')
    await demo.box.fill('')
  })

  it('own documents, one of them searched alone', async () => {
    await demo.give({ ...NOTES, 'photo.png': 'x', 'empty.txt': '' })
    await demo.intake.getByText('2 files not read').click()
    await seen('done')
    await demo.intake.getByRole('button', { name: 'Close' }).click()
    await demo.page.getByRole('button', { name: 'tea.md', exact: true }).click()
    await demo.search('kettle')
    await seen('one-file')
    await demo.page.getByRole('button', { name: 'Search all files' }).click()
    await demo.box.fill('')
  })

  it('while files are read, and stopped', async () => {
    const many = Array.from({ length: 400 }, (_, n) => [`page ${n}.md`, `# Page ${n}\n\nNumber ${n}.`])
    const payload = many.map(([name, text]) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) }))
    await demo.arm('write', 'hold', 1)
    const held = demo.page.waitForRequest('**/hold/write')
    await demo.page.setInputFiles('#pick-files', payload)
    await held
    await seen('reading')
    await demo.release()
    await demo.disarm()
    await demo.intake.getByRole('button', { name: 'Stop' }).click()
    await demo.intake.getByRole('heading', { name: /^Stopped/ }).waitFor()
    await seen('stopped')
    await demo.intake.getByRole('button', { name: 'Leave it at that' }).click()
  })

  it('no room, and what is gone', async () => {
    await demo.arm('put', 'QuotaExceededError', 1, 99)
    await demo.give({ 'more.md': '# More\n\nMore.' })
    await seen('quota')
    await demo.disarm()
    await demo.intake.getByRole('button', { name: 'Go on' }).click()
    await demo.intake.getByRole('heading', { name: /^Done/ }).waitFor()
    await demo.give({ 'rows.jsonl': '{"id":"1","text":"x"}\n{"id":"2","text":"y"}' })
    await demo.give({ 'rows.jsonl': '{"id":"2","text":"y"}' })
    await demo.intake.getByText('Which ones?').click()
    await seen('gone')
  })

  it('the storage panel, and a question', async () => {
    await demo.page.getByRole('button', { name: 'Storage and privacy' }).click()
    await demo.page.locator('dd').first().waitFor()
    await seen('storage')
    await demo.page.getByRole('button', { name: 'Remove your documents' }).click()
    await seen('question')
    await demo.page.keyboard.press('Escape')
    await demo.page.keyboard.press('Escape')
  })

  it('notices', async () => {
    await demo.page.evaluate(() => {
      const reading = { label: '“notes”', files: 312, done: 120 }
      localStorage.setItem('maxsift-demo-reading', JSON.stringify(reading))
    })
    await demo.page.reload()
    await demo.page.locator('.notice').waitFor()
    const session = await demo.context.newCDPSession(demo.page)
    await session.send('Storage.clearDataForOrigin', {
      origin: new URL(demo.address).origin,
      storageTypes: 'indexeddb',
    })
    await demo.box.fill('tea')
    await demo.page.getByRole('alert').filter({ hasText: 'was removed' }).waitFor()
    await seen('notices')
  })

  it('the end', async () => {
    await demo.page.getByRole('button', { name: 'Storage and privacy' }).click()
    await demo.page.getByRole('button', { name: 'Remove everything' }).click()
    await demo.page.getByRole('dialog', { name: 'Remove everything?' }).getByRole('button', { name: 'Remove' }).click()
    await demo.page.getByRole('heading', { name: 'Everything is removed' }).waitFor()
    await seen('end')
  })
})
