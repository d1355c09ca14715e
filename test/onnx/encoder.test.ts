import { beforeAll, describe, expect, it } from 'vitest'
import { codecOf } from '../../src/codec/codec.ts'
import { type Checkpoint, openCheckpoint } from '../../src/model/checkpoint.ts'
import { type EncoderInput, GpuEncoder } from '../../src/model/encoder.ts'
import type { ModelSpec, ProjectionSpec } from '../../src/model/spec.ts'
import { OnnxEncoder } from '../../src/onnx/encoder.ts'
import type { Runtime } from '../../src/onnx/runtime.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import {
  CHECKPOINT_NAMES,
  CHECKPOINTS,
  type CheckpointName,
  FAMILIES,
  FAMILY_NAMES,
  loadGolden,
  readCheckpoint,
} from '../goldens/checkpoints.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { maxError } from '../kernels/harness.ts'
import { encodeBatch } from '../model/encode.ts'
import { mapSource } from '../search/harness.ts'
import { onnxMissing, onnxRuntime } from './runtime.ts'

const missing = await onnxMissing()
const noGpu = await gpuMissing()
const open = async (name: CheckpointName) => openCheckpoint(mapSource(name, await readCheckpoint(name)))

describe.skipIf(missing)(`ONNX encoder${missing ? ` — ${missing}` : ''}`, () => {
  let runtime: Runtime
  beforeAll(async () => {
    runtime = (await onnxRuntime())!
  })

  /** Encodes the texts of a golden. The largest difference from its vectors; infinite where other rows are kept. */
  async function goldenError(name: CheckpointName, change = (checkpoint: Checkpoint) => checkpoint): Promise<number> {
    const golden = await loadGolden(name)
    const checkpoint = change(await open(name))
    const tokenizer = new Tokenizer(checkpoint.tokenizer)
    const encoder = await OnnxEncoder.load(runtime, checkpoint)
    let worst = 0
    for (const role of ['query', 'document'] as const) {
      const texts = role === 'query' ? golden.queries : golden.documents
      const inputs = texts.map(({ text }) => encodeText(tokenizer, checkpoint.spec[role], text))
      const vectors = await encoder.vectors(inputs)
      texts.forEach(({ kept, vectors: expected }, i) => {
        const same = [...inputs[i].keep].join() === kept.join()
        worst = Math.max(worst, same ? maxError(vectors[i], expected) : Number.POSITIVE_INFINITY)
      })
    }
    encoder.destroy()
    return worst
  }

  for (const name of [...CHECKPOINT_NAMES, ...FAMILY_NAMES]) {
    it(`gives the vectors of the reference: ${name} (${{ ...CHECKPOINTS, ...FAMILIES }[name].shows})`, async () => {
      expect(await goldenError(name)).toBeLessThan(2e-5)
    })
  }

  it('and a fault would show', async () => {
    const withSpec =
      (change: (spec: ModelSpec) => Partial<ModelSpec>) =>
      (checkpoint: Checkpoint): Checkpoint => ({
        ...checkpoint,
        spec: { ...checkpoint.spec, ...change(checkpoint.spec) },
      })
    const withProjections = (change: Partial<ProjectionSpec>) =>
      withSpec(({ projections }) => ({ projections: projections.map((each) => ({ ...each, ...change })) }))
    const attended = ({ query }: ModelSpec) => ({
      query: { ...query, expansion: { ...query.expansion!, attend: true } },
    })
    const wrongScales = (checkpoint: Checkpoint): Checkpoint => {
      const tensors = new Map(checkpoint.tensors)
      const { scale } = tensors.get('layer.0.query.weight')!
      tensors.set('layer.0.output.weight', { ...tensors.get('layer.0.output.weight')!, scale })
      return { ...checkpoint, tensors }
    }
    const faults: [CheckpointName, (checkpoint: Checkpoint) => Checkpoint][] = [
      ['stanford-attend', withSpec(({ encoder }) => ({ encoder: { ...encoder, epsilon: 1e-12 } }))],
      ['stanford', withSpec(attended)],
      ['pylate', withProjections({ residual: 'none' })],
      ['pylate', withProjections({ activation: 'identity' })],
      ['pylate-no-expansion', withProjections({ bias: false })],
      ['stanford-i8', wrongScales],
    ]
    for (const [name, change] of faults) expect(await goldenError(name, change), name).toBeGreaterThan(1e-3)
  })

  /** Inputs of random ids: (length, first kept row) each. */
  const inputs = (shapes: readonly (readonly [length: number, keepFrom: number])[]): EncoderInput[] =>
    shapes.map(([length, keepFrom], i) => ({
      ids: Uint32Array.from({ length }, (_, j) => 5 + ((j * 7 + i * 31) % 200)),
      attend: new Uint8Array(length).fill(1),
      keep: Uint32Array.from({ length: length - keepFrom }, (_, j) => keepFrom + j),
    }))

  it('gives a text the same vectors alone and in a batch, padded or not', async () => {
    const encoder = await OnnxEncoder.load(runtime, await open('pylate'))
    const texts = inputs([
      [40, 0],
      [1, 0],
      [33, 10],
      [5, 5],
      [64, 1],
      [60, 0],
      [62, 3],
    ])
    // One that sees none of its own rows, and must not see the padding either.
    texts.push({ ...inputs([[58, 0]])[0], attend: new Uint8Array(58) })
    const together = await encoder.vectors(texts)
    for (const [i, text] of texts.entries()) {
      expect(together[i]).toHaveLength(text.keep.length * encoder.spec.dim)
      const [alone] = await encoder.vectors([text])
      expect(maxError(together[i], alone)).toBeLessThan(1e-6)
    }
    expect(await encoder.vectors([])).toEqual([])
    encoder.destroy()
  })

  it.skipIf(noGpu)(`agrees with WebGPU, down to the bytes of an index${noGpu ? ` — ${noGpu}` : ''}`, async () => {
    const device = await openDevice()
    for (const name of ['stanford', 'stanford-i8', 'stanford-bf16'] as const) {
      const [onnx, gpu] = [
        await OnnxEncoder.load(runtime, await open(name)),
        await GpuEncoder.load(device, await open(name)),
      ]
      expect(onnx.fingerprint).toBe(gpu.fingerprint)
      const texts = [
        ...inputs([
          [40, 0],
          [9, 1],
        ]),
        // Only its first row is a key: every text has [CLS].
        { ...inputs([[30, 0]])[0], attend: new Uint8Array(30).fill(1, 0, 1) },
      ]
      const expected = await encodeBatch(device, gpu, texts)
      const vectors = await onnx.vectors(texts)
      const { dim } = onnx.spec
      texts.forEach((_, i) => {
        const [from, to] = [expected.starts[i], expected.starts[i + 1]]
        expect(maxError(vectors[i], expected.vectors.subarray(from * dim, to * dim)), name).toBeLessThan(2e-5)
      })
      for (const id of ['f32', 'f16', 'int8'] as const) {
        const codec = codecOf({ id })
        const encoded = await (await onnx.encode(texts, codec)).codes
        expect(encoded.map(({ tokens }) => tokens)).toEqual([40, 8, 30])
        encoded.forEach(({ tokens, codes }, i) => {
          expect(codes.map(({ length }) => length)).toEqual(
            codec.scaled ? [tokens * dim, tokens * 4] : [tokens * codec.bytes(dim)],
          )
          const { codes: words, scales } = codec.encode(vectors[i], dim)
          expect(codes[0]).toEqual(new Uint8Array(words.buffer))
          if (codec.scaled) expect(codes[1]).toEqual(new Uint8Array(scales.buffer))
        })
      }
      onnx.destroy()
      gpu.destroy()
    }
  })

  describe('what cannot be loaded is refused as by WebGPU', () => {
    const load = (checkpoint: Checkpoint, signal?: AbortSignal) => OnnxEncoder.load(runtime, checkpoint, { signal })

    it('weights that end early, or are gone since they were looked at', async () => {
      const files = await readCheckpoint('stanford')
      const checkpoint = await openCheckpoint(mapSource('stanford', files))
      const whole = files.get('model.safetensors')!
      files.set('model.safetensors', whole.subarray(0, whole.length - 10) as Uint8Array<ArrayBuffer>)
      await expect(load(checkpoint)).rejects.toMatchObject({ code: 'MODEL_INVALID' })
      files.set('model.safetensors', new Uint8Array([...whole, 0]))
      await expect(load(checkpoint)).rejects.toMatchObject({ code: 'MODEL_INVALID' })
      files.delete('model.safetensors')
      await expect(load(checkpoint)).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
    })

    it('shapes that an index could not be searched with elsewhere', async () => {
      const { spec, ...rest } = await open('bert')
      await expect(load({ ...rest, spec: { ...spec, dim: 18 } })).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' })
      const stanford = await open('stanford')
      const tensors = new Map(stanford.tensors)
      tensors.set('layer.0.key.weight', { ...tensors.get('layer.0.key.weight')!, type: 'F16' })
      await expect(load({ ...stanford, tensors })).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' })
    })

    it('files beyond any memory', async () => {
      const checkpoint = await open('stanford')
      const files = checkpoint.files.map((file) => ({ ...file, size: 2 ** 50 }))
      await expect(load({ ...checkpoint, files })).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' })
    })

    it('an abort', async () => {
      const control = new AbortController()
      const reason = new Error('changed my mind')
      control.abort(reason)
      await expect(load(await open('stanford'), control.signal)).rejects.toBe(reason)
    })

    it('a model that the runtime refuses', async () => {
      const checkpoint = await open('stanford')
      const spec = { ...checkpoint.spec, encoder: { ...checkpoint.spec.encoder, hidden: 30 } }
      await expect(load({ ...checkpoint, spec })).rejects.toMatchObject({ code: 'ONNX_UNAVAILABLE' })
    })
  })

  it('tells how far it is', async () => {
    const checkpoint = await open('stanford-shards')
    const told: number[] = []
    const total = checkpoint.files.reduce((sum, { size }) => sum + size, 0)
    const encoder = await OnnxEncoder.load(runtime, checkpoint, {
      onProgress: (progress) => {
        expect(progress).toMatchObject({ stage: 'model', total })
        told.push(progress.loaded)
      },
    })
    expect(told.at(-1)).toBe(total)
    expect(encoder.weightBytes).toBeGreaterThan(total / 2)
    encoder.destroy()
  })
})
