/** Encoders side by side: ours on the GPU, and ONNX Runtime on whatever it runs on, over the same checkpoint. */
import type { Device } from '../src/gpu/device.ts'
import { Recorder } from '../src/gpu/recorder.ts'
import { halfWorks } from '../src/kernels/gemm.ts'
import type { Checkpoint } from '../src/model/checkpoint.ts'
import { type EncoderInput, GpuEncoder } from '../src/model/encoder.ts'
import { OnnxEncoder } from '../src/onnx/encoder.ts'
import type { Runtime } from '../src/onnx/runtime.ts'
import type { Arithmetic } from './result.ts'

export interface EncoderImpl {
  impl: string
  /** What it computes in, where it runs on the GPU. */
  arithmetic?: Arithmetic
  /** Largest difference of a component from those of `maxsift`. */
  tolerance: number
  load(checkpoint: Checkpoint): Promise<LoadedEncoder>
}

export interface LoadedEncoder {
  /** (kept rows, dim) of all inputs. */
  vectors(inputs: readonly EncoderInput[]): Promise<Float32Array>
  destroy(): void
}

/** Ours, as it is by default and, where the adapter can, with `dtype: 'f16'`. */
export function ownEncoders(device: Device): EncoderImpl[] {
  const own = (impl: string, arithmetic: Arithmetic, tolerance: number, dtype?: 'f16'): EncoderImpl => ({
    impl,
    arithmetic,
    tolerance,
    load: async (checkpoint) => {
      const encoder = await GpuEncoder.load(device, checkpoint, { dtype })
      return {
        vectors: (inputs) => encodeOnGpu(device, encoder, inputs),
        destroy: () => encoder.destroy(),
      }
    },
  })
  const { caps } = device
  const f32 = own('maxsift', 'f32', 0)
  // On a CPU halves are widened one by one.
  return halfWorks(caps) && !caps.fallback ? [f32, own('maxsift-f16', 'f16', 2e-2, 'f16')] : [f32]
}

async function encodeOnGpu(device: Device, encoder: GpuEncoder, inputs: readonly EncoderInput[]) {
  await encoder.reserve(inputs)
  const recorder = new Recorder(device)
  const { vectors, starts } = encoder.record(recorder, inputs)
  const read = recorder.read(vectors, 0, starts[inputs.length] * encoder.spec.dim * 4)
  await recorder.submit()
  return new Float32Array(await read)
}

/** A peer: the runtime is told in `open` what to run on. Batches go to it in groups of like length. */
export function runtimeEncoder(impl: string, onGpu: boolean, open: () => Promise<Runtime>): EncoderImpl {
  return {
    impl,
    arithmetic: onGpu ? 'f32' : undefined,
    tolerance: 2e-3,
    load: async (checkpoint) => {
      const encoder = await OnnxEncoder.load(await open(), checkpoint)
      return {
        vectors: async (inputs) => {
          const all = await encoder.vectors(inputs)
          const joined = new Float32Array(all.reduce((sum, { length }) => sum + length, 0))
          let at = 0
          for (const vectors of all) {
            joined.set(vectors, at)
            at += vectors.length
          }
          return joined
        },
        destroy: () => encoder.destroy(),
      }
    },
  }
}

/** A runtime whose sessions run on these providers, and otherwise as ONNX Runtime does by default. */
export function onProviders(runtime: Runtime, providers: readonly unknown[]): Runtime {
  const { InferenceSession, Tensor, env } = runtime
  return {
    Tensor,
    env,
    InferenceSession: {
      create: (model, { externalData }) => {
        const options = { executionProviders: providers, externalData, graphOptimizationLevel: 'all' } as const
        return InferenceSession.create(model, { ...options, logSeverityLevel: 3 })
      },
    },
  }
}
