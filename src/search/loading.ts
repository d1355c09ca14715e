import { orAbort } from './shared.ts'

/** Something that is loaded once; after a failure, again for whoever asks. */
export class Loading<Value> {
  #loading: Promise<Value> | null = null
  /** Once it is there. */
  value: Value | null = null
  /** Of the last attempt. */
  failure: unknown = null

  constructor(private readonly load: () => Promise<Value>) {}

  /** An abort gives up waiting, not the loading. */
  async get(signal?: AbortSignal): Promise<Value> {
    this.#loading ??= this.#start()
    return signal ? orAbort(this.#loading, signal) : this.#loading
  }

  async #start(): Promise<Value> {
    this.failure = null
    try {
      this.value = await this.load()
      return this.value
    } catch (error) {
      this.failure = error
      this.#loading = null
      throw error
    }
  }

  /** What there is at the end of what is going on; null where there is nothing. */
  async settled(): Promise<Value | null> {
    return this.#loading?.catch(() => null) ?? null
  }
}
