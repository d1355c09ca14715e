import { MaxsiftError } from '../errors.ts'
import type { Device } from './device.ts'
import type { Binding, Plan } from './kernel.ts'

interface Read {
  staging: GPUBuffer
  bytes: number
  resolve(data: ArrayBuffer): void
  reject(error: unknown): void
}

const SLOT = 256 // minUniformBufferOffsetAlignment of every device

/**
 * Records dispatches and submits them as one command buffer.
 * Dispatches run in order; each sees what the ones before it wrote.
 */
export class Recorder {
  readonly #encoder: GPUCommandEncoder
  readonly #steps: { plan: Plan; bindings: readonly Binding[] }[] = []
  readonly #reads: Read[] = []
  readonly #uniforms: GPUBuffer[] = []

  constructor(readonly device: Device) {
    device.assertAlive()
    this.#encoder = device.gpu.createCommandEncoder()
  }

  /** Adds one dispatch. The bindings are the shader's storage buffers, in order. */
  dispatch(plan: Plan, bindings: readonly Binding[]): void {
    // A grid without workgroups is legal in WebGPU, but an empty step is not worth a barrier.
    if (plan.grid.includes(0)) return
    this.#steps.push({ plan, bindings })
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
    for (const buffer of this.#uniforms) device.uniforms.give(buffer)
  }

  /** Turns the collected steps into one compute pass with one uniform buffer. */
  #flush(): void {
    if (this.#steps.length === 0) return
    const { device } = this
    const { gpu } = device
    const words = new Uint32Array((this.#steps.length * SLOT) / 4)
    this.#steps.forEach(({ plan }, i) => {
      words.set(plan.params, (i * SLOT) / 4)
    })
    const uniforms = device.uniforms.take(words.byteLength)
    this.#uniforms.push(uniforms)
    gpu.queue.writeBuffer(uniforms, 0, words)
    const pass = this.#encoder.beginComputePass()
    this.#steps.forEach(({ plan, bindings }, i) => {
      const kernel = device.kernels.get(plan.variant)
      pass.setPipeline(kernel.pipeline)
      pass.setBindGroup(0, kernel.bind([{ buffer: uniforms, offset: i * SLOT, size: SLOT }, ...bindings]))
      pass.dispatchWorkgroups(...plan.grid)
    })
    pass.end()
    device.counts.dispatches += this.#steps.length
    this.#steps.length = 0
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
