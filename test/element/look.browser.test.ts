/** Axe in every state and scheme, and what a layout must not do. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { page } from 'vitest/browser'
import { MaxsiftError } from '../../src/errors.ts'
import { DOCUMENTS, FakeIndex } from './fake-index.ts'
import { emulate, mount, mountFilled, type Seen, violations } from './page.ts'

const ARABIC = {
  id: 'ar',
  title: 'منارة قديمة',
  url: '/ar',
  passages: [{ heading: 'المصباح', text: 'المصباح\nيدور مصباح المنارة القديمة مرة كل تسع ثوان.' }],
}

const filled = async (query = 'light of the lamp') => {
  const { index, seen } = mountFilled([...DOCUMENTS, ARABIC])
  await seen.search(query)
  return { index, seen }
}

const STATES: Record<string, () => Promise<Seen>> = {
  empty: async () => mount({ placeholder: 'Search the manual' }),
  hits: async () => (await filled()).seen,
  async active() {
    const { seen } = await filled()
    await seen.press('{ArrowDown}')
    return seen
  },
  async why() {
    const { seen } = await filled()
    for (const button of seen.all('[part=why-button]')) button.click()
    return seen
  },
  async busy() {
    const { index, seen } = await filled()
    index.hold = true
    seen.element.value = 'light'
    return seen
  },
  async nothing() {
    const { seen } = mountFilled([])
    await seen.search('lamp')
    return seen
  },
  async error() {
    const { index, seen } = mountFilled()
    index.failure = new MaxsiftError('MODEL_FETCH_FAILED', 'GET /model/config.json answered 404')
    seen.element.value = 'lamp'
    await vi.waitFor(() => expect(seen.events.error).toHaveLength(1))
    return seen
  },
  async progress() {
    const seen = mount()
    // As while an index is opened.
    seen.find('[part=progress]').hidden = false
    seen.find('progress').ariaLabel = 'Loading the search model'
    return seen
  },
  async two() {
    mount({ placeholder: 'Search the other one' })
    return (await filled()).seen
  },
}

beforeEach(() => {
  document.documentElement.lang = 'en'
  document.title = 'test'
  const heading = document.createElement('h1')
  heading.textContent = 'Manual'
  const main = document.createElement('main')
  main.append(heading)
  document.body.append(main)
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(':root { color-scheme: light dark; background: Canvas; color: CanvasText }')
  document.adoptedStyleSheets = [sheet]
})
afterEach(async () => {
  document.adoptedStyleSheets = []
  await emulate({})
})

describe.each([
  ['light', {}, 'ltr'],
  ['dark', { 'prefers-color-scheme': 'dark' }, 'ltr'],
  ['forced colours', { 'forced-colors': 'active' }, 'ltr'],
  ['right to left', {}, 'rtl'],
])('axe finds nothing, %s:', (_, features, dir) => {
  test.each(Object.keys(STATES))('%s', async (state) => {
    await emulate(features as Record<string, string>)
    document.documentElement.dir = dir
    await STATES[state]()
    // Until what appears by and by is there.
    await Promise.all(document.getAnimations().map((animation) => animation.finish()))
    expect(await violations()).toEqual([])
  })
})

describe('layout', () => {
  const overlaps = (a: Element, b: Element) => {
    const [one, other] = [a.getBoundingClientRect(), b.getBoundingClientRect()]
    const apart =
      one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top
    return !apart
  }

  test.each([320, 640])('fits a page of %i pixels, whatever is written', async (width) => {
    const before = [innerWidth, innerHeight] as const
    await page.viewport(width, 800)
    try {
      const { seen, index } = mountFilled()
      index.documents = [
        ...DOCUMENTS,
        {
          id: 'w'.repeat(300),
          title: 'w'.repeat(300),
          passages: [{ text: 'x'.repeat(2000), heading: 'y'.repeat(300) }],
        },
      ]
      await seen.search('light')
      for (const button of seen.all('[part=why-button]')) button.click()
      expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(width)
    } finally {
      await page.viewport(...before)
    }
  })

  test.each(['ltr', 'rtl'])('buttons cover no words, %s', async (dir) => {
    document.documentElement.dir = dir
    const { seen } = await filled()
    const buttons = seen.all('[part=why-button]')
    const words = seen.all('[part=title], [part=heading], [part=passage]')
    for (const button of buttons) {
      const range = document.createRange()
      for (const word of words) {
        range.selectNodeContents(word)
        expect(
          [...range.getClientRects()].some((rect) =>
            overlaps(button, { getBoundingClientRect: () => rect } as Element),
          ),
        ).toBe(false)
      }
    }
  })

  test('the reason lies under the rows of its document, before the next one', async () => {
    const { seen } = await filled()
    const [first] = seen.titles
    seen.whyButton(first).click()
    const why = seen.find('[part=why]:not([hidden])').getBoundingClientRect()
    const groups = seen.all('[role=listbox] > [role=group]')
    const bottom = Math.max(...[...groups[0].children].map((each) => each.getBoundingClientRect().bottom))
    const next = Math.min(...[...groups[1].children].map((each) => each.getBoundingClientRect().top))
    expect(why.top).toBeGreaterThanOrEqual(bottom)
    expect(why.bottom).toBeLessThanOrEqual(next)
  })

  test('texts have their own direction', async () => {
    const { seen } = await filled('lamp')
    const arabic = seen.all('[part=title]').find(({ textContent }) => textContent === ARABIC.title)!
    expect(getComputedStyle(arabic).direction).toBe('rtl')
    const english = seen.all('[part=title]').find(({ textContent }) => textContent === 'Sourdough')!
    expect(getComputedStyle(english).direction).toBe('ltr')
  })

  test('nothing moves for who wants less motion', async () => {
    await emulate({ 'prefers-reduced-motion': 'reduce' })
    const seen = await STATES.busy()
    expect(seen.find('[part=busy]').checkVisibility()).toBe(true)
    const running = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().duration !== 0)
    expect(running).toEqual([])
  })

  test('marks and the active row are seen where colours are forced', async () => {
    await emulate({ 'forced-colors': 'active' })
    const seen = await STATES.active()
    expect(getComputedStyle(seen.active!).outlineStyle).toBe('solid')
    const mark = getComputedStyle(seen.find('mark'))
    expect(mark.backgroundColor).not.toBe(getComputedStyle(document.documentElement).backgroundColor)
  })

  test('custom properties and parts style it', async () => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(
      'maxsift-search { --maxsift-accent: rgb(1, 2, 3); --maxsift-max-height: 120px } maxsift-search::part(title) { color: rgb(4, 5, 6) }',
    )
    document.adoptedStyleSheets = [sheet]
    const seen = await STATES.active()
    expect(getComputedStyle(seen.active!).borderInlineStartColor).toBe('rgb(1, 2, 3)')
    expect(getComputedStyle(seen.find('[part=title]')).color).toBe('rgb(4, 5, 6)')
    expect(seen.find('[part=results]').getBoundingClientRect().height).toBe(120)
  })
})

test('two elements share their style sheet and nothing else', async () => {
  const [one, other] = [mountFilled().seen, mountFilled().seen]
  expect(one.root.adoptedStyleSheets).toEqual(other.root.adoptedStyleSheets)
  await one.search('lamp')
  expect(other.titles).toEqual([])
  expect(other.input.value).toBe('')
  other.element.index = new FakeIndex([]).asIndex
  expect(one.titles).toHaveLength(3)
})
