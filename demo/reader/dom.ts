/** An element with attributes and children; strings become text nodes, so that no text is ever read as markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes))
    if (value !== false) made.setAttribute(attribute, value === true ? '' : value)
  made.append(...children)
  return made
}

/** What has the focus, inside shadow trees as well. */
export function focused(): HTMLElement | null {
  let active = document.activeElement
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement
  return active instanceof HTMLElement && active !== document.body ? active : null
}

/** Puts the focus back where it was, unless it has gone elsewhere meanwhile: the event of closing comes late. */
export function refocus(origin: HTMLElement | null, closed: HTMLElement): void {
  const now = focused()
  if (origin?.isConnected && (now === null || closed.contains(now))) origin.focus()
}
