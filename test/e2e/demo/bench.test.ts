import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'
import { look } from './look.ts'

describe.skipIf(browserMissing)(`demo: the bench${unlessMissing}`, () => {
  let demo: Demo
  beforeAll(async () => {
    // The search may take its time: it is not waited for.
    demo = await openDemo(checkpointFolder('stanford'), { shows: 'footer' })
    await demo.page.getByRole('link', { name: 'How fast is this device?' }).click()
    await demo.page.getByRole('button', { name: /^Measure, / }).waitFor()
  })
  afterAll(() => demo?.close())

  const state = () => demo.page.getByRole('status').first()

  it('can be stopped', async () => {
    await look(demo.page, 'bench')
    await demo.page.getByRole('button', { name: /^Measure, / }).click()
    await demo.page.getByText(/^Measuring: /).waitFor()
    await demo.page.getByRole('button', { name: 'Stop' }).click()
    expect(await state().textContent()).toBe('Stopped.')
  })

  it('measures, and its results can be copied', async () => {
    const { page } = demo
    await page.getByRole('button', { name: /^Measure, / }).click()
    await page.getByText(/^(Done|It failed): /).waitFor({ timeout: 540_000 })
    expect(await state().textContent()).toMatch(/^Done: /)
    const rows = await page.getByRole('row').allTextContents()
    for (const workload of ['search-1k/6x384', 'query-32/6x384', 'docs-1/6x384', 'maxsim-1k/96/int8', 'topk-10/1k'])
      expect(rows.filter((row) => row.startsWith(`${workload}maxsift`))).toHaveLength(1)
    expect(rows.filter((row) => /naive-wgsl.*×/.test(row)).length).toBeGreaterThan(0)
    await demo.context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.getByRole('button', { name: 'Copy as data' }).click()
    await page.getByText('Copied.').waitFor()
    const report = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()))
    expect(report.results).toHaveLength(rows.length - 1)
    expect(report.counts.dispatches).toBeLessThanOrEqual(report.counts.dispatch_budget)
    await look(page, 'bench-done')
    expect(demo.complaints).toEqual([])
  })
})
