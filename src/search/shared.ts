/** One user's part in a shared value; every lease is released once. */
export interface Lease<Value> {
  value: Value
  release(): Promise<void>
}

interface Entry<Value> {
  value: Promise<Value>
  users: number
  making: AbortController
}

/** Things that several users share by key: made for the first, let go by the last. */
export class Shared<Value> {
  readonly #entries = new Map<string, Entry<Value>>()

  constructor(private readonly dispose: (value: Value) => Promise<void> | void) {}

  /**
   * A lease on the value of this key; `make` runs only when nobody has it. An abort lets go of this user's part; the
   * making itself stops when nobody waits for it any more.
   */
  async acquire(
    key: string,
    make: (signal: AbortSignal) => Promise<Value>,
    signal?: AbortSignal,
  ): Promise<Lease<Value>> {
    signal?.throwIfAborted()
    const entry = this.#entries.get(key) ?? this.#make(key, make)
    entry.users += 1
    let held = true
    const release = async () => {
      if (!held) return
      held = false
      await this.#leave(key, entry)
    }
    try {
      return { value: await orAbort(entry.value, signal), release }
    } catch (error) {
      void release().catch(() => {})
      throw error
    }
  }

  /** Forgets the value of this key for those who come now; those who have it keep it. */
  evict(key: string): void {
    this.#entries.delete(key)
  }

  /** The values that are ready or being made, by key. */
  *[Symbol.iterator](): Generator<[string, Promise<Value>]> {
    for (const [key, { value }] of this.#entries) yield [key, value]
  }

  #make(key: string, make: (signal: AbortSignal) => Promise<Value>): Entry<Value> {
    const making = new AbortController()
    const entry = { value: make(making.signal), users: 0, making }
    // What could not be made is nobody's; the next one tries again.
    entry.value.catch(() => this.#forget(key, entry))
    this.#entries.set(key, entry)
    return entry
  }

  async #leave(key: string, entry: Entry<Value>): Promise<void> {
    entry.users -= 1
    if (entry.users > 0) return
    this.#forget(key, entry)
    entry.making.abort()
    const made = await entry.value.then(
      (value) => ({ value }),
      () => null,
    )
    if (made) await this.dispose(made.value)
  }

  #forget(key: string, entry: Entry<Value>): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}

/** Waits until the signal is aborted at most. */
export async function orAbort<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
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
