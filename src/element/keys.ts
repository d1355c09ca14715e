/** Keys that lead to the search box from anywhere in the page. */
export interface Shortcut {
  key: string
  ctrl: boolean
  meta: boolean
  alt: boolean
}

const isApple = () => /Mac|iP(hone|ad|od)/.test(globalThis.navigator?.platform ?? '')

/** Of the attribute `shortcut`: combinations such as `mod+k`, apart by spaces. `mod` is Cmd on Apple's devices, else Ctrl. */
export function readShortcuts(attribute: string | null): Shortcut[] {
  if (attribute === 'none') return []
  return (attribute?.trim() || 'mod+k /').split(/\s+/).map((combination) => {
    const parts = combination.toLowerCase().split('+')
    // `+` itself is a key too.
    const key = parts.pop() || '+'
    const apple = isApple()
    const mod = parts.includes('mod')
    return {
      key,
      ctrl: parts.includes('ctrl') || (mod && !apple),
      meta: parts.includes('meta') || parts.includes('cmd') || (mod && apple),
      alt: parts.includes('alt'),
    }
  })
}

/** Whether the event is one of these. A bare key counts only where nobody is typing. */
export function isShortcut(event: KeyboardEvent, shortcuts: readonly Shortcut[]): boolean {
  if (isComposing(event)) return false
  const { key, code, ctrlKey, metaKey, altKey } = event
  return shortcuts.some((shortcut) => {
    const bare = !shortcut.ctrl && !shortcut.meta && !shortcut.alt
    if (ctrlKey !== shortcut.ctrl || metaKey !== shortcut.meta || altKey !== shortcut.alt) return false
    if (bare) return key.toLowerCase() === shortcut.key && !isTyping(event)
    // By its place too: on a Cyrillic keyboard the key K gives another letter.
    return key.toLowerCase() === shortcut.key || code === `Key${shortcut.key.toUpperCase()}`
  })
}

/** Whether a key belongs to an input method, which is still asking what it means. Safari says so only by the number. */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0]
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  return target.matches('textarea, select, input:not([type=button], [type=checkbox], [type=radio], [type=submit])')
}

/** For `aria-keyshortcuts`. */
export function ariaShortcuts(shortcuts: readonly Shortcut[]): string {
  const name = (key: string) => (key.length === 1 ? key.toUpperCase() : key[0].toUpperCase() + key.slice(1))
  return shortcuts.map((each) => [...modifiers(each, 'Control', 'Meta', 'Alt'), name(each.key)].join('+')).join(' ')
}

/** For people. */
export function shownShortcut(shortcuts: readonly Shortcut[]): string {
  const [first] = shortcuts
  if (!first) return ''
  const key = first.key.toUpperCase()
  return isApple()
    ? [...modifiers(first, '⌃', '⌘', '⌥'), key].join('')
    : [...modifiers(first, 'Ctrl', 'Meta', 'Alt'), key].join(' ')
}

function modifiers({ ctrl, meta, alt }: Shortcut, control: string, command: string, option: string): string[] {
  return [...(ctrl ? [control] : []), ...(meta ? [command] : []), ...(alt ? [option] : [])]
}
