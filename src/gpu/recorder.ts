import { MaxsiftError } from '../errors.ts'
import { type Device, USAGE } from './device.ts'
import type { Plan } from './kernel.ts'

/** A buffer, or a part of one (`offset` a multiple of 256). */
export type Binding = GPUBuffer | { buffer: GPUBuffer; offset?: number; size?: number }

interface Read {
  staging: GPUBuffer
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
    const staging = device.gpu.createBuffer({ size: bytes, usage: USAGE.MAP_READ | USAGE.COPY_DST, label: 'readback' })
    this.#encoder.copyBufferToBuffer(from, offset, staging, 0, bytes)
    device.counts.readbacks += 1
    device.counts.readbackBytes += bytes
    const data = new Promise<ArrayBuffer>((resolve, reject) => this.#reads.push({ staging, resolve, reject }))
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
    for (const buffer of this.#uniforms) buffer.destroy()
  }

  /** Turns the collected steps into one compute pass with one uniform buffer. */
  #flush(): void {
    if (this.#steps.length === 0) return
    const { device } = this
    const { gpu } = device
    const uniforms = gpu.createBuffer({
      size: this.#steps.length * SLOT,
      usage: USAGE.UNIFORM,
      label: 'params',
      mappedAtCreation: true,
    })
    this.#uniforms.push(uniforms)
    const words = new Uint32Array(uniforms.getMappedRange())
    this.#steps.forEach(({ plan }, i) => {
      words.set(plan.params, (i * SLOT) / 4)
    })
    uniforms.unmap()
    const pass = this.#encoder.beginComputePass()
    this.#steps.forEach(({ plan, bindings }, i) => {
      const kernel = device.kernels.get(plan.variant)
      const entries: GPUBindGroupEntry[] = bindings.map((binding, j) => ({
        binding: j + 1,
        resource: 'buffer' in binding ? binding : { buffer: binding },
      }))
      entries.unshift({ binding: 0, resource: { buffer: uniforms, offset: i * SLOT, size: SLOT } })
      pass.setPipeline(kernel.pipeline)
      pass.setBindGroup(0, gpu.createBindGroup({ layout: kernel.layout, entries }))
      pass.dispatchWorkgroups(...plan.grid)
    })
    pass.end()
    device.counts.dispatches += this.#steps.length
    this.#steps.length = 0
  }

  async #resolve(read: Read): Promise<void> {
    try {
      await read.staging.mapAsync(1)
      read.resolve(read.staging.getMappedRange().slice(0))
      read.staging.unmap()
    } catch (cause) {
      const error = new MaxsiftError('DEVICE_LOST', 'The GPU device was lost while its results were read.', { cause })
      read.reject(error)
      throw error
    } finally {
      read.staging.destroy()
    }
  }
}
