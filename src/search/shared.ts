/** Things that several users share by key: made for the first, let go by the last. */
export class Shared<Value> {
  readonly #entries = new Map<string, { value: Promise<Value>; users: number; making: AbortController }>()

  constructor(private readonly dispose: (value: Value) => Promise<void> | void) {}

  /**
   * The value of this key; `make` runs only when nobody has it. Every `acquire` that succeeds needs one `release`.
   * An abort lets go of this user's part; the making itself stops when nobody waits for it any more.
   */
  async acquire(key: string, make: (signal: AbortSignal) => Promise<Value>, signal?: AbortSignal): Promise<Value> {
    signal?.throwIfAborted()
    let entry = this.#entries.get(key)
    if (!entry) {
      const making = new AbortController()
      entry = { value: make(making.signal), users: 0, making }
      entry.value.catch(() => {
        // What could not be made is nobody's; the next one tries again.
        if (this.#entries.get(key) === entry) this.#entries.delete(key)
      })
      this.#entries.set(key, entry)
    }
    entry.users += 1
    try {
      return await orAbort(entry.value, signal)
    } catch (error) {
      if (this.#entries.get(key) === entry) void this.release(key).catch(() => {})
      throw error
    }
  }

  async release(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    if (!entry) return
    entry.users -= 1
    if (entry.users > 0) return
    this.#entries.delete(key)
    entry.making.abort()
    const value = await entry.value.catch(() => null)
    if (value !== null) await this.dispose(value)
  }

  /** The values that are ready or being made. */
  values(): Promise<Value>[] {
    return Array.from(this.#entries.values(), ({ value }) => value)
  }

  get size(): number {
    return this.#entries.size
  }
}

async function orAbort<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return promise
  let leave = () => {}
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
