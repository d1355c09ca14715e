/**
 * What was being read when this page was closed. Documents that were already handed over are finished by the index on
 * the next visit, but a page cannot open files by itself again: so it only says what is missing.
 */
const KEY = 'maxsift-demo-reading'

export interface Reading {
  /** What the person gave, such as "notes" and 3 more. */
  label: string
  files: number
  done: number
}

/** Keeps a note while files are read. A lock shows other tabs that this one is still at it. */
export async function whileReading<Result>(read: () => Promise<Result>): Promise<Result> {
  const locks = globalThis.navigator?.locks
  return locks ? locks.request(KEY, { mode: 'shared' }, read) : read()
}

export function note(reading: Reading | null): void {
  // Without storage (a private window, say) there is no next visit to tell.
  try {
    if (reading) localStorage.setItem(KEY, JSON.stringify(reading))
    else localStorage.removeItem(KEY)
  } catch {}
}

/** What an earlier visit left unread; null while another tab is still reading. */
export async function interrupted(): Promise<Reading | null> {
  const locks = globalThis.navigator?.locks
  if (!locks) return noted()
  return locks.request(KEY, { ifAvailable: true }, async (lock) => (lock ? noted() : null))
}

function noted(): Reading | null {
  try {
    const { label, files, done } = JSON.parse(localStorage.getItem(KEY) ?? 'null') ?? {}
    return typeof label === 'string' && files > done ? { label, files, done } : null
  } catch {
    return null
  }
}
