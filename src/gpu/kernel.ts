import { MaxsiftError } from '../errors.ts'
import type { Device } from './device.ts'
import { type Defines, expand } from './expand.ts'

/** A buffer, or a part of one (`offset` a multiple of 256). */
export type Binding = GPUBuffer | { buffer: GPUBuffer; offset?: number; size?: number }

/** A shader with the constants that specialise it. */
export interface Variant {
  /** For labels and messages: `gemm.register8`. */
  name: string
  wgsl: string
  defines: Defines
  /** WGSL extensions to enable: `f16`, `subgroups`. */
  enable?: readonly string[]
}

/**
 * One dispatch, ready but for its buffers. Pure data: made from shapes and capabilities without a GPU.
 * In the shader, binding 0 is the uniform block of `params`; the storage buffers follow from binding 1 in order.
 */
export interface Plan {
  variant: Variant
  /** Workgroups in x, y, z. */
  grid: readonly [number, number, number]
  /** The uniform block, 32 bits a value: unsigned integers, or floats through `f32`. */
  params: readonly number[]
}

/** Bits of a 32-bit float, for `Plan.params`. */
export function f32(value: number): number {
  return new Uint32Array(new Float32Array([value]).buffer)[0]
}

/** More bind groups than a model and its indexes need. */
const MOST_GROUPS = 512

/** A compiled variant. */
export class Kernel {
  // Searches bind the same buffers again and again, and to make a group takes longer than all else in a dispatch.
  readonly #groups = new Map<string, GPUBindGroup>()
  readonly #layout: GPUBindGroupLayout

  constructor(
    private readonly gpu: GPUDevice,
    readonly pipeline: GPUComputePipeline,
  ) {
    this.#layout = pipeline.getBindGroupLayout(0)
  }

  /** The bind group of these buffers, from binding 0 on. */
  bind(bindings: readonly Binding[]): GPUBindGroup {
    const resources = bindings.map((binding) => ('buffer' in binding ? binding : { buffer: binding }))
    const key = resources.map(({ buffer, offset, size }) => [idOf(buffer), offset, size]).join()
    let group = this.#groups.get(key)
    if (!group) {
      // Groups of buffers that are gone would gather.
      if (this.#groups.size >= MOST_GROUPS) this.#groups.clear()
      const entries = resources.map((resource, binding) => ({ binding, resource }))
      group = this.gpu.createBindGroup({ layout: this.#layout, entries })
      this.#groups.set(key, group)
    }
    return group
  }
}

let buffers = 0
const ids = new WeakMap<GPUBuffer, number>()

function idOf(buffer: GPUBuffer): number {
  const id = ids.get(buffer) ?? ++buffers
  ids.set(buffer, id)
  return id
}

/** Compiles each variant once; the expanded text is the key. */
export class KernelCache {
  readonly #compiled = new Map<string, Kernel>()
  readonly #pending = new Map<string, Promise<Kernel>>()
  // Expanded text by shader and constants: planners make a new Variant for each dispatch, and a query has about 90.
  readonly #expanded = new Map<string, Map<string, string>>()

  constructor(private readonly device: Device) {}

  get size(): number {
    return this.#compiled.size
  }

  /** Compiles all variants in parallel; afterwards `get` gives them at once. */
  async prepare(variants: Iterable<Variant>): Promise<void> {
    await Promise.all(Array.from(variants, (variant) => this.#compile(variant)))
  }

  /** A variant that `prepare` has compiled. */
  get(variant: Variant): Kernel {
    const kernel = this.#compiled.get(this.#key(variant))
    if (!kernel) throw new Error(`${variant.name} was not prepared`)
    return kernel
  }

  #key({ wgsl, defines, enable }: Variant): string {
    let byConstants = this.#expanded.get(wgsl)
    if (!byConstants) {
      byConstants = new Map()
      this.#expanded.set(wgsl, byConstants)
    }
    const constants = JSON.stringify([defines, enable])
    let text = byConstants.get(constants)
    if (text === undefined) {
      text = expand(wgsl, defines, enable)
      byConstants.set(constants, text)
    }
    return text
  }

  #compile(variant: Variant): Promise<Kernel> {
    const code = this.#key(variant)
    let pending = this.#pending.get(code)
    if (!pending) {
      pending = this.#create(variant.name, code)
      this.#pending.set(code, pending)
    }
    return pending
  }

  async #create(name: string, code: string): Promise<Kernel> {
    const { gpu } = this.device
    this.device.assertAlive()
    this.device.counts.pipelines += 1
    const module = gpu.createShaderModule({ code, label: name })
    try {
      const pipeline = await gpu.createComputePipelineAsync({ label: name, layout: 'auto', compute: { module } })
      const kernel = new Kernel(gpu, pipeline)
      this.#compiled.set(code, kernel)
      return kernel
    } catch (cause) {
      this.#pending.delete(code)
      this.device.assertAlive(cause)
      throw new MaxsiftError(
        'WEBGPU_UNAVAILABLE',
        `The GPU refused the kernel ${name}.\n${await complaints(module, code)}`,
        {
          reason: 'limits',
          cause,
          remedy: 'Please report this with the name of your browser and GPU.',
        },
      )
    }
  }
}

/** The compiler's messages, each with its source line. */
async function complaints(module: GPUShaderModule, code: string): Promise<string> {
  const lines = code.split('\n')
  const { messages } = await module.getCompilationInfo()
  return messages.map(({ lineNum, message }) => `${lineNum}: ${message}\n    ${lines[lineNum - 1] ?? ''}`).join('\n')
}
