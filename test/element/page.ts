/** What a person sees of the element in a page, and does to it. */
import axe from 'axe-core'
import { afterEach, expect, vi } from 'vitest'
import { cdp, userEvent } from 'vitest/browser'
import type { MaxsiftSearch } from '../../src/element/index.ts'
import '../../src/element/index.ts'
import type { MaxsiftSearchEventMap } from '../../src/element/types.ts'
import { DOCUMENTS, FakeIndex } from './fake-index.ts'

afterEach(() => {
  document.body.replaceChildren()
  document.documentElement.removeAttribute('dir')
})

/** The element, in the page, as its markup would make it. */
export function mount(
  attributes: Record<string, string> = {},
  parent = document.querySelector('main') ?? document.body,
): Seen {
  const element = document.createElement('maxsift-search')
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  parent.append(element)
  return new Seen(element)
}

/** The element with an index to search. */
export function mountFilled(documents = DOCUMENTS, attributes: Record<string, string> = {}) {
  const index = new FakeIndex(documents)
  const seen = mount(attributes)
  seen.element.index = index.asIndex
  return { index, seen, element: seen.element }
}

export class Seen {
  readonly events: { [Type in keyof MaxsiftSearchEventMap]: MaxsiftSearchEventMap[Type]['detail'][] } = {
    search: [],
    select: [],
    progress: [],
    error: [],
  }

  constructor(readonly element: MaxsiftSearch) {
    // At the document: events must get there.
    for (const type of Object.keys(this.events) as (keyof MaxsiftSearchEventMap)[])
      document.addEventListener(type, (event) => {
        if (event.target !== element) return
        const list: unknown[] = this.events[type]
        list.push((event as CustomEvent).detail)
        // The window would report it as an error of the test.
        event.stopPropagation()
      })
  }

  get root(): ShadowRoot {
    return this.element.shadowRoot!
  }

  find<Type extends HTMLElement = HTMLElement>(selector: string): Type {
    const found = this.root.querySelector<Type>(selector)
    if (!found) throw new Error(`There is no ${selector}`)
    return found
  }

  all<Type extends HTMLElement = HTMLElement>(selector: string): Type[] {
    return [...this.root.querySelectorAll<Type>(selector)]
  }

  /** Text of what is shown of a part; '' where nothing of it is. */
  text(selector: string): string {
    const shown = this.all(selector).filter((each) => each.checkVisibility())
    // biome-ignore lint/performance/useDomNodeTextContent: what is hidden does not count
    return shown.map((each) => each.innerText).join('\n')
  }

  get input(): HTMLInputElement {
    return this.find<HTMLInputElement>('input')
  }

  /** Titles in the order in which they are seen, from top to bottom. */
  get titles(): string[] {
    const titles = this.all('[part=title]').filter((each) => each.checkVisibility())
    return titles
      .map((each) => ({ text: each.textContent, top: each.getBoundingClientRect().top }))
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text)
  }

  get options(): HTMLAnchorElement[] {
    return this.all<HTMLAnchorElement>('[role=option]')
  }

  /** The row that a screen reader would read. */
  get active(): HTMLElement | null {
    const id = this.input.getAttribute('aria-activedescendant')
    const active = id === null ? null : this.root.getElementById(id)
    expect(this.options.filter((option) => option.ariaSelected === 'true')).toEqual(active ? [active] : [])
    return active
  }

  /** The part that has the focus. */
  get focused(): Element | null {
    return this.root.activeElement
  }

  /** Types as a person does, key by key. */
  async type(text: string): Promise<void> {
    this.input.focus()
    await userEvent.keyboard(text.replace(/[[{]/g, '$&$&'))
  }

  /** Types and waits for rows. */
  async search(query: string): Promise<void> {
    await this.type(query)
    await this.answered(query)
  }

  async answered(query: string): Promise<void> {
    await vi.waitFor(() => expect(this.events.search.at(-1)?.query).toBe(query), { timeout: 3000 })
  }

  async press(keys: string): Promise<void> {
    await userEvent.keyboard(keys)
  }

  whyButton(title: string): HTMLButtonElement {
    return this.all<HTMLButtonElement>('[part=why-button]').find(({ ariaLabel }) => ariaLabel === `Why? ${title}`)!
  }
}

/** Longer than a pause in typing. */
export const pause = (milliseconds = 300) => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** What axe finds wrong with the page. */
export async function violations(): Promise<string[]> {
  const found = await axe.run()
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
}

/** Lets the browser behave as set by its user. */
export async function emulate(features: Record<string, string>): Promise<void> {
  const list = Object.entries(features).map(([name, value]) => ({ name, value }))
  await cdp().send('Emulation.setEmulatedMedia', { features: list })
}
