import { element, focused, refocus } from '../reader/dom.ts'
import { button } from './button.ts'

export interface Question {
  title: string
  text: string
  /** What the button that does it says. */
  action: string
}

/** Asks before something that cannot be undone. Settles with false on Esc, too. */
export function ask({ title, text, action }: Question): Promise<boolean> {
  const origin = focused()
  const dialog = element('dialog', { class: 'ask', 'aria-labelledby': 'ask-title', 'aria-describedby': 'ask-text' })
  const cancel = button('Cancel', () => dialog.close(), { autofocus: true })
  dialog.append(
    element('h2', { id: 'ask-title' }, title),
    element('p', { id: 'ask-text' }, text),
    element(
      'div',
      { class: 'row end' },
      cancel,
      button(action, () => dialog.close('yes'), { class: 'danger' }),
    ),
  )
  document.body.append(dialog)
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove()
      refocus(origin, dialog)
      resolve(dialog.returnValue === 'yes')
    })
  })
}
