import { MaxsiftError } from '../errors.ts'
import type { Backend } from './backend.ts'
import { Turns } from './turns.ts'

/** A second loss within this time is no accident: the work itself may be what kills the device. */
const INCIDENT_MS = 10_000

/**
 * The one backend of its kind in a service: opened at first use, shared by all models and indexes, opened anew after a
 * loss. What lives on it is keyed by it and made again on the next one.
 */
export class Accelerator {
  readonly #turns = new Turns()
  #backend: Promise<Backend> | null = null
  /** The last one; several tasks may hear of it. */
  #loss: { of: Backend; at: number; isAlone: boolean } | null = null

  constructor(private readonly open: () => Promise<Backend>) {}

  /** @throws MaxsiftError `WEBGPU_UNAVAILABLE`, `ONNX_UNAVAILABLE`. */
  backend(): Promise<Backend> {
    this.#backend ??= this.#open()
    return this.#backend
  }

  async #open(): Promise<Backend> {
    const backend = await this.open().catch((error) => {
      this.#backend = null // The next call asks again: a GPU process may have come back.
      throw error
    })
    backend.lost.then(() => {
      this.#backend = null
    })
    return backend
  }

  /**
   * Runs a task that uses the backend. Where that is lost under it, the task runs once more on a new one.
   * @throws MaxsiftError `DEVICE_LOST` at the second loss within 10 s; the next call tries again.
   */
  async use<Result>(task: (backend: Backend) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    for (let attempt = 0; ; attempt++) {
      signal?.throwIfAborted()
      const backend = await this.backend()
      try {
        return await task(backend)
      } catch (error) {
        if (!(error instanceof MaxsiftError && error.code === 'DEVICE_LOST')) throw error
        // The error of a mapping can come before the loss itself is announced.
        await Promise.race([backend.lost, new Promise((resolve) => setTimeout(resolve, 1_000))])
        if (backend.lostBecause === null) throw error
        if (this.#loss?.of !== backend) {
          const at = performance.now()
          this.#loss = { of: backend, at, isAlone: at - (this.#loss?.at ?? Number.NEGATIVE_INFINITY) > INCIDENT_MS }
        }
        if (attempt > 0 || !this.#loss.isAlone) throw error
      }
    }
  }

  /** Gives one submission to the backend. Searches are urgent: they wait for what is under way, not for what waits. */
  turn<Result>(urgent: boolean, task: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.#turns.take(urgent, task, signal)
  }

  async close(): Promise<void> {
    const backend = await this.#backend?.catch(() => null)
    this.#backend = null
    backend?.destroy()
  }
}
