/** Encoders of other families than BERT and single-vector models, against what the reference libraries say. */
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { GpuEncoder } from '../../src/model/encoder.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { FAMILIES, FAMILY_NAMES, loadGolden, readCheckpoint } from '../goldens/checkpoints.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { maxError } from '../kernels/harness.ts'
import { encodeBatch, goldenError } from '../model/encode.ts'
import { mapSource } from '../search/harness.ts'

const missing = await gpuMissing()
const device = missing ? null : await openDevice()

describe.skipIf(missing)(`families${missing ? ` — ${missing}` : ''}`, () => {
  for (const name of FAMILY_NAMES) {
    it(`gives the vectors of the reference: ${name} (${FAMILIES[name].shows})`, async () => {
      expect(await goldenError(device!, name)).toBeLessThan(1e-4)
    })
  }

  it('gives them too from a word table that is cut to fit small bindings', async () => {
    const small = await openDevice({ caps: { bindingBytes: 1 << 14 } })
    for (const name of ['xlm-roberta', 'modernbert'] as const) {
      const golden = await loadGolden(name)
      const checkpoint = await openCheckpoint(mapSource(name, await readCheckpoint(name)))
      const tokenizer = new Tokenizer(checkpoint.tokenizer)
      const encoder = await GpuEncoder.load(small, checkpoint)
      const short = golden.documents.filter(({ ids }) => ids.length <= encoder.maxTokens)
      expect(short.length).toBeGreaterThan(2)
      const start = small.counts.dispatches
      for (const { text, vectors } of short) {
        const input = encodeText(tokenizer, checkpoint.spec.document, text)
        expect(maxError((await encodeBatch(small, encoder, [input])).vectors, vectors), name).toBeLessThan(1e-4)
      }
      // Otherwise nothing was cut.
      const perText = (small.counts.dispatches - start) / short.length
      expect(perText).toBeGreaterThan((name === 'modernbert' ? 8 : 7) * encoder.spec.encoder.layers + 3)
      encoder.destroy()
    }
  })
})
