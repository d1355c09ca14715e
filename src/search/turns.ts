/**
 * Turns at one GPU: tasks run one after the other, and an urgent one (a search) goes before all that wait.
 */
export class Turns {
  readonly #urgent: (() => void)[] = []
  readonly #patient: (() => void)[] = []
  #busy = false

  /** Runs the task in its turn. An abort while waiting rejects at once and leaves the queue. */
  async take<Result>(urgent: boolean, task: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    signal?.throwIfAborted()
    if (this.#busy) await this.#wait(urgent ? this.#urgent : this.#patient, signal)
    this.#busy = true
    try {
      return await task()
    } finally {
      const next = this.#urgent.shift() ?? this.#patient.shift()
      // The turn passes on without `busy` falling, so that nobody slips in between.
      if (next) next()
      else this.#busy = false
    }
  }

  #wait(queue: (() => void)[], signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        queue.splice(queue.indexOf(enter), 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', leave, { once: true })
      queue.push(enter)
    })
  }
}
