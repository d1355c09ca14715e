import { MaxsiftError } from '../errors.ts'
import type { Device } from './device.ts'
import type { Binding, Plan } from './kernel.ts'
import { type Dispatch, Recording } from './recording.ts'

interface Read {
  staging: GPUBuffer
  bytes: number
  resolve(data: ArrayBuffer): void
  reject(error: unknown): void
}

/**
 * Records dispatches and submits them as one command buffer.
 * Dispatches run in order; each sees what the ones before it wrote.
 */
export class Recorder {
  readonly #encoder: GPUCommandEncoder
  /** Those that are in no recording yet. */
  readonly #dispatches: Dispatch[] = []
  /** What the next pass runs. */
  readonly #recordings: Recording[] = []
  /** Those of this recorder alone. */
  readonly #own: Recording[] = []
  readonly #reads: Read[] = []

  constructor(readonly device: Device) {
    device.assertAlive()
    this.#encoder = device.gpu.createCommandEncoder()
  }

  /** Adds one dispatch. The bindings are the shader's storage buffers, in order. */
  dispatch(plan: Plan, bindings: readonly Binding[]): void {
    this.#dispatches.push({ plan, bindings })
  }

  /** Adds dispatches that were made ready before. */
  replay(recording: Recording): void {
    this.#gather()
    this.#recordings.push(recording)
  }

  /** Copies between buffers, after the dispatches so far. Offsets and bytes are multiples of 4. */
  copy(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, bytes: number): void {
    this.#flush()
    this.#encoder.copyBufferToBuffer(from, fromOffset, to, toOffset, bytes)
  }

  /** Reads `bytes` (a multiple of 4) back once the submission has run. */
  read(from: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    this.#flush()
    const { device } = this
    const staging = device.staging.take(bytes)
    this.#encoder.copyBufferToBuffer(from, offset, staging, 0, bytes)
    device.counts.readbacks += 1
    device.counts.readbackBytes += bytes
    const data = new Promise<ArrayBuffer>((resolve, reject) => this.#reads.push({ staging, bytes, resolve, reject }))
    // `submit` rejects too, and its caller may never look at this promise.
    data.catch(() => {})
    return data
  }

  /** Submits everything; resolves when the GPU has finished it. The recorder is spent afterwards. */
  async submit(): Promise<void> {
    const { device } = this
    this.#flush()
    const commands = this.#encoder.finish()
    device.gpu.queue.submit([commands])
    device.counts.submissions += 1
    // A read waits for the map alone: it needs no second round trip.
    if (this.#reads.length > 0) {
      await Promise.all(this.#reads.map((read) => this.#resolve(read)))
    } else {
      await device.gpu.queue.onSubmittedWorkDone().catch(() => {})
      device.assertAlive()
    }
    for (const recording of this.#own) recording.release()
  }

  #gather(): void {
    if (this.#dispatches.length === 0) return
    const recording = new Recording(this.device, this.#dispatches.splice(0))
    this.#own.push(recording)
    this.#recordings.push(recording)
  }

  /** Turns what was collected into one compute pass. */
  #flush(): void {
    this.#gather()
    if (this.#recordings.length === 0) return
    const pass = this.#encoder.beginComputePass()
    for (const recording of this.#recordings.splice(0)) {
      recording.run(pass)
      this.device.counts.dispatches += recording.length
    }
    pass.end()
  }

  async #resolve({ staging, bytes, resolve, reject }: Read): Promise<void> {
    try {
      await staging.mapAsync(1, 0, bytes)
      resolve(staging.getMappedRange(0, bytes).slice(0))
      staging.unmap()
      this.device.staging.give(staging)
    } catch (cause) {
      staging.destroy()
      const error = new MaxsiftError('DEVICE_LOST', 'The GPU device was lost while its results were read.', { cause })
      reject(error)
      throw error
    }
  }
}
