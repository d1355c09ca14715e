import type { Arena } from './arena.ts'
import type { Device } from './device.ts'
import { type Dispatch, Recording } from './recording.ts'

/** Queries have few lengths, and the parameters of a recording take some 16 KiB. */
const MOST = 32

/** Recordings over the buffers of one arena, by what they are of; those that were used lately. */
export class Recordings {
  /** The one used last at the end. */
  readonly #kept = new Map<string, Recording>()
  #generation: number

  constructor(
    private readonly device: Device,
    private readonly arena: Arena,
  ) {
    this.#generation = arena.generation
  }

  /** One that is there, and binds the buffers that the arena has now. */
  get(key: string): Recording | undefined {
    if (this.#generation !== this.arena.generation) this.clear()
    const recording = this.#kept.get(key)
    if (recording) {
      this.#kept.delete(key)
      this.#kept.set(key, recording)
    }
    return recording
  }

  make(key: string, dispatches: readonly Dispatch[]): Recording {
    if (this.#kept.size >= MOST) {
      const [oldest, recording] = this.#kept.entries().next().value!
      this.#kept.delete(oldest)
      recording.release()
    }
    const recording = new Recording(this.device, dispatches)
    this.#kept.set(key, recording)
    return recording
  }

  clear(): void {
    for (const recording of this.#kept.values()) recording.release()
    this.#kept.clear()
    this.#generation = this.arena.generation
  }
}
