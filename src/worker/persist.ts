let asked = false

/**
 * Asks the browser, once a page, not to evict what is stored: only a page may ask. Chrome and Safari decide by
 * themselves, Firefox asks the person.
 */
export function askToPersist(): void {
  if (asked) return
  asked = true
  // An answer changes nothing here; `info()` tells it.
  globalThis.navigator?.storage?.persist?.().catch(() => {})
}
