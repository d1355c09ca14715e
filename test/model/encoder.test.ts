import { describe, expect, it } from 'vitest'
import { Recorder } from '../../src/gpu/recorder.ts'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { type EncoderInput, GpuEncoder } from '../../src/model/encoder.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { CHECKPOINT_NAMES, CHECKPOINTS, loadGolden, readCheckpoint } from '../goldens/checkpoints.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { maxError } from '../kernels/harness.ts'
import { mapSource } from '../search/harness.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`encoder${missing ? ` — ${missing}` : ''}`, () => {
  for (const name of CHECKPOINT_NAMES) {
    it(`gives the vectors of the reference: ${name} (${CHECKPOINTS[name].shows})`, async () => {
      const device = await openDevice()
      const golden = await loadGolden(name)
      const checkpoint = await openCheckpoint(mapSource(name, await readCheckpoint(name)))
      const tokenizer = new Tokenizer(checkpoint.tokenizer)
      const encoder = await GpuEncoder.load(device, checkpoint)
      for (const role of ['query', 'document'] as const) {
        const texts = role === 'query' ? golden.queries : golden.documents
        const inputs: EncoderInput[] = texts.map(({ text }) => encodeText(tokenizer, checkpoint.spec[role], text))
        expect(inputs.map(({ ids }) => [...ids])).toEqual(texts.map(({ ids }) => ids))
        await encoder.reserve(inputs)
        const recorder = new Recorder(device)
        const { vectors, starts } = encoder.record(recorder, inputs)
        const { dim } = checkpoint.spec
        const read = recorder.read(vectors, 0, starts.at(-1)! * dim * 4)
        await recorder.submit()
        const all = new Float32Array(await read)
        texts.forEach(({ vectors: expected }, i) => {
          expect(maxError(all.subarray(starts[i] * dim, starts[i + 1] * dim), expected)).toBeLessThan(1e-4)
        })
      }
      encoder.destroy()
    })
  }
})
