/** Search as you type: what is asked of the index, and what is shown meanwhile. */
import { describe, expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import { DOCUMENTS } from './fake-index.ts'
import { mount, mountFilled, pause } from './page.ts'

const queries = (index: { asked: { query: string }[] }) => index.asked.map(({ query }) => query)

describe('typing', () => {
  test('searches once a pause is made, with all that rows and reasons need', async () => {
    const { index, seen } = mountFilled()
    await seen.search('old lamp')
    expect(queries(index)).toEqual(['old lamp'])
    expect(index.asked[0].options).toMatchObject({ limit: 10, passages: 3, explain: true })
    expect(seen.titles[0]).toBe('The old lighthouse')
    expect(seen.text('[part=status]')).toBe('3 documents')
    expect(seen.events.search).toHaveLength(1)
    expect(seen.events.search[0]).toMatchObject({ query: 'old lamp', total: 3, elapsed: 7, mode: 'semantic' })
    expect(seen.events.search[0].hits.map(({ id }) => id)).toContain('lamp')
  })

  test('gives up a search that is superseded, and never shows its rows', async () => {
    const { index, seen } = mountFilled()
    index.hold = true
    await seen.type('lamp')
    await vi.waitFor(() => expect(index.held).toHaveLength(1))
    await seen.type(' light')
    expect(index.held[0].signal?.aborted).toBe(true)
    await vi.waitFor(() => expect(index.held).toHaveLength(2))
    // The older answer comes last, and from an index that knows of no abort.
    index.held[1].answer()
    await seen.answered('lamp light')
    index.held[0].answer({ hits: [] })
    await pause(50)
    expect(seen.titles).toHaveLength(3)
    expect(seen.events.search).toHaveLength(1)
    expect(seen.events.error).toEqual([])
  })

  test('keeps the rows until the next ones are there, and says that it is busy', async () => {
    const { index, seen } = mountFilled()
    await seen.search('lamp')
    const rows = seen.options
    index.hold = true
    await seen.type(' road')
    await vi.waitFor(() => expect(index.held).toHaveLength(1))
    expect(seen.options).toEqual(rows)
    expect(seen.find('[part=busy]').checkVisibility()).toBe(true)
    const changes: MutationRecord[] = []
    const observer = new MutationObserver((records) => changes.push(...records))
    observer.observe(seen.find('[role=listbox]'), { childList: true })
    index.held[0].answer()
    await seen.answered('lamp road')
    await vi.waitFor(() => expect(seen.find('[part=busy]').checkVisibility()).toBe(false))
    // No document is taken out and put in again when it only moves.
    expect(changes.flatMap(({ removedNodes }) => [...removedNodes]).length).toBeLessThan(3)
    for (const row of rows) expect(seen.options).toContain(row)
  })

  test('an empty box, or one of mere space, has no rows', async () => {
    const { index, seen } = mountFilled()
    await seen.search('lamp')
    await seen.press('{Control>}a{/Control}{Backspace}')
    expect(seen.titles).toEqual([])
    expect(seen.text('[part=status]')).toBe('')
    await seen.type('   ')
    await pause()
    expect(queries(index)).toEqual(['lamp'])
    expect(seen.input.ariaExpanded).toBe('false')
  })

  test('nothing is asked while an input method is composing', async () => {
    const { index, seen } = mountFilled()
    const { input } = seen
    await seen.search('lamp')
    const compose = (type: string, data: string) =>
      input.dispatchEvent(new CompositionEvent(type, { data, bubbles: true, composed: true }))
    const insert = (value: string) => {
      input.value = value
      const event = { inputType: 'insertCompositionText', isComposing: true, bubbles: true, composed: true }
      input.dispatchEvent(new InputEvent('input', event))
    }
    // A pause that began before must not end in the middle of it either.
    await userEvent.keyboard('s')
    compose('compositionstart', '')
    insert('lampsと')
    insert('lampsとう')
    const enter = { key: 'Enter', bubbles: true, composed: true, cancelable: true }
    input.dispatchEvent(new KeyboardEvent('keydown', { ...enter, isComposing: true }))
    // Safari tells only by the number.
    input.dispatchEvent(new KeyboardEvent('keydown', { ...enter, key: 'ArrowDown', keyCode: 229 }))
    input.dispatchEvent(new KeyboardEvent('keydown', { ...enter, key: 'Escape', isComposing: true }))
    index.dispatchEvent(new CustomEvent('change'))
    await pause()
    expect(queries(index).filter((query) => query !== 'lamp')).toEqual([])
    expect(seen.active).toBeNull()
    expect(input.value).toBe('lampsとう')
    insert('lamps灯')
    compose('compositionend', '灯')
    await seen.answered('lamps灯')
  })

  test('takes the words of rich text that is pasted', async () => {
    const { seen } = mountFilled()
    const rich = document.createElement('p')
    rich.contentEditable = 'true'
    rich.innerHTML = 'old <b>lamp</b><br><i>light</i>'
    document.body.append(rich)
    rich.focus()
    getSelection()!.selectAllChildren(rich)
    await userEvent.copy()
    seen.input.focus()
    await userEvent.paste()
    await vi.waitFor(() => expect(seen.events.search).toHaveLength(1))
    expect(seen.element.value).toMatch(/^old lamp\s?light$/)
    expect(seen.root.querySelector('b, i')).toBeNull()
  })

  test.each([
    ['10,000 characters', 'lamp '.repeat(2000)],
    ['control characters', 'lamp\u0000\u0007\u001b\u202e\ud800'],
    ['markup', '<img src=x onerror=alert(1)> &lt;b&gt; lamp'],
    ['names of an object', 'constructor __proto__ toString lamp'],
  ])('survives %s', async (_, query) => {
    const { index, seen, element } = mountFilled()
    element.value = query
    await seen.answered(query)
    expect(queries(index)).toEqual([query])
    seen.whyButton('The old lighthouse').click()
    expect(seen.text('[part=heat]')).toContain('lamp')
    expect(seen.root.querySelector('img')).toBeNull()
  })
})

describe('properties', () => {
  test('value searches at once', async () => {
    const { index, seen, element } = mountFilled()
    element.value = 'lamp'
    await Promise.resolve()
    expect(queries(index)).toEqual(['lamp'])
    await seen.answered('lamp')
    expect(element.value).toBe('lamp')
    expect(seen.input.value).toBe('lamp')
    element.value = ''
    expect(seen.titles).toEqual([])
  })

  test('filter and limit are those of the search', async () => {
    const { index, seen, element } = mountFilled()
    await seen.search('lamp')
    element.filter = { kind: 'sea' }
    await vi.waitFor(() => expect(seen.titles).toEqual(['The old lighthouse']))
    expect(seen.text('[part=status]')).toBe('1 document')
    element.filter = { kind: 'air' }
    await vi.waitFor(() => expect(seen.text('[part=status]')).toBe('No document passes the filter'))
    element.filter = null
    await vi.waitFor(() => expect(seen.titles).toHaveLength(3))
    element.limit = 2
    await vi.waitFor(() => expect(seen.text('[part=status]')).toBe('The best 2 of 3 documents'))
    expect(element.getAttribute('limit')).toBe('2')
    expect(index.asked.at(-1)?.options).toMatchObject({ limit: 2, filter: undefined })
    for (const wrong of ['0', '-1', 'many', '1.5']) {
      element.setAttribute('limit', wrong)
      expect(element.limit).toBe(10)
    }
  })

  test('refresh() searches again, keeping rows until the new ones are there', async () => {
    const { index, seen, element } = mountFilled()
    await seen.search('lamp')
    index.hold = true
    index.documents = [{ id: 'new', title: 'A new lamp', passages: [{ text: 'lamp' }] }, ...DOCUMENTS]
    const refreshed = element.refresh()
    await pause(50)
    expect(seen.titles).toHaveLength(3)
    index.held[0].answer()
    await refreshed
    expect(seen.titles[0]).toBe('A new lamp')
  })

  test('a change of the index is searched, and many in a row once', async () => {
    const { index, seen } = mountFilled()
    await seen.search('lamp')
    index.documents = DOCUMENTS.slice(1)
    for (let i = 0; i < 5; i++) index.dispatchEvent(new CustomEvent('change'))
    await vi.waitFor(() => expect(seen.titles).toHaveLength(2))
    expect(queries(index)).toEqual(['lamp', 'lamp'])
  })

  test('that were set before the element was defined are taken over', async () => {
    const { index } = mountFilled()
    const early = document.createElement('maxsift-search')
    Object.defineProperty(early, 'index', { value: index, configurable: true, writable: true, enumerable: true })
    Object.defineProperty(early, 'value', { value: 'lamp', configurable: true, writable: true, enumerable: true })
    document.body.append(early)
    await vi.waitFor(() => expect(early.shadowRoot!.querySelectorAll('[part=title]')).toHaveLength(3))
    expect(Object.hasOwn(early, 'index')).toBe(false)
  })

  test('without an index nothing is searched, and nothing fails', async () => {
    const seen = mount()
    await seen.type('lamp')
    await pause()
    expect(seen.titles).toEqual([])
    expect(seen.events.error).toEqual([])
    expect(seen.find('[part=busy]').checkVisibility()).toBe(false)
  })

  test('nothing found, and nothing to find, are told apart', async () => {
    const { index, seen, element } = mountFilled([])
    await seen.search('lamp')
    expect(seen.text('[part=status]')).toBe('There are no documents to search')
    index.hold = true
    void element.refresh()
    await vi.waitFor(() => expect(index.held).toHaveLength(1))
    index.held[0].answer({ hits: [], total: 5 })
    await vi.waitFor(() => expect(seen.text('[part=status]')).toBe('Nothing found'))
  })
})
