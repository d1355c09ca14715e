import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { Reader, type ReaderPassage } from '../../demo/reader/reader.ts'
import { lookedAt, violations } from './page.ts'

let reader: Reader
let origin: HTMLButtonElement

beforeEach(async () => {
  await page.viewport(900, 720)
  document.title = 'Test'
  document.documentElement.lang = 'en'
  origin = document.createElement('button')
  origin.textContent = 'A hit'
  const main = document.createElement('main')
  main.append(origin)
  document.body.append(main)
  origin.focus()
  reader = new Reader()
})
afterEach(() => {
  reader.dialog.remove()
  document.body.replaceChildren()
})

/** A book of pages, as `SearchIndex.get` gives it. */
function book(pages: number, lines = 30): ReaderPassage[] {
  let start = 0
  return Array.from({ length: pages }, (_, i) => {
    const text = Array.from({ length: lines }, (_, line) => `Page ${i + 1}, sentence ${line + 1} of many.`).join('\n\n')
    const passage = { text, start, end: start + text.length, heading: `Page ${i + 1}`, anchor: `page=${i + 1}` }
    start = passage.end + 1
    return passage
  })
}

/** A passage of a hit: some words of a page, found again in it. */
function match(pages: ReaderPassage[], page: number, words: string, weights = [1]): ReaderPassage {
  const { text, start, heading, anchor } = pages[page - 1]
  const from = text.indexOf(words)
  const highlights = weights.map((weight, i): [number, number, number] => [i * 5, i * 5 + 4, weight])
  return { text: words, start: start + from, end: start + from + words.length, heading, anchor, highlights }
}

const find = (selector: string) => reader.dialog.querySelector<HTMLElement>(selector)!
const body = () => find('.reader-body')
const position = () => find('[role=status]').textContent
const buttonNamed = (name: string) =>
  [...reader.dialog.querySelectorAll('button')].find(({ textContent }) => textContent === name)!
/** The paragraphs of the passage that is shown. */
const current = () => [...reader.dialog.querySelectorAll('.current')].map(({ textContent }) => textContent)
/** The words that are in sight of those marked. */
const marksInSight = () => {
  const { top, bottom } = body().getBoundingClientRect()
  return [...reader.dialog.querySelectorAll('mark')]
    .filter((mark) => mark.getBoundingClientRect().top >= top && mark.getBoundingClientRect().bottom <= bottom)
    .map(({ textContent }) => textContent)
}

test('shows the whole text once, at the passage that was found, with its words marked', async () => {
  const pages = book(40)
  const found = match(pages, 23, 'Page 23, sentence 12 of many.', [1, 0.4])
  reader.open({ title: 'Annual report', passages: [...pages, found], current: pages.length })
  expect(reader.dialog.matches(':modal')).toBe(true)
  expect(find('h2').textContent).toBe('Annual report')
  await vi.waitFor(() => expect(reader.dialog.querySelectorAll('h3')).toHaveLength(40))
  const text = body().textContent!
  for (const sentence of ['Page 1, sentence 1 ', 'Page 23, sentence 12 ', 'Page 40, sentence 30 '])
    expect(text.split(sentence)).toHaveLength(2)
  await vi.waitFor(() => expect(marksInSight()).toEqual(['Page', '23, ']))
  expect([...reader.dialog.querySelectorAll('mark')].map(({ className }) => className)).toEqual(['strong', 'some'])
  expect(current()).toEqual(['Page 23, sentence 12 of many.'])
  expect(position()).toBe('Match 1 of 1 · Page 23')
})

test('the next and the previous match by button and by keyboard; none beyond the last', async () => {
  const pages = book(30)
  const found = [25, 3, 14].map((page) => match(pages, page, `Page ${page}, sentence 5 of many.`))
  reader.open({ title: 'Report', passages: [...pages, ...found], current: pages.length })
  expect(position()).toBe('Match 3 of 3 · Page 25')
  const inSight = async (page: number, which: string) => {
    expect(position()).toBe(`Match ${which} of 3 · Page ${page}`)
    await vi.waitFor(() => expect(marksInSight()).toEqual(['Page']))
    expect(current()).toEqual([`Page ${page}, sentence 5 of many.`])
  }
  await inSight(25, '3')
  expect(buttonNamed('Next').getAttribute('aria-disabled')).toBe('true')
  await userEvent.keyboard('n')
  await inSight(25, '3')
  await userEvent.keyboard('p')
  await inSight(14, '2')
  await userEvent.keyboard('{ArrowLeft}')
  await inSight(3, '1')
  expect(buttonNamed('Previous').getAttribute('aria-disabled')).toBe('true')
  // A person can press it all the same.
  buttonNamed('Previous').click()
  await inSight(3, '1')
  await userEvent.click(buttonNamed('Next'))
  await inSight(14, '2')
  // The button keeps the focus, so that it can be pressed again.
  await userEvent.keyboard('{Enter}')
  await inSight(25, '3')
  await userEvent.keyboard('{Control>}p{/Control}')
  await inSight(25, '3')
})

test('a page that is read from the right turns its pages the other way', async () => {
  document.documentElement.dir = 'rtl'
  try {
    const pages = book(4)
    const found = [1, 3].map((page) => match(pages, page, `Page ${page}, sentence 5 of many.`))
    reader.open({ title: 'דוח', passages: [...pages, ...found], current: pages.length })
    await userEvent.keyboard('{ArrowLeft}')
    expect(position()).toBe('Match 2 of 2 · Page 3')
    await userEvent.keyboard('{ArrowRight}')
    expect(position()).toBe('Match 1 of 2 · Page 1')
  } finally {
    document.documentElement.removeAttribute('dir')
  }
})

test.each([
  ['Esc', () => userEvent.keyboard('{Escape}')],
  ['its button', () => userEvent.click(buttonNamed('Close'))],
  ['a click beside it', () => userEvent.click(document.documentElement, { position: { x: 3, y: 3 } })],
])('%s closes it, and the focus goes back to where it was', async (_, close) => {
  reader.open({ title: 'Report', passages: book(2), current: 0 })
  expect(reader.dialog.contains(document.activeElement)).toBe(true)
  await close()
  await vi.waitFor(() => expect(reader.dialog.open).toBe(false))
  await vi.waitFor(() => expect(document.activeElement).toBe(origin))
  expect(body().textContent).toBe('')
})

test('the focus goes back into a shadow tree', async () => {
  const host = document.createElement('div')
  const inner = document.createElement('input')
  inner.setAttribute('aria-label', 'Search')
  host.attachShadow({ mode: 'open' }).append(inner)
  document.querySelector('main')!.append(host)
  inner.focus()
  reader.open({ title: 'Report', passages: book(2), current: 0 })
  await userEvent.keyboard('{Escape}')
  await vi.waitFor(() => expect(host.shadowRoot!.activeElement).toBe(inner))
})

test('the Tab key stays inside', async () => {
  const pages = book(3)
  const found = [1, 2].map((page) => match(pages, page, `Page ${page}, sentence 5 of many.`))
  reader.open({ title: 'Report', passages: [...pages, ...found], current: pages.length })
  const seen = new Set<string | null>()
  for (let i = 0; i < 8; i++) {
    await userEvent.keyboard('{Tab}')
    const active = document.activeElement!
    // Beyond the last control is the browser itself, then the first.
    if (active !== document.body) expect(reader.dialog.contains(active)).toBe(true)
    seen.add(active.getAttribute('aria-label') ?? active.textContent)
  }
  for (const name of ['Close', 'Text', 'Previous', 'Next']) expect(seen).toContain(name)
})

test('a document in which nothing was found opens at its place, without a count', async () => {
  const pages = book(20)
  reader.open({ title: 'Report', passages: pages, current: 11 })
  expect(position()).toBe('')
  expect(buttonNamed('Next').checkVisibility()).toBe(false)
  const heading = [...reader.dialog.querySelectorAll('h3')].find(({ textContent }) => textContent === 'Page 12')!
  await vi.waitFor(() => {
    const { top, bottom } = body().getBoundingClientRect()
    expect(heading.getBoundingClientRect().top).toBeGreaterThan(top - 10)
    expect(heading.getBoundingClientRect().bottom).toBeLessThan(bottom)
  })
})

test('another document takes the place of one that is open', async () => {
  reader.open({ title: 'First', passages: book(2), current: 0 })
  reader.open({ title: 'Second', passages: [{ text: 'All of it.', start: 0, end: 10 }], current: 0 })
  expect(find('h2').textContent).toBe('Second')
  expect(body().textContent).toBe('All of it.')
  await userEvent.keyboard('{Escape}')
  await vi.waitFor(() => expect(document.activeElement).toBe(origin))
})

test('an empty document is empty', () => {
  reader.open({ title: 'Nothing', passages: [], current: 0 })
  expect(reader.dialog.open).toBe(true)
  expect(body().textContent).toBe('')
})

test('text that looks like markup is text', () => {
  const text = '<img src=x onerror="throw 1"> &lt;b&gt; <script>alert(1)</script>'
  reader.open({ title: text, passages: [{ text, start: 0, end: text.length, heading: text }], current: 0 })
  expect(reader.dialog.querySelectorAll('img, script, b')).toHaveLength(0)
  expect(find('h2').textContent).toBe(text)
  expect(body().textContent).toBe(text)
})

test('each paragraph runs in its own direction', () => {
  const text = 'English first.\n\nזה בעברית.'
  reader.open({ title: 'Both', passages: [{ text, start: 0, end: text.length }], current: 0 })
  const directions = [...reader.dialog.querySelectorAll('.reader-text p')].map((p) => getComputedStyle(p).direction)
  expect(directions).toEqual(['ltr', 'rtl'])
})

test('a megabyte opens at its passage, with a part of it laid out and all of it there', async () => {
  const pages = book(700, 50)
  const length = pages.at(-1)!.end
  expect(length).toBeGreaterThan(1_000_000)
  const found = [650, 100].map((page) => match(pages, page, `Page ${page}, sentence 50 of many.`))
  reader.open({ title: 'Large', passages: [...pages, ...found], current: pages.length })
  await vi.waitFor(() => expect(marksInSight()).toEqual(['Page']))
  await userEvent.keyboard('p')
  await vi.waitFor(() => expect(marksInSight()).toEqual(['Page']))
  expect(position()).toBe('Match 1 of 2 · Page 100')
  const chunks = [...reader.dialog.querySelectorAll('.reader-text > div')]
  const laidOut = chunks.filter((chunk) => chunk.firstElementChild?.checkVisibility({ contentVisibilityAuto: true }))
  expect(chunks.length).toBeGreaterThan(100)
  expect(laidOut.length).toBeLessThan(20)
  await vi.waitFor(() => expect(body().textContent!.length).toBeGreaterThan(1_000_000), { timeout: 20_000 })
  expect(marksInSight()).toEqual(['Page'])
})

test('axe finds nothing, whatever the colours, the width and the direction', async () => {
  const pages = book(12, 6)
  const found = [2, 7].map((page) => match(pages, page, `Page ${page}, sentence 2 of many.`, [1, 0.4, 0.1]))
  reader.open({ title: 'Annual report', passages: [...pages, ...found], current: pages.length + 1 })
  await lookedAt('reader', async (look) => {
    expect(await violations(), look).toEqual([])
    const { left, right } = reader.dialog.getBoundingClientRect()
    expect(left, look).toBeGreaterThanOrEqual(0)
    expect(right, look).toBeLessThanOrEqual(innerWidth)
    expect(body().scrollWidth, look).toBeLessThanOrEqual(body().clientWidth)
    expect(marksInSight().length, look).toBeGreaterThan(0)
    // Which axe does not know of forced colours.
    const weak = getComputedStyle(find('mark.weak'))
    expect(weak.color, look).toBe(getComputedStyle(find('p')).color)
    expect(weak.backgroundColor, look).not.toBe(weak.color)
  })
})
