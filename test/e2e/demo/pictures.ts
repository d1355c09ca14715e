import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright'

/** A folder where pictures are put, to be looked at, and for `docs/images`. */
export const PICTURES = process.env.MAXSIFT_PICTURES

/** Puts what a page shows there, in a format that is small. */
export async function take(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 })
  await session.detach()
  mkdirSync(PICTURES!, { recursive: true })
  writeFileSync(join(PICTURES!, `${name}.webp`), Buffer.from(data, 'base64'))
}

/** The pictures of the README, of a page that has just answered a question about the docs. */
export async function takePictures(page: Page): Promise<void> {
  const box = page.getByRole('combobox')
  const ask = async (question: string) => {
    await box.fill('')
    await box.fill(question)
    await page.getByRole('option').first().waitFor()
  }
  await page.setViewportSize({ width: 1240, height: 760 })
  await ask('how do I keep my index when the browser is closed?')
  await take(page, 'demo-light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.getByRole('option').first().click()
  await page.getByRole('dialog').getByRole('status').waitFor()
  await page.evaluate(() => new Promise((done) => setTimeout(done, 500)))
  await take(page, 'demo-reading-dark')
  await page.keyboard.press('Escape')
  await page.emulateMedia({ colorScheme: 'light' })
  await ask('what happens when the disk is full?')
  await page.getByRole('button', { name: /^Why/ }).first().click()
  await page.getByRole('table').first().scrollIntoViewIfNeeded()
  await take(page, 'demo-why')
}
