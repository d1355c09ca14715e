/** Cross-encoders on both backends, against the scores of sentence-transformers. */
import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { GpuEncoder } from '../../src/model/encoder.ts'
import { rerankerStyle } from '../../src/model/reranker.ts'
import type { ModelSpec } from '../../src/model/spec.ts'
import { OnnxEncoder } from '../../src/onnx/encoder.ts'
import { activate, pairInput } from '../../src/search/reranker.ts'
import { readVectors } from '../../src/search/vectors.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { readCheckpoint } from '../goldens/checkpoints.ts'
import { loadReranker, RERANKERS, type RerankerName } from '../goldens/rerankers.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { onnxMissing, onnxRuntime } from '../onnx/runtime.ts'
import { bench, call, mapSource } from '../search/harness.ts'

const noGpu = await gpuMissing()
const noOnnx = await onnxMissing()

/** Faults that a test plants. */
interface Fault {
  /** The second text has the type of the first. */
  untyped?: true
  spec?: (spec: ModelSpec) => ModelSpec
}

/** The largest difference from the golden's scores. */
async function scoreError(name: RerankerName, backend: 'webgpu' | 'onnx', fault: Fault = {}): Promise<number> {
  const { pairs, files } = await loadReranker(name)
  const opened = await openCheckpoint(mapSource(name, files), { reranker: rerankerStyle })
  const checkpoint = { ...opened, spec: fault.spec?.(opened.spec) ?? opened.spec }
  const tokenizer = new Tokenizer(checkpoint.tokenizer)
  const inputs = pairs.map(({ query, document }) => pairInput({ spec: checkpoint.spec, tokenizer }, query, document))
  inputs.forEach((input, i) => {
    expect([...input.ids]).toEqual(pairs[i].ids)
    expect([...(input.types ?? input.ids.map(() => 0))]).toEqual(pairs[i].types)
    if (fault.untyped) input.types = undefined
  })
  let numbers: Float32Array[]
  if (backend === 'webgpu') {
    const device = await openDevice()
    const encoder = await GpuEncoder.load(device, checkpoint)
    numbers = await readVectors(device, encoder, inputs)
    encoder.destroy()
  } else {
    const encoder = await OnnxEncoder.load((await onnxRuntime())!, checkpoint)
    numbers = await encoder.vectors(inputs)
    encoder.destroy()
  }
  return Math.max(...pairs.map(({ score }, i) => Math.abs(activate(checkpoint.spec.pair!, numbers[i][0]) - score)))
}

describe.skipIf(noGpu)(`rerank of an index${noGpu ? ` — ${noGpu}` : ''}`, () => {
  it('scores passages with their titles, and keeps the model until the index is closed', async () => {
    const { pairs, files } = await loadReranker('reranker-bert')
    const models = new Map([['reranker', files]])
    let opened = 0
    const golden = mapSource('stanford', await readCheckpoint('stanford'))
    const b = await bench('stanford', {
      environment: {
        tokenizers: () => () => import('../../src/worker/tokenizers.ts'),
        model: (wanted) => {
          const found = typeof wanted === 'string' ? models.get(wanted) : undefined
          if (found) opened++
          return { key: String(wanted), source: found ? mapSource('reranker', found) : golden }
        },
      },
    })
    const handle = await b.open()
    const own = pairs.filter(({ query, document }) => query === pairs[0].query && document !== '')
    const [title, ...rest] = own[0].document.split(' ')
    const texts = own.map(({ document }, i) => (i === 0 ? { title, text: rest.join(' ') } : { text: document }))
    const options = { name: 'test', model: 'reranker', store: 'memory', codec: 'f32', splitPassages: true } as const
    for (let run = 0; run < 2; run++) {
      const scores = await b.host.rerank(call(), handle, own[0].query, texts, options)
      for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(own[i].score, 4)
    }
    expect(await b.host.rerank(call(), handle, 'none', [], options)).toEqual([])
    expect(opened).toBe(3)
    await expect(b.host.rerank(call(), handle, 'query', texts, { ...options, model: 'golden' })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/is no reranker/),
    })
    await expect(b.open({ name: 'other', model: 'reranker' })).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(/a reranker .* has no vectors/),
    })
  })
})

for (const [backend, missing] of [
  ['webgpu', noGpu],
  ['onnx', noOnnx],
] as const) {
  describe.skipIf(missing)(`rerankers on ${backend}${missing ? ` — ${missing}` : ''}`, () => {
    it.each(RERANKERS)('%s gives the scores of the reference', async (name) => {
      expect(await scoreError(name, backend)).toBeLessThan(1e-4)
    })

    it('and would show that the second text has the type of the first', async () => {
      expect(await scoreError('reranker-bert', backend, { untyped: true })).toBeGreaterThan(1e-2)
    })

    it('or another head of a ModernBERT', async () => {
      const first = (change: object) => (spec: ModelSpec) => ({
        ...spec,
        projections: [{ ...spec.projections[0], ...change }, spec.projections[1]],
      })
      for (const [name, spec] of [
        ['reranker-modernbert', (spec) => ({ ...spec, pooling: 'cls' })],
        ['reranker-modernbert', first({ norm: undefined })],
        ['reranker-modernbert', first({ activation: 'tanh' })],
        ['reranker-modernbert-biases', (spec) => ({ ...spec, pooling: 'mean' })],
        ['reranker-modernbert-biases', (spec) => ({ ...spec, encoder: { ...spec.encoder, epsilon: 1e-5 } })],
      ] satisfies [RerankerName, Fault['spec']][])
        expect(await scoreError(name, backend, { spec }), `${name} ${spec}`).toBeGreaterThan(1e-2)
    })
  })
}
