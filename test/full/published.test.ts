/** Published weights, where somebody has them: MAXSIFT_CHECKPOINTS names a folder with one folder a checkpoint. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { nodeEnvironment } from '../../src/node/environment.ts'
import { OnnxBackend } from '../../src/onnx/backend.ts'
import { Engine } from '../../src/search/engine.ts'
import { loadGolden } from '../goldens/checkpoints.ts'
import { gpuEntry, gpuMissing } from '../gpu.ts'
import { modelFolder, temporaryFolder } from '../node/folder.ts'
import { onnxMissing, onnxRuntime } from '../onnx/runtime.ts'
import { misfit, publishedIn, type Reference, referencesOf, sharedMissing, sourceWith } from './published.ts'

const given = process.env.MAXSIFT_CHECKPOINTS

/** The misfit of a checkpoint under the rules of the reference. */
async function misfitOf(folder: string, reference: Reference, backend: 'webgpu' | 'onnx'): Promise<number> {
  const environment = {
    device: async () => ({ gpu: (await gpuEntry())! }),
    onnx: async () => new OnnxBackend((await onnxRuntime())!, 'ONNX Runtime'),
    tokenizers: nodeEnvironment.tokenizers,
    model: () => ({ key: folder, source: sourceWith(folder, reference.settings) }),
  }
  const engine = await Engine.open(environment, folder, { backend })
  try {
    return await misfit(engine, reference)
  } finally {
    await engine.close()
  }
}

for (const [backend, missing] of [
  ['webgpu', await gpuMissing()],
  ['onnx', await onnxMissing()],
] as const) {
  describe.skipIf(missing)(`values of published checkpoints on ${backend}${missing ? ` — ${missing}` : ''}`, () => {
    // The weights are nowhere to be had for most who run this: it is the comparison that is tested then.
    it('are compared so that a fault would show, on a small checkpoint of that layout', async () => {
      const root = await temporaryFolder()
      const name = 'answerai-colbert-small-v1'
      const folder = join(root, name)
      await cp(modelFolder('answerai'), folder, { recursive: true })
      expect(publishedIn(root)).toEqual([name])

      const { queries, documents, scores, dim } = await loadGolden('answerai')
      const first5 = ({ vectors }: { vectors: Float32Array }) =>
        Array.from({ length: vectors.length / dim }, (_, i) => [...vectors.subarray(i * dim, i * dim + 5)])
      const q = queries.findIndex(({ kept }) => kept.length === 32)
      const reference = {
        by: 'the golden',
        query: queries[q].text,
        documents: documents.map(({ text }) => text),
        scores: scores[q],
        rows: { query: first5(queries[q]), document: first5(documents[0]) },
        tolerance: () => 1e-3,
      }
      expect(await misfitOf(folder, reference, backend)).toBeLessThan(1)

      const best = scores[q].indexOf(Math.max(...scores[q]))
      const higher = scores[q].map((score, i) => (i === best ? score + 0.002 : score))
      expect(await misfitOf(folder, { ...reference, scores: higher }, backend)).toBeGreaterThan(1)
      const reversed = { ...reference, scores: scores[q].map((score) => -score), tolerance: () => 1e3 }
      expect(await misfitOf(folder, reversed, backend)).toBe(Number.POSITIVE_INFINITY)
      const rows = {
        ...reference.rows,
        query: reference.rows.query.map((row, i) => (i === 31 ? row.map((x) => x + 0.002) : row)),
      }
      expect(await misfitOf(folder, { ...reference, rows }, backend)).toBeGreaterThan(1)
      const unexpanded = { ...reference, settings: { do_query_expansion: false } }
      expect(await misfitOf(folder, unexpanded, backend)).toBe(Number.POSITIVE_INFINITY)
    })

    if (!given) return
    it('has checkpoints where MAXSIFT_CHECKPOINTS points to', () => expect(publishedIn(given)).not.toEqual([]))
    for (const name of publishedIn(given))
      it.each(referencesOf(name))(`${name}: $by`, async (reference) => {
        expect(await misfitOf(join(given, name), reference, backend)).toBeLessThanOrEqual(1)
      })
  })
}

it.skipIf(sharedMissing)(`the shared values are understood${sharedMissing ? ` — ${sharedMissing}` : ''}`, () => {
  expect(
    referencesOf('answerai-colbert-small-v1').map(({ by, rows, scores }) => [
      by.split(' ')[0],
      rows?.query.length,
      scores?.length,
    ]),
  ).toEqual([
    ['sentence-transformers', undefined, 4],
    ['fastembed', 32, undefined],
    ['pylate-rs', undefined, 1],
  ])
  expect(referencesOf('colbertv2.0')).toHaveLength(3)
  expect(referencesOf('GTE-ModernColBERT-v1').map(({ settings }) => settings?.query_length)).toEqual([undefined, 32])
})
