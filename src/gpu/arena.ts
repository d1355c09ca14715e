import { type Device, STORAGE } from './device.ts'

/**
 * Working buffers by name, kept and reused from call to call. A buffer grows when a call needs more and never shrinks,
 * so that after warm-up nothing is allocated. One arena serves one submission at a time.
 */
export class Arena {
  readonly #buffers = new Map<string, GPUBuffer>()
  #generation = 0

  constructor(
    private readonly device: Device,
    private readonly label: string,
  ) {}

  /** Bytes held. */
  get bytes(): number {
    let sum = 0
    for (const buffer of this.#buffers.values()) sum += buffer.size
    return sum
  }

  /** Another number once any buffer is another one. */
  get generation(): number {
    return this.#generation
  }

  /**
   * Makes room: afterwards `get(name)` has at least so many bytes. Contents are lost when a buffer grows.
   * @throws MaxsiftError `OUT_OF_MEMORY`, `DEVICE_LOST`.
   */
  async reserve(sizes: Readonly<Record<string, number>>): Promise<void> {
    for (const [name, bytes] of Object.entries(sizes)) {
      const held = this.#buffers.get(name)
      if (held && held.size >= bytes) continue
      this.#generation += 1
      if (held) this.device.release(held)
      this.#buffers.delete(name)
      // A binding takes the whole buffer: growing must not carry it beyond what one binding takes.
      const { bufferBytes, bindingBytes } = this.device.caps.limits
      const size = grown(bytes, Math.min(bufferBytes, bindingBytes))
      this.#buffers.set(name, await this.device.allocate(size, `${this.label}.${name}`, STORAGE))
    }
  }

  get(name: string): GPUBuffer {
    const buffer = this.#buffers.get(name)
    if (!buffer) throw new Error(`the arena ${this.label} has no "${name}"`)
    return buffer
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) this.device.release(buffer)
    this.#buffers.clear()
  }
}

/** Rounds up to a quarter of a power of two: few different sizes, at most a quarter wasted. */
function grown(bytes: number, most: number): number {
  const step = Math.max(256, 2 ** Math.floor(Math.log2(Math.max(1, bytes))) / 4)
  return Math.max(bytes, Math.min(most, Math.ceil(bytes / step) * step))
}
