/** What a person has to know, above the search box. Each stands until it is dismissed, replaced or no longer true. */
import { element } from '../reader/dom.ts'
import { button } from './button.ts'
import { told } from './told.ts'

export interface Notice {
  text: string
  /** `error`: said at once; `info`: said when there is time. */
  kind?: 'error' | 'info'
  actions?: readonly { label: string; act(): void }[]
}

export class Notices {
  readonly element = element('div', { class: 'notices' })
  readonly #shown = new Map<string, HTMLElement>()

  /** @param key One notice at a time has it. */
  show(key: string, { text, kind = 'info', actions = [] }: Notice): void {
    const paragraph = element('p', {}, text)
    const buttons = actions.map(({ label, act }) =>
      button(label, () => {
        this.hide(key)
        act()
      }),
    )
    const dismiss = button('Dismiss', () => this.hide(key), { class: 'quiet' })
    const notice = element(
      'div',
      { class: `notice ${kind}`, role: kind === 'error' ? 'alert' : 'status' },
      paragraph,
      element('div', { class: 'row' }, ...buttons, dismiss),
    )
    const old = this.#shown.get(key)
    if (old) old.replaceWith(notice)
    else this.element.append(notice)
    this.#shown.set(key, notice)
  }

  hide(key: string): void {
    this.#shown.get(key)?.remove()
    this.#shown.delete(key)
  }

  /** What went wrong and what to do about it. An abort is no failure: somebody wanted it. */
  tell(key: string, error: unknown, actions: Notice['actions'] = []): void {
    if ((error as Error)?.name === 'AbortError') return
    this.show(key, { text: told(error), kind: 'error', actions })
  }
}
