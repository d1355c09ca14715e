import { MaxsiftError } from '../errors.ts'
import { Accelerator } from './accelerator.ts'
import type { Backend } from './backend.ts'
import type { Environment } from './environment.ts'
import type { OpenOptions } from './service.ts'
import { GpuBackend } from './webgpu.ts'

/** The backends of a service, each opened when it is first chosen. */
export class Accelerators {
  readonly #all = new Map<string, Accelerator>()
  /** Whether somebody has got the GPU, or waits for it. */
  #gpuTaken = false

  constructor(private readonly environment: Pick<Environment, 'device' | 'findings' | 'onnx'>) {}

  /**
   * The backend that a caller asks for, opened. `auto` is WebGPU on a GPU, else ONNX Runtime where it is at hand, else
   * WebGPU in software.
   * @throws MaxsiftError `WEBGPU_UNAVAILABLE`, `ONNX_UNAVAILABLE`.
   */
  async choose({ backend = 'auto', onnx }: Pick<OpenOptions, 'backend' | 'onnx'>): Promise<Accelerator> {
    const gpu = this.#accelerator('webgpu', () => this.#openGpu())
    const runtime = this.#accelerator(`onnx ${JSON.stringify(onnx)}`, () => this.#openRuntime(onnx))
    if (backend === 'onnx') {
      await runtime.backend()
      return runtime
    }
    this.#gpuTaken ||= backend === 'webgpu'
    const opened = await attempt(gpu)
    if (backend === 'auto' && ('error' in opened || opened.value.emulated)) {
      const other = await attempt(runtime)
      if ('value' in other) {
        // Only looked at.
        if (!this.#gpuTaken) await gpu.close()
        return runtime
      }
      if ('error' in opened) throw eitherOf(opened.error, other.error)
    }
    if ('error' in opened) throw opened.error
    this.#gpuTaken = true
    return gpu
  }

  async #openGpu(): Promise<Backend> {
    const { findings } = this.environment
    return GpuBackend.open({ findings, ...(await this.environment.device()) })
  }

  async #openRuntime(onnx: OpenOptions['onnx']): Promise<Backend> {
    const { environment } = this
    if (environment.onnx) return environment.onnx(onnx)
    throw new MaxsiftError('ONNX_UNAVAILABLE', 'There is no ONNX Runtime in this environment.')
  }

  #accelerator(key: string, open: () => Promise<Backend>): Accelerator {
    const held = this.#all.get(key) ?? new Accelerator(open)
    this.#all.set(key, held)
    return held
  }

  async close(): Promise<void> {
    this.#gpuTaken = false
    for (const accelerator of this.#all.values()) await accelerator.close()
  }
}

/** The backend, or why there is none. Other errors are thrown. */
async function attempt(accelerator: Accelerator): Promise<{ value: Backend } | { error: MaxsiftError }> {
  try {
    return { value: await accelerator.backend() }
  } catch (error) {
    if (error instanceof MaxsiftError) return { error }
    throw error
  }
}

/** There is no GPU, which can be mended in two ways. */
function eitherOf(noGpu: MaxsiftError, noRuntime: MaxsiftError): MaxsiftError {
  const { code, message, reason, remedy } = noGpu
  return new MaxsiftError(code, message, {
    cause: noGpu,
    reason,
    remedy: `${remedy} Without a GPU: ${noRuntime.remedy}`,
  })
}
