import { describe, expect, it } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import { OnnxBackend } from '../../src/onnx/backend.ts'
import type { Runtime } from '../../src/onnx/runtime.ts'
import { Accelerators } from '../../src/search/accelerators.ts'
import type { Environment } from '../../src/search/environment.ts'
import type { BackendId } from '../../src/search/types.ts'
import { gpuEntry, gpuMissing } from '../gpu.ts'

const missing = await gpuMissing()

/** The software adapter of the tests, under a name that gives it away; or as if it were a GPU. */
async function gpuThat(emulates: boolean): Promise<GPU> {
  const gpu = (await gpuEntry())!
  if (emulates) return gpu
  const requestAdapter = async () => {
    const adapter = (await gpu.requestAdapter())!
    const get = (_: object, key: string) => {
      if (key === 'info') return { vendor: 'tests', description: 'a GPU', isFallbackAdapter: false }
      const value = Reflect.get(adapter, key)
      return typeof value === 'function' ? value.bind(adapter) : value
    }
    return new Proxy({}, { get })
  }
  return { requestAdapter } as unknown as GPU
}

const noGpu = async (): Promise<never> => {
  throw new MaxsiftError('WEBGPU_UNAVAILABLE', 'no GPU here', { reason: 'no-adapter', remedy: 'Buy one.' })
}
const noRuntime = async (): Promise<never> => {
  throw new MaxsiftError('ONNX_UNAVAILABLE', 'no runtime here', { remedy: 'Install it.' })
}
const runtime = async () => new OnnxBackend({} as Runtime, 'a runtime')

async function chosen(
  environment: Pick<Environment, 'device' | 'onnx'>,
  backend?: 'auto' | BackendId,
): Promise<string> {
  const accelerators = new Accelerators(environment)
  try {
    const accelerator = await accelerators.choose({ backend })
    const { id, adapter } = await accelerator.backend()
    return `${id}: ${adapter}`
  } finally {
    await accelerators.close()
  }
}

describe('the choice of a backend', () => {
  describe.skipIf(missing)(`with WebGPU${missing ? ` — ${missing}` : ''}`, () => {
    it('auto takes a GPU, before all else', async () => {
      const device = async () => ({ gpu: await gpuThat(false) })
      for (const onnx of [runtime, noRuntime, undefined]) {
        expect(await chosen({ device, onnx })).toBe('webgpu: tests a GPU')
      }
    })

    it('auto takes the runtime before WebGPU in software, and that before nothing', async () => {
      const device = async () => ({ gpu: await gpuThat(true) })
      expect(await chosen({ device, onnx: runtime })).toBe('onnx: a runtime')
      expect(await chosen({ device, onnx: runtime }, 'auto')).toBe('onnx: a runtime')
      expect(await chosen({ device, onnx: noRuntime })).toMatch(/^webgpu: /)
      expect(await chosen({ device })).toMatch(/^webgpu: /)
    })

    it('a GPU in software that auto only looked at is let go, unless somebody has it', async () => {
      const gpu = await gpuThat(true)
      const taken: GPUDevice[] = []
      const requestAdapter = async () => {
        const adapter = (await gpu.requestAdapter())!
        const requestDevice = async (...parameters: Parameters<GPUAdapter['requestDevice']>) => {
          taken.push(await adapter.requestDevice(...parameters))
          return taken.at(-1)!
        }
        return Object.assign(Object.create(adapter), {
          requestDevice,
          info: adapter.info,
          features: adapter.features,
          limits: adapter.limits,
        })
      }
      const lost = (device: GPUDevice) =>
        Promise.race([device.lost.then(() => true), new Promise((end) => setTimeout(end, 500, false))])
      const device = () => ({ gpu: { requestAdapter } as unknown as GPU })
      const accelerators = new Accelerators({ device, onnx: runtime })
      await accelerators.choose({})
      expect(await lost(taken[0])).toBe(true)
      await accelerators.choose({ backend: 'webgpu' })
      await accelerators.choose({})
      expect(taken).toHaveLength(2)
      expect(await lost(taken[1])).toBe(false)
      await accelerators.close()
      expect(await lost(taken[1])).toBe(true)
    })

    it('what is asked for is taken', async () => {
      expect(await chosen({ device: async () => ({ gpu: await gpuThat(true) }), onnx: runtime }, 'webgpu')).toMatch(
        /^webgpu: /,
      )
      expect(await chosen({ device: async () => ({ gpu: await gpuThat(false) }), onnx: runtime }, 'onnx')).toBe(
        'onnx: a runtime',
      )
    })
  })

  it('auto takes the runtime where there is no WebGPU', async () => {
    expect(await chosen({ device: noGpu, onnx: runtime })).toBe('onnx: a runtime')
  })

  it('says what is missing, and with auto both ways out', async () => {
    const environment = { device: noGpu, onnx: noRuntime }
    await expect(chosen(environment, 'webgpu')).rejects.toMatchObject({
      code: 'WEBGPU_UNAVAILABLE',
      remedy: 'Buy one.',
    })
    await expect(chosen(environment, 'onnx')).rejects.toMatchObject({ code: 'ONNX_UNAVAILABLE', remedy: 'Install it.' })
    await expect(chosen({ device: noGpu }, 'onnx')).rejects.toMatchObject({ code: 'ONNX_UNAVAILABLE' })
    await expect(chosen(environment)).rejects.toMatchObject({
      code: 'WEBGPU_UNAVAILABLE',
      reason: 'no-adapter',
      message: 'no GPU here',
      remedy: 'Buy one. Without a GPU: Install it.',
    })
  })

  it('opens each once, and asks again after a failure', async () => {
    let asked = 0
    const onnx = async () => {
      if (++asked === 1) return noRuntime()
      return runtime()
    }
    const accelerators = new Accelerators({ device: noGpu, onnx })
    await expect(accelerators.choose({ backend: 'onnx' })).rejects.toMatchObject({ code: 'ONNX_UNAVAILABLE' })
    const first = await accelerators.choose({ backend: 'onnx' })
    expect(await accelerators.choose({})).toBe(first)
    expect(asked).toBe(2)
    await accelerators.close()
  })

  it('does not hide other errors', async () => {
    const device = async () => {
      throw new TypeError('a mistake')
    }
    await expect(chosen({ device, onnx: runtime })).rejects.toThrow('a mistake')
  })
})
