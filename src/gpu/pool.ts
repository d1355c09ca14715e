import type { Device } from './device.ts'

/** More than this is not held for a next time that may not come. */
const MOST_BUFFERS = 8
const MOST_BYTES = 4 << 20

/** Buffers that each submission needs for a moment, kept for the next one, so that after warm-up none is created. */
export class Pool {
  readonly #free: GPUBuffer[] = []

  constructor(
    private readonly device: Device,
    private readonly label: string,
    private readonly usage: number,
  ) {}

  /** A buffer of at least so many bytes, with whatever was in it. */
  take(bytes: number): GPUBuffer {
    let best = -1
    this.#free.forEach(({ size }, i) => {
      if (size >= bytes && (best < 0 || size < this.#free[best].size)) best = i
    })
    if (best >= 0) return this.#free.splice(best, 1)[0]
    this.device.counts.allocations += 1
    // Few different sizes: the next submission is seldom of just this one.
    const size = bytes <= MOST_BYTES ? Math.max(256, 2 ** Math.ceil(Math.log2(bytes))) : bytes
    return this.device.gpu.createBuffer({ size, usage: this.usage, label: this.label })
  }

  /** Takes back a buffer that is neither mapped nor waited for. */
  give(buffer: GPUBuffer): void {
    if (buffer.size <= MOST_BYTES && this.#free.length < MOST_BUFFERS) this.#free.push(buffer)
    else buffer.destroy()
  }
}
