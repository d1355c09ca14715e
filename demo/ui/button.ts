import { element } from '../reader/dom.ts'

/** A button that does something in this page. */
export function button(
  label: string | Node,
  act: () => void,
  attributes: Readonly<Record<string, string | boolean>> = {},
): HTMLButtonElement {
  const made = element('button', { type: 'button', ...attributes }, label)
  made.addEventListener('click', () => act())
  return made
}
