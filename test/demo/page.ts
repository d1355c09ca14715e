/** What a person sees of a part of the demo in a page, and how the browser behaves as set by its user. */
import axe from 'axe-core'
import { cdp, page } from 'vitest/browser'
import '../../demo/style.css'

/** What axe finds wrong with the page. */
export async function violations(): Promise<string[]> {
  const found = await axe.run()
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

export async function emulate(features: Record<string, string> = {}): Promise<void> {
  const list = Object.entries(features).map(([name, value]) => ({ name, value }))
  await cdp().send('Emulation.setEmulatedMedia', { features: list })
}

/** Ways in which a page is looked at. */
export const LOOKS: Readonly<Record<string, { features?: Record<string, string>; width?: number; dir?: string }>> = {
  light: {},
  dark: { features: { 'prefers-color-scheme': 'dark' } },
  'forced colours': { features: { 'forced-colors': 'active' } },
  'dark forced colours': { features: { 'forced-colors': 'active', 'prefers-color-scheme': 'dark' } },
  narrow: { width: 320 },
  'right to left': { dir: 'rtl' },
}

/** Looks at the page in each way; a picture of it goes to the folder named in VITE_PICTURES, if any. */
export async function lookedAt(name: string, check: (look: string) => Promise<void>): Promise<void> {
  const folder = import.meta.env.VITE_PICTURES
  try {
    for (const [look, { features, width = 900, dir = 'ltr' }] of Object.entries(LOOKS)) {
      await page.viewport(width, 720)
      await emulate(features)
      document.documentElement.dir = dir
      await check(look)
      if (folder) await page.screenshot({ path: `${folder}/${name}-${look.replaceAll(' ', '-')}.png` })
    }
  } finally {
    await emulate()
    await page.viewport(900, 720)
    document.documentElement.removeAttribute('dir')
  }
}
