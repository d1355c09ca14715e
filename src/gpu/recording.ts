import type { Device } from './device.ts'
import type { Binding, Plan } from './kernel.ts'

/** A dispatch and the shader's storage buffers, in order. */
export interface Dispatch {
  plan: Plan
  bindings: readonly Binding[]
}

const SLOT = 256 // minUniformBufferOffsetAlignment of every device

/**
 * Dispatches made ready, to be run any number of times: pipelines, bind groups, and parameters in a buffer of their own.
 * They run in order; each sees what the ones before it wrote. It holds as long as the buffers that it binds do.
 */
export class Recording {
  readonly #ready: { pipeline: GPUComputePipeline; group: GPUBindGroup; grid: Plan['grid'] }[]
  readonly #params: GPUBuffer

  /** The kernels of all plans must have been prepared. */
  constructor(
    private readonly device: Device,
    dispatches: readonly Dispatch[],
  ) {
    // A grid without workgroups is legal in WebGPU, but an empty step is not worth a barrier.
    const wanted = dispatches.filter(({ plan }) => !plan.grid.includes(0))
    const words = new Uint32Array((wanted.length * SLOT) / 4)
    wanted.forEach(({ plan }, i) => {
      words.set(plan.params, (i * SLOT) / 4)
    })
    this.#params = device.uniforms.take(words.byteLength)
    device.gpu.queue.writeBuffer(this.#params, 0, words)
    this.#ready = wanted.map(({ plan, bindings }, i) => {
      const kernel = device.kernels.get(plan.variant)
      const group = kernel.bind([{ buffer: this.#params, offset: i * SLOT, size: SLOT }, ...bindings])
      return { pipeline: kernel.pipeline, group, grid: plan.grid }
    })
  }

  get length(): number {
    return this.#ready.length
  }

  run(pass: GPUComputePassEncoder): void {
    for (const { pipeline, group, grid } of this.#ready) {
      pass.setPipeline(pipeline)
      pass.setBindGroup(0, group)
      pass.dispatchWorkgroups(...grid)
    }
  }

  /** Gives its parameters back, once all submissions with it have been made. */
  release(): void {
    this.device.uniforms.give(this.#params)
  }
}
