import type { Device } from '../../src/gpu/device.ts'
import type { Variant } from '../../src/gpu/kernel.ts'
import { Recorder } from '../../src/gpu/recorder.ts'
import { type Checkpoint, openCheckpoint } from '../../src/model/checkpoint.ts'
import { type EncoderInput, type EncoderOptions, GpuEncoder } from '../../src/model/encoder.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { type CheckpointName, loadGolden, readCheckpoint } from '../goldens/checkpoints.ts'
import { maxError } from '../kernels/harness.ts'
import { mapSource } from '../search/harness.ts'

/** Faults that a test plants: in what the checkpoint says, in the model's input, in the token vectors. */
export interface Change {
  checkpoint?: (checkpoint: Checkpoint) => Checkpoint
  input?: (input: EncoderInput) => EncoderInput
  /** (rows, width) of all inputs of a batch, before they are compared. */
  vectors?: (vectors: Float32Array) => Float32Array
  options?: EncoderOptions
}

/** Token vectors of a batch, row after row, and the first row of each input. */
export async function encodeBatch(device: Device, encoder: GpuEncoder, inputs: readonly EncoderInput[]) {
  await encoder.reserve(inputs)
  const recorder = new Recorder(device)
  const { vectors, starts } = encoder.record(recorder, inputs)
  const read = recorder.read(vectors, 0, starts.at(-1)! * encoder.spec.dim * 4)
  await recorder.submit()
  return { vectors: new Float32Array(await read), starts }
}

/**
 * Encodes the texts of a golden, all queries in one batch and all documents in another.
 * @returns the largest difference from the golden's vectors; infinite where other rows are kept.
 */
export async function goldenError(device: Device, name: CheckpointName, change: Change = {}): Promise<number> {
  const golden = await loadGolden(name)
  const opened = await openCheckpoint(mapSource(name, await readCheckpoint(name)))
  const checkpoint = change.checkpoint?.(opened) ?? opened
  const tokenizer = new Tokenizer(checkpoint.tokenizer)
  const encoder = await GpuEncoder.load(device, checkpoint, change.options)
  let worst = 0
  for (const role of ['query', 'document'] as const) {
    const texts = role === 'query' ? golden.queries : golden.documents
    const plain = texts.map(({ text }) => encodeText(tokenizer, checkpoint.spec[role], text))
    const inputs: EncoderInput[] = change.input ? plain.map(change.input) : plain
    const batch = await encodeBatch(device, encoder, inputs)
    const vectors = change.vectors?.(batch.vectors) ?? batch.vectors
    texts.forEach(({ kept, vectors: expected }, i) => {
      const [from, to] = [batch.starts[i], batch.starts[i + 1]]
      const same = to - from === kept.length && kept.every((row, j) => row === inputs[i].keep[j])
      const width = golden.dim
      const error = same ? maxError(vectors.subarray(from * width, to * width), expected) : Number.POSITIVE_INFINITY
      // `Math.max` hands NaN on.
      worst = Math.max(worst, error)
    })
  }
  encoder.destroy()
  return worst
}

/** Runs with one edit of shader text, which must apply to some kernel. */
export async function withShaderEdit<T>(device: Device, from: string, to: string, run: () => Promise<T>): Promise<T> {
  const { kernels } = device
  const { prepare, get } = kernels
  let applied = false
  const edit = (variant: Variant): Variant => {
    if (!variant.wgsl.includes(from)) return variant
    applied = true
    return { ...variant, wgsl: variant.wgsl.replaceAll(from, to) }
  }
  kernels.prepare = (variants) => prepare.call(kernels, Array.from(variants, edit))
  kernels.get = (variant) => get.call(kernels, edit(variant))
  try {
    const result = await run()
    if (!applied) throw new Error(`no kernel has the text ${from}`)
    return result
  } finally {
    kernels.prepare = prepare
    kernels.get = get
  }
}
