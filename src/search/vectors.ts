import type { Codec } from '../codec/codec.ts'
import type { Arena } from '../gpu/arena.ts'
import type { Device } from '../gpu/device.ts'
import { Recorder } from '../gpu/recorder.ts'
import { rowBytes } from '../kernels/codes.ts'
import { planQuantize } from '../kernels/quantize.ts'
import type { EncoderInput, GpuEncoder } from '../model/encoder.ts'
import type { Encoding } from './backend.ts'

/**
 * One submission of indexing: inputs → token vectors → codes, read back as the store keeps them: those of each input's
 * kept rows, in order. Resolves once it is submitted.
 */
export async function encodeCodes(
  device: Device,
  arena: Arena,
  encoder: GpuEncoder,
  codec: Codec,
  inputs: readonly EncoderInput[],
): Promise<Encoding> {
  const { dim } = encoder.spec
  const rows = inputs.reduce((sum, { keep }) => sum + keep.length, 0)
  if (rows === 0) {
    return { codes: Promise.resolve(inputs.map(() => ({ tokens: 0, codes: codec.scaled ? [empty, empty] : [empty] }))) }
  }
  const bytes = rows * rowBytes(codec.bits, dim)
  const plan = planQuantize({ rows, dim, bits: codec.bits, base: 0, capacity: rows }, device.caps)
  await Promise.all([encoder.reserve(inputs), arena.reserve({ codes: bytes }), device.kernels.prepare([plan.variant])])
  const recorder = new Recorder(device)
  const { vectors, starts } = encoder.record(recorder, inputs)
  recorder.dispatch(plan, [vectors, arena.get('codes')])
  const read = recorder.read(arena.get('codes'), 0, bytes)
  const cut = async () => {
    const data = new Uint8Array(await read)
    const width = codec.words(dim) * 4
    return inputs.map((_, i) => {
      const [from, to] = [starts[i], starts[i + 1]]
      const codes = [data.subarray(from * width, to * width)]
      if (codec.scaled) codes.push(data.subarray(rows * width + from * 4, rows * width + to * 4))
      return { tokens: to - from, codes }
    })
  }
  return { codes: recorder.submit().then(cut) }
}

/** One submission: inputs → vectors, read back as they are. */
export async function readVectors(
  device: Device,
  encoder: GpuEncoder,
  inputs: readonly EncoderInput[],
): Promise<Float32Array[]> {
  if (inputs.every(({ keep }) => keep.length === 0)) return inputs.map(() => new Float32Array(0))
  const { dim } = encoder.spec
  await encoder.reserve(inputs)
  const recorder = new Recorder(device)
  const { vectors, starts } = encoder.record(recorder, inputs)
  const read = recorder.read(vectors, 0, starts[inputs.length] * dim * 4)
  await recorder.submit()
  const values = new Float32Array(await read)
  return inputs.map((_, i) => values.subarray(starts[i] * dim, starts[i + 1] * dim))
}

const empty = new Uint8Array(0)
