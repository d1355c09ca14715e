/** Everything by keyboard alone, and what a screen reader is told. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { userEvent } from 'vitest/browser'
import { DOCUMENTS } from './fake-index.ts'
import { mount, mountFilled, pause, type Seen } from './page.ts'

const activeText = (seen: Seen) => seen.active?.textContent ?? null

describe('shortcuts', () => {
  let outside: HTMLInputElement
  beforeEach(() => {
    outside = document.createElement('input')
    document.body.append(outside)
  })

  test.each(['{Control>}k{/Control}', '{Control>}K{/Control}', '/'])('%s leads to the box', async (keys) => {
    const { seen } = mountFilled()
    seen.element.value = 'lamp'
    await userEvent.keyboard(keys)
    expect(seen.focused).toBe(seen.input)
    expect(seen.input.value).toBe('lamp')
    // What is there is selected, so that typing replaces it.
    expect([seen.input.selectionStart, seen.input.selectionEnd]).toEqual([0, 4])
  })

  test('a key alone counts only where nobody is typing', async () => {
    const { seen } = mountFilled()
    outside.focus()
    await userEvent.keyboard('/')
    expect(outside.value).toBe('/')
    expect(seen.focused).toBeNull()
    await userEvent.keyboard('{Control>}k{/Control}')
    expect(seen.focused).toBe(seen.input)
    await userEvent.keyboard('a/b')
    expect(seen.input.value).toBe('a/b')
  })

  test('are as the attribute says', async () => {
    const { seen, element } = mountFilled(DOCUMENTS, { shortcut: 'none' })
    await userEvent.keyboard('/')
    await userEvent.keyboard('{Control>}k{/Control}')
    expect(seen.focused).toBeNull()
    expect(seen.input.hasAttribute('aria-keyshortcuts')).toBe(false)
    expect(seen.text('[part=shortcut]')).toBe('')
    element.shortcut = 'alt+j'
    expect(seen.input.getAttribute('aria-keyshortcuts')).toBe('Alt+J')
    expect(seen.text('[part=shortcut]')).toBe('Alt J')
    await userEvent.keyboard('{Alt>}j{/Alt}')
    expect(seen.focused).toBe(seen.input)
    element.shortcut = null
    expect(seen.input.getAttribute('aria-keyshortcuts')).toBe('Control+K /')
  })

  test('go by the place of a letter on keyboards of other scripts', () => {
    const { seen } = mountFilled()
    const init = { key: 'л', code: 'KeyK', ctrlKey: true, bubbles: true, cancelable: true }
    document.body.dispatchEvent(new KeyboardEvent('keydown', init))
    expect(seen.focused).toBe(seen.input)
  })

  test('of two elements lead to the first that is seen', async () => {
    const hidden = mount({ hidden: '' })
    const first = mount()
    const second = mount()
    await userEvent.keyboard('/')
    expect([hidden.focused, first.focused, second.focused]).toEqual([null, first.input, null])
  })

  test('are left alone once the element is gone', async () => {
    const { element } = mountFilled()
    element.remove()
    await pause(20)
    const event = new KeyboardEvent('keydown', { key: '/', bubbles: true, cancelable: true })
    document.body.dispatchEvent(event)
    expect(event.defaultPrevented).toBe(false)
  })
})

describe('rows', () => {
  test('are walked through, out of the box and into it', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    const all = seen.options
    expect(seen.active).toBeNull()
    expect(seen.input.ariaExpanded).toBe('true')
    await seen.press('{ArrowDown}')
    expect(seen.active).toBe(all[0])
    await seen.press('{ArrowDown}')
    expect(seen.active).toBe(all[1])
    await seen.press('{End}')
    expect(seen.active).toBe(all.at(-1))
    await seen.press('{ArrowDown}')
    expect(seen.active).toBeNull()
    await seen.press('{ArrowUp}')
    expect(seen.active).toBe(all.at(-1))
    await seen.press('{Home}')
    expect(seen.active).toBe(all[0])
    await seen.press('{ArrowUp}')
    expect(seen.active).toBeNull()
    expect(seen.focused).toBe(seen.input)
  })

  test('Home and End belong to the text while no row is active', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    await seen.press('{Home}')
    expect(seen.input.selectionStart).toBe(0)
    expect(seen.active).toBeNull()
  })

  test('the active one is scrolled into sight', async () => {
    const many = Array.from({ length: 10 }, (_, i) => ({
      id: `${i}`,
      title: `Lamp ${i}`,
      passages: [{ text: 'lamp '.repeat(60) }],
    }))
    const { seen } = mountFilled(many)
    await seen.search('lamp')
    await seen.press('{ArrowUp}')
    const { top, bottom } = seen.active!.getBoundingClientRect()
    expect(top).toBeGreaterThanOrEqual(0)
    expect(bottom).toBeLessThanOrEqual(innerHeight + 1)
  })

  test('Enter selects the active one', async () => {
    const { seen } = mountFilled()
    seen.element.addEventListener('select', (event) => event.preventDefault())
    await seen.search('lamp')
    await seen.press('{ArrowDown}{ArrowDown}{Enter}')
    const { hit, passage, query } = seen.events.select[0]
    expect([hit.id, query]).toEqual(['lamp', 'lamp'])
    expect(passage).toEqual(hit.passages[1])
  })

  test('Enter without one searches at once, and never selects', async () => {
    const { index, seen } = mountFilled()
    index.hold = true
    seen.input.focus()
    seen.input.value = 'lamp'
    seen.input.dispatchEvent(new InputEvent('input'))
    await seen.press('{Enter}')
    await vi.waitFor(() => expect(index.held).toHaveLength(1))
    index.held[0].answer()
    await seen.answered('lamp')
    await seen.press('{Enter}')
    await pause()
    expect(index.asked).toHaveLength(1)
    expect(seen.events.select).toEqual([])
  })

  test('Enter with a modifier does what the click does', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    await seen.press('{ArrowDown}')
    const clicks: [boolean, EventTarget][] = []
    const stop = (event: MouseEvent) => {
      clicks.push([event.ctrlKey, event.composedPath()[0]])
      event.preventDefault()
    }
    document.addEventListener('click', stop, { once: true })
    await seen.press('{Control>}{Enter}{/Control}')
    expect(clicks).toEqual([[true, seen.active]])
    expect(seen.events.select).toEqual([])
  })

  test('typing goes back to the text', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    await seen.press('{ArrowDown}')
    await seen.type('s')
    expect(seen.active).toBeNull()
  })
})

describe('rows that change', () => {
  test('keep the same passage of the same document active, in its place', async () => {
    const { index, seen, element } = mountFilled()
    await seen.search('lamp')
    await seen.press('{ArrowDown}{ArrowDown}')
    const was = activeText(seen)
    const [first, ...others] = seen.titles
    index.documents = [{ id: 'new', title: 'Lamp', passages: [{ text: 'lamp' }] }, ...DOCUMENTS]
    index.hold = true
    const refined = element.refresh()
    await vi.waitFor(() => expect(index.held).toHaveLength(1))
    // Now all others are better.
    const { hits } = index.answer('lamp', { passages: 3, explain: true })
    index.held[0].answer({
      hits: [...hits.filter(({ id }) => id !== 'lamp'), ...hits.filter(({ id }) => id === 'lamp')],
    })
    await refined
    expect(seen.titles).toEqual([first, 'Lamp', ...others])
    expect(activeText(seen)).toBe(was)
    index.hold = false
    // Refined rows come without being asked for again: the passage is not among those of its document any more.
    index.documents = DOCUMENTS.map((each) => (each.id === 'lamp' ? { ...each, passages: [{ text: 'lamp' }] } : each))
    await element.refresh()
    expect(activeText(seen)).toBe('The old lighthouselamp')
    // Another query has an order of its own.
    element.value = 'road'
    await seen.answered('road')
    expect(seen.titles[0]).toBe('The road over the pass')
    element.value = 'lamp'
    await seen.answered('lamp')
    await seen.press('{ArrowDown}')
    index.documents = DOCUMENTS.slice(1)
    await element.refresh()
    expect(seen.active).toBeNull()
  })

  test('never take the focus away', async () => {
    const { index, seen, element } = mountFilled()
    await seen.search('light')
    const button = seen.whyButton('Sourdough')
    button.focus()
    index.documents = [...DOCUMENTS].reverse().map((each) => ({ ...each, passages: each.passages.toReversed() }))
    element.value = 'road light'
    await seen.answered('road light')
    expect(seen.focused).toBe(button)
    // Inside of what is explained.
    button.click()
    seen.find('[part=why]:not([hidden]) .scroll').focus()
    await element.refresh()
    expect(seen.focused).toBe(button)
    index.documents = DOCUMENTS.slice(0, 1)
    await element.refresh()
    expect(seen.focused).toBe(seen.input)
  })

  test('never take the focus away when all of them go', async () => {
    const { index, seen, element } = mountFilled()
    await seen.search('light')
    seen.whyButton('Sourdough').focus()
    index.failure = new Error('no')
    element.value = 'lamp'
    await vi.waitFor(() => expect(seen.events.error).toHaveLength(1))
    expect(seen.titles).toEqual([])
    expect(seen.focused).toBe(seen.input)
    const retry = seen.find<HTMLButtonElement>('[part=retry]')
    retry.focus()
    index.failure = null
    await element.refresh()
    expect(retry.checkVisibility()).toBe(false)
    expect(seen.focused).toBe(seen.input)
  })
})

describe('reasons', () => {
  test('are one stop of the Tab key, at the active row, and walked through with arrows', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    const buttons = seen.all<HTMLButtonElement>('[part=why-button]')
    expect(buttons.map(({ tabIndex }) => tabIndex)).toEqual([0, -1, -1])
    await seen.press('{End}{ArrowUp}{Tab}{Tab}')
    expect(seen.focused).toBe(buttons[2])
    await seen.press('{ArrowUp}')
    expect(seen.focused).toBe(buttons[1])
    expect(buttons.map(({ tabIndex }) => tabIndex)).toEqual([-1, 0, -1])
    await seen.press('{Home}{Enter}')
    expect(buttons[0].ariaExpanded).toBe('true')
    await seen.press('{Tab}')
    expect(seen.focused?.ariaLabel).toBe('Parts of the score')
  })

  test('open and close from the box', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    await seen.press('{Alt>}{ArrowDown}{/Alt}')
    expect(seen.all('[part=why]:not([hidden])')).toEqual([])
    await seen.press('{ArrowDown}{Alt>}{ArrowDown}{/Alt}')
    expect(seen.all('[part=why]:not([hidden])')).toHaveLength(1)
    expect(seen.focused).toBe(seen.input)
    await seen.press('{Alt>}{ArrowUp}{/Alt}')
    expect(seen.all('[part=why]:not([hidden])')).toEqual([])
  })
})

describe('Esc', () => {
  test('closes the reasons, then empties the box, then leaves it', async () => {
    const { index, seen } = mountFilled()
    await seen.search('lamp')
    seen.whyButton('Sourdough').click()
    await seen.press('{Escape}')
    expect(seen.all('[part=why]:not([hidden])')).toEqual([])
    expect(seen.input.value).toBe('lamp')
    await seen.press('{Escape}')
    expect(seen.input.value).toBe('')
    expect(seen.titles).toEqual([])
    expect(seen.focused).toBe(seen.input)
    await seen.press('{Escape}')
    expect(seen.focused).toBeNull()
    // A pause in typing that was cut short leads to nothing.
    await seen.type('r')
    await seen.press('{Escape}')
    await pause()
    expect(index.asked.map(({ query }) => query)).toEqual(['lamp'])
  })

  test('in a reason leads back to its button', async () => {
    const { seen } = mountFilled()
    await seen.search('lamp')
    seen.whyButton('Sourdough').click()
    seen.find('[part=why]:not([hidden]) .scroll').focus()
    await seen.press('{Escape}')
    expect(seen.focused).toBe(seen.whyButton('Sourdough'))
  })

  test('closes a dialog around the element only when there is nothing of its own to close', async () => {
    const dialog = document.createElement('dialog')
    document.body.append(dialog)
    dialog.showModal()
    const seen = mount({}, dialog)
    seen.input.focus()
    await seen.type('x')
    await seen.press('{Escape}')
    expect([dialog.open, seen.input.value]).toEqual([true, ''])
    await seen.press('{Escape}')
    expect(dialog.open).toBe(false)
  })
})

describe('a screen reader', () => {
  test('is told the count once typing rests, and again when it is the same', async () => {
    const { seen, element } = mountFilled()
    const live = seen.find('[role=status]')
    const said: string[] = []
    new MutationObserver(() => said.push(live.textContent)).observe(live, { childList: true, subtree: true })
    await seen.search('lamp')
    expect(said).toEqual([])
    await vi.waitFor(() => expect(said).toEqual(['3 documents']), { timeout: 2000 })
    element.value = 'light'
    await vi.waitFor(() => expect(said).toHaveLength(2), { timeout: 2000 })
    expect(said[1].trim()).toBe('3 documents')
    expect(said[1]).not.toBe(said[0])
    element.filter = { kind: 'none' }
    await vi.waitFor(() => expect(said.at(-1)).toBe('No document passes the filter'), { timeout: 2000 })
  })

  test('finds a combobox with a name, a listbox and its options', async () => {
    const { seen } = mountFilled(DOCUMENTS, { placeholder: 'Search the manual' })
    expect(seen.input.role).toBe('combobox')
    expect(seen.input.ariaLabel).toBe('Search the manual')
    expect(seen.input.ariaExpanded).toBe('false')
    await seen.search('lamp')
    expect(seen.input.getAttribute('aria-controls')).toBe(seen.find('[role=listbox]').id)
    expect(seen.input.ariaAutoComplete).toBe('list')
    seen.element.placeholder = null
    expect(seen.input.ariaLabel).toBe('Search')
  })
})
