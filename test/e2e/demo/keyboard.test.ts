import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkpointFolder } from '../../goldens/checkpoints.ts'
import { browserMissing, type Demo, openDemo, unlessMissing } from '../demo.ts'

const file = (name: string, text: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })

describe.skipIf(browserMissing)(`demo: by keyboard alone${unlessMissing}`, () => {
  let demo: Demo
  beforeAll(async () => {
    demo = await openDemo(checkpointFolder('stanford'))
  })
  afterAll(() => demo?.close())

  /** Role and name of what has the focus, shadow trees included. */
  async function focused(): Promise<string> {
    return demo.page.evaluate(() => {
      let active = document.activeElement
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
      if (!(active instanceof HTMLElement) || active === document.body) return 'nothing'
      const label = active.getAttribute('aria-label') ?? (active as HTMLInputElement).labels?.[0]?.textContent
      return `${active.getAttribute('role') ?? active.localName} ${label ?? active.textContent}`.trim()
    })
  }
  const press = (key: string) => demo.page.keyboard.press(key)

  /** Presses Tab until this has the focus: it must be reached. */
  async function tabTo(wanted: string | RegExp): Promise<void> {
    const seen: string[] = []
    for (let i = 0; i < 60; i++) {
      await press('Tab')
      const now = await focused()
      if (typeof wanted === 'string' ? now === wanted : wanted.test(now)) return
      seen.push(now)
    }
    expect.fail(`Tab leads to ${seen.join(', ')}, but not to ${wanted}`)
  }

  it('a question is asked, a hit read, its reason seen', async () => {
    await press('Tab')
    expect(await focused()).toMatch(/^input maxsift docs/)
    await tabTo('combobox Search the docs')
    await demo.page.keyboard.type('a full disk')
    await demo.page.getByRole('option').first().waitFor()
    await press('ArrowDown')
    await press('Enter')
    const reader = demo.page.getByRole('dialog')
    await reader.waitFor()
    await press('n')
    await press('Escape')
    await reader.waitFor({ state: 'hidden' })
    expect(await focused()).toBe('combobox Search the docs')
    await tabTo(/^button Why\?/)
    await press('Enter')
    await demo.page.getByRole('table').first().waitFor()
    await press('Escape')
    await press('/')
  })

  it('files are added, one of them is searched alone and read', async () => {
    const chooser = demo.page.waitForEvent('filechooser')
    await tabTo('button Add files')
    await press('Enter')
    await (await chooser).setFiles([
      file('tea.md', '# Tea\n\nGreen tea.'),
      file('bike.md', '# Bike\n\nA chain.'),
      file('photo.png', 'x'),
    ])
    await demo.ended()
    await press('Control+k')
    expect(await focused()).toBe('combobox Search your documents')
    await press('Shift+Tab')
    expect(await focused()).toBe('button Close')
    await press('Shift+Tab')
    expect(await focused()).toMatch(/^summary 1 file not read/)
    await press('Enter')
    expect(await demo.intake.getByText('photo.png').isVisible()).toBe(true)
    await tabTo('button Close')
    await press('Enter')
    await demo.intake.waitFor({ state: 'hidden' })
    await demo.page.getByRole('button', { name: 'tea.md', exact: true }).waitFor()
    await press('Control+k')
    await tabTo('button tea.md')
    await press('Enter')
    expect(await focused()).toBe('button tea.md')
    await demo.page.locator('.chip').waitFor()
    await press('Tab')
    expect(await focused()).toBe('button Read tea.md')
    await press('Enter')
    await demo.page.getByRole('dialog', { name: 'Tea' }).waitFor()
    await press('Escape')
    await expect.poll(focused).toBe('button Read tea.md')
    await press('Control+k')
    await press('Shift+Tab')
    expect(await focused()).toBe('button Remove from the search')
    await press('Shift+Tab')
    expect(await focused()).toBe('button Search all files')
    await press('Enter')
    await demo.page.locator('.chip').waitFor({ state: 'hidden' })
  })

  it('a folder is opened, shut and searched', async () => {
    await demo.page.evaluate(() => {
      // What the picker of a folder gives.
      const input = document.getElementById('pick-folder') as HTMLInputElement
      const given = ['a/one.txt', 'a/two.txt'].map((path) =>
        Object.defineProperty(new File([path], path), 'webkitRelativePath', { value: path }),
      )
      Object.defineProperty(input, 'files', { value: given, configurable: true })
      input.dispatchEvent(new Event('change'))
    })
    await demo.ended()
    await demo.page.getByRole('button', { name: 'Files in a' }).waitFor()
    await press('Control+k')
    await tabTo('button Files in a')
    await press('Enter')
    expect(await focused()).toBe('button Files in a')
    await press('Tab')
    expect(await focused()).toBe('button a 2 documents')
    await press('Enter')
    expect(await demo.page.locator('.chip').textContent()).toContain('Only in a')
    await press('Tab')
    expect(await focused()).toBe('button one.txt')
    await press('Shift+Tab')
    await press('Enter')
    await demo.page.locator('.chip').waitFor({ state: 'hidden' })
  })

  it('the other documents are chosen with the arrows', async () => {
    await press('Control+k')
    await demo.page.getByRole('radio', { name: /Your documents/ }).focus()
    await press('ArrowDown')
    expect(await focused()).toMatch(/^input maxsift docs/)
    await demo.page.getByRole('combobox', { name: 'Search the docs' }).waitFor()
    await press('ArrowUp')
    await demo.page.getByRole('combobox', { name: 'Search your documents' }).waitFor()
  })

  it('the storage panel holds the focus, asks, and gives it back', async () => {
    await tabTo('button Storage and privacy')
    await press('Enter')
    const panel = demo.page.getByRole('dialog', { name: 'On this device' })
    await panel.locator('dd').first().waitFor()
    await tabTo('button Remove your documents')
    await press('Enter')
    await demo.page.getByRole('dialog', { name: 'Remove your documents?' }).waitFor()
    expect(await focused()).toBe('button Cancel')
    await press('Escape')
    expect(await focused()).toBe('button Remove your documents')
    for (let i = 0; i < 12; i++) {
      await press('Tab')
      expect(
        await demo.page.evaluate(
          () =>
            document.activeElement?.closest('dialog') !== null ||
            !document.hasFocus() ||
            document.activeElement === document.body,
        ),
      ).toBe(true)
    }
    await press('Escape')
    expect(await focused()).toBe('button Storage and privacy')
    expect(demo.complaints).toEqual([])
  })
})
