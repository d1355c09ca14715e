import type { Page } from 'playwright'
import { expect } from 'vitest'
import { violations } from './axe.ts'
import { PICTURES, take } from './pictures.ts'

interface View {
  viewport?: { width: number; height: number }
  colorScheme?: 'light' | 'dark'
  forcedColors?: 'active' | 'none'
  dir?: 'ltr' | 'rtl'
}

/** Ways of looking at a page. At 200 % zoom a page has half the pixels in each direction. */
const VIEWS: Record<string, View> = {
  light: {},
  dark: { colorScheme: 'dark' },
  forced: { forcedColors: 'active' },
  zoom: { viewport: { width: 600, height: 400 } },
  narrow: { viewport: { width: 320, height: 640 } },
  rtl: { dir: 'rtl' },
}

/** Looks at a page in all ways: axe finds nothing, and nothing has to be scrolled sideways to be read. */
export async function look(page: Page, state: string): Promise<void> {
  const found: string[] = []
  for (const [name, view] of Object.entries(VIEWS)) {
    await show(page, view)
    // Forced colours are the person's own: their contrast is not the page's.
    if (name !== 'forced') found.push(...(await violations(page)).map((each) => `${state}, ${name}: ${each}`))
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (beyond > 0) found.push(`${state}, ${name}: ${beyond} pixels too wide`)
    if (PICTURES) await take(page, `${state}-${name}`)
  }
  await show(page, {})
  expect(found).toEqual([])
}

async function show(page: Page, view: View): Promise<void> {
  const { viewport = { width: 1200, height: 800 }, colorScheme = 'light', forcedColors = 'none', dir = 'ltr' } = view
  await page.setViewportSize(viewport)
  await page.emulateMedia({ colorScheme, forcedColors, reducedMotion: 'reduce' })
  await page.evaluate((dir) => {
    document.documentElement.dir = dir
  }, dir)
}
