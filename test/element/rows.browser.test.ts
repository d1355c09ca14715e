/** What a hit looks like, where it leads, and why it is one. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { DOCUMENTS, type FakeDocument } from './fake-index.ts'
import { mountFilled, type Seen } from './page.ts'

const document_ = (more: Partial<FakeDocument>): FakeDocument[] => [
  { id: '1', title: 'A lamp', passages: [{ text: 'lamp' }], ...more },
]

describe('rows', () => {
  test('are documents with their passages', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    const groups = seen.all('[role=listbox] > [role=group]')
    expect(groups.map((group) => group.ariaLabel)).toEqual(seen.titles)
    const [lamp] = groups.filter((group) => group.ariaLabel === 'The old lighthouse')
    expect(lamp.querySelectorAll('[role=option]')).toHaveLength(3)
    expect(lamp.querySelectorAll('[part=title]')).toHaveLength(1)
    expect([...lamp.querySelectorAll('[part=heading]')].map((each) => each.textContent)).toEqual([
      'The lamp',
      'The keeper',
    ])
  })

  test('show the part of a passage with the marked words, cut between words', async () => {
    const { seen } = mountFilled()
    await seen.search('nights light')
    const [shown] = seen.all('[part=passage]')
    expect(shown.textContent).toMatch(/^….*On clear nights its light reaches.*…$/)
    expect(shown.textContent.length).toBeLessThan(280)
    const words = new Set(DOCUMENTS[0].passages[0].text.split(/\s+/))
    expect(
      shown.textContent
        .replaceAll('…', '')
        .trim()
        .split(/\s+/)
        .filter((word) => !words.has(word)),
    ).toEqual([])
    expect([...shown.querySelectorAll('mark')].map((mark) => mark.textContent)).toEqual(['nights', 'light'])
  })

  test('mark the heading too where a passage begins with it, and do not show it twice', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    const [heading] = seen.all('[part=heading]')
    expect(heading.querySelector('mark')?.textContent).toBe('lamp')
    expect(seen.all('[part=passage]')[0].textContent).toMatch(/^The lamp of the old lighthouse/)
  })

  test('mark a title that is the heading too, and do not show it twice', async () => {
    const text = 'A lamp\nIt shines.'
    const passages = [
      { heading: 'A lamp', text },
      { heading: 'A lamp', text: 'A lamp\nMore.' },
    ]
    const { seen } = mountFilled(document_({ passages }))
    await seen.search('lamp')
    expect(seen.titles).toEqual(['A lamp'])
    expect(seen.find('[part=title] mark').textContent).toBe('lamp')
    expect(seen.all('[part=heading]')).toEqual([])
    expect(seen.all('[part=passage]').map((each) => each.textContent)).toEqual(['It shines.', 'More.'])
  })

  test('keep a heading apart that is only the beginning of a sentence', async () => {
    const { seen } = mountFilled(document_({ passages: [{ heading: 'Lamp', text: 'Lamps of old.' }] }))
    await seen.search('lamp')
    expect(seen.find('[part=heading]').textContent).toBe('Lamp')
    expect(seen.find('[part=passage]').textContent).toBe('Lamps of old.')
  })

  test('without a title are named by their id', async () => {
    const { seen } = mountFilled(document_({ id: 'note-7', title: undefined }))
    await seen.search('lamp')
    expect(seen.titles).toEqual(['note-7'])
    expect(seen.whyButton('note-7').checkVisibility()).toBe(true)
  })

  test.each([
    '<img src=x onerror="globalThis.harmed = true">',
    '<script>globalThis.harmed = true</script>',
    '&lt;img src=x onerror=alert(1)&gt;',
    '"><svg onload="globalThis.harmed = true">',
    '{{constructor.constructor("globalThis.harmed = true")()}}',
    '\u202eevil\u0000',
  ])('show %j as text', async (hostile) => {
    const [heading, text] = [`${hostile}!`, `${hostile}!\n${hostile} lamp`]
    const { seen } = mountFilled([{ id: hostile, title: hostile, passages: [{ text, heading }] }])
    await seen.search('lamp')
    seen.whyButton(hostile).click()
    expect(seen.find('[part=title]').textContent).toBe(hostile)
    expect(seen.find('[part=heading]').textContent).toBe(heading)
    expect(seen.find('[part=passage]').textContent).toBe(`${hostile} lamp`)
    expect(seen.find('[part=whole]').textContent).toBe(text)
    expect(seen.root.querySelector('img, script, svg[onload]')).toBeNull()
    expect(globalThis).not.toHaveProperty('harmed')
  })

  test('draw what marks they can of a damaged index', async () => {
    const { index, seen } = mountFilled(document_({}))
    const { hits } = index.answer('lamp', { passages: 1 })
    hits[0].passages[0].highlights = [
      [2, 99, 1],
      [0, 2, Number.NaN],
      [1, 3, 1],
    ]
    index.hold = true
    await seen.type('lamp')
    await vi.waitFor(() => expect(index.held).toHaveLength(1))
    index.held[0].answer({ hits })
    await seen.answered('lamp')
    expect(seen.find('[part=passage]').innerHTML).toMatch(/^<mark[^>]*>la<\/mark>mp$/)
  })
})

describe('links', () => {
  /** What a click leads to, without going there. */
  async function follow(seen: Seen, option: HTMLElement, init: MouseEventInit = {}): Promise<boolean> {
    let followed = false
    const stop = (event: Event) => {
      followed = !event.defaultPrevented
      event.preventDefault()
    }
    document.addEventListener('click', stop, { once: true })
    option.dispatchEvent(new MouseEvent('click', { bubbles: true, composed: true, cancelable: true, ...init }))
    document.removeEventListener('click', stop)
    return followed && seen.options.some((each) => each === option && each.href !== '')
  }

  test('lead to the anchor of the passage, or to its text', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp light')
    const hrefs = seen.options.map(({ href }) => href)
    expect(hrefs).toContain(`${location.origin}/docs/lighthouse.html#the-lamp`)
    expect(hrefs).toContain(`${location.origin}/docs/lighthouse.html#the-keeper`)
    const fragment = hrefs.find((href) => href.includes('lighthouse.html#:~:text='))
    expect(decodeURIComponent(fragment!)).toContain('and a light at each landing')
    expect(hrefs.find((href) => href.startsWith('https://example.org/bread#:~:text='))).toBeDefined()
  })

  test.each(['javascript:globalThis.harmed=true', 'data:text/html,x', 'blob:x', 'file:///x', 'https://['])(
    'never lead to %s',
    async (url) => {
      const { seen } = mountFilled(document_({ url }))
      await seen.search('lamp')
      expect(seen.options[0].hasAttribute('href')).toBe(false)
      seen.options[0].click()
      expect(seen.events.select).toHaveLength(1)
      expect(globalThis).not.toHaveProperty('harmed')
    },
  )

  test('a click selects the passage and follows its link, unless that is cancelled', async () => {
    const { seen } = mountFilled()
    await seen.search('keeper')
    const keeper = seen.options.find((option) => option.textContent.includes('keeper trimmed'))!
    expect(await follow(seen, keeper)).toBe(true)
    expect(seen.events.select[0]).toMatchObject({
      query: 'keeper',
      hit: { id: 'lamp' },
      passage: { anchor: 'the-keeper' },
    })
    seen.element.addEventListener('select', (event) => event.preventDefault())
    expect(await follow(seen, keeper)).toBe(false)
    expect(seen.events.select).toHaveLength(2)
  })

  test.each(['ctrlKey', 'metaKey', 'shiftKey', 'altKey'])('a click with %s is left to the browser', async (key) => {
    const { seen } = mountFilled()
    seen.element.addEventListener('select', (event) => event.preventDefault())
    await seen.search('lamp')
    expect(await follow(seen, seen.options[0], { [key]: true })).toBe(true)
    expect(seen.events.select).toEqual([])
  })

  test('a hit without an address is selected, and nothing is followed', async () => {
    const { seen } = mountFilled(document_({}))
    await seen.search('lamp')
    expect(await follow(seen, seen.options[0], { ctrlKey: true })).toBe(false)
    expect(seen.events.select).toHaveLength(1)
  })
})

describe('why', () => {
  /** Numbers of a table, row by row; null where a cell is empty. */
  const numbers = (seen: Seen, part: string) =>
    [...seen.find(`[part=heat] ${part}`).querySelectorAll('tr')].map((row) =>
      [...row.querySelectorAll('td')].map(({ textContent }) => (textContent === '' ? null : Number(textContent))),
    )
  const sum = (values: (number | null)[]) =>
    Math.round(values.reduce<number>((all, each) => all + (each ?? 0), 0) * 100)
  const hundredths = (value: number | null | undefined) => Math.round((value ?? 0) * 100)

  test('shows the whole passages and numbers that add up to the score', async () => {
    const { seen } = mountFilled()
    await seen.search('light of the old lamp')
    const button = seen.whyButton('The old lighthouse')
    expect(button.ariaExpanded).toBe('false')
    button.click()
    expect(button.ariaExpanded).toBe('true')
    expect(button.getAttribute('aria-controls')).toBe(seen.find('[part=why]:not([hidden])').id)
    const hit = seen.events.search[0].hits.find(({ id }) => id === 'lamp')!
    expect(seen.all('[part=why]:not([hidden]) [part=whole]').map((each) => each.textContent)).toEqual(
      hit.passages.map(({ text }) => text),
    )
    const rows = numbers(seen, 'tbody')
    const [sums] = numbers(seen, 'tfoot')
    for (const row of rows) expect(sum(row.slice(0, -1))).toBe(hundredths(row.at(-1)))
    for (const [column, total] of sums.entries()) expect(sum(rows.map((row) => row[column]))).toBe(hundredths(total))
    expect(hundredths(sums.at(-1))).toBe(hundredths(hit.score))
    expect(seen.text('[part=why]')).toContain(`Score ${hit.score.toFixed(2)}`)
    const headers = [...seen.all('[part=heat] tbody th')].map((each) => each.textContent)
    expect(headers).toEqual(['markers × 1', 'light', 'of', 'the', 'old', 'lamp', 'expansion × 3'])
  })

  test('warmer is more', async () => {
    const { seen } = mountFilled()
    await seen.search('light lamps')
    seen.whyButton('The old lighthouse').click()
    const cells = seen.all('[part=heat] tbody td:not(.sum)').filter(({ textContent }) => textContent !== '')
    const alpha = (cell: HTMLElement) => Number(/([\d.]+)\)$/.exec(getComputedStyle(cell).backgroundColor)?.[1])
    const sorted = [...cells].sort((a, b) => Number(a.textContent) - Number(b.textContent))
    expect(alpha(sorted.at(-1)!)).toBeGreaterThan(alpha(sorted[0]))
  })

  test('stays open for its document while rows change, and explains the new query', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    seen.whyButton('The old lighthouse').click()
    await seen.type(' winter')
    await seen.answered('lamp winter')
    const headers = seen.all('[part=why]:not([hidden]) tbody th').map((each) => each.textContent)
    expect(headers).toContain('winter')
  })

  test('without an explanation is the passage and its score', async () => {
    const { index, seen } = mountFilled(document_({}))
    const { hits } = index.answer('lamp', { passages: 3 })
    index.hold = true
    await seen.type('lamp')
    await vi.waitFor(() => expect(index.held).toHaveLength(1))
    index.held[0].answer({ hits })
    await seen.answered('lamp')
    seen.whyButton('A lamp').click()
    expect(seen.find('[part=why]').textContent).toBe(`Score ${hits[0].score.toFixed(2)}lamp`)
  })
})

afterEach(() => {
  delete (globalThis as { harmed?: boolean }).harmed
})
