/** The engine on ONNX Runtime, in Node: what it finds is what WebGPU finds, in each other's indexes. */
import { afterEach, describe, expect, it } from 'vitest'
import { OnnxBackend } from '../../src/onnx/backend.ts'
import { Engine } from '../../src/search/engine.ts'
import type { Environment } from '../../src/search/environment.ts'
import { Host } from '../../src/search/host.ts'
import type { OpenOptions } from '../../src/search/service.ts'
import type { BackendId, CodecId, SearchResult } from '../../src/search/types.ts'
import { type CheckpointName, loadGolden, readCheckpoint } from '../goldens/checkpoints.ts'
import { gpuEntry, gpuMissing } from '../gpu.ts'
import { call, LastingStore, mapSource } from '../search/harness.ts'
import { onnxMissing, onnxRuntime } from './runtime.ts'

const missing = await onnxMissing()
const noGpu = await gpuMissing()

async function environment(checkpoint: CheckpointName, store = new LastingStore()): Promise<Environment> {
  const files = await readCheckpoint(checkpoint)
  return {
    device: async () => ({ gpu: (await gpuEntry())!, limits: 'default' }),
    onnx: async () => new OnnxBackend((await onnxRuntime())!, 'ONNX Runtime of the tests'),
    model: () => ({ key: checkpoint, source: mapSource(checkpoint, files) }),
    store: async () => ({ store }),
    words: () => import('../../src/search/words.ts'),
  }
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function open(
  checkpoint: CheckpointName,
  backend: BackendId,
  options: Partial<OpenOptions> & { on?: LastingStore } = {},
) {
  const { on, ...rest } = options
  const host = new Host(await environment(checkpoint, on))
  const { handle, info } = await host.open(call(), {
    name: 'test',
    model: 'golden',
    store: 'memory',
    codec: 'int8',
    splitPassages: true,
    backend,
    ...rest,
  })
  closing.push(() => host.close(call(), handle))
  return {
    info,
    add: (documents: Iterable<unknown>) => host.add(call(documents), handle),
    search: (query: string, search = {}) => host.search(call(), handle, query, search),
  }
}

/** The same documents with the same scores; those that are as good as equal may change places. */
function expectSame(expected: SearchResult, actual: SearchResult, tolerance: number): void {
  expect(actual.total).toBe(expected.total)
  expect(actual.hits).toHaveLength(expected.hits.length)
  actual.hits.forEach((hit, rank) => {
    expect(Math.abs(hit.score - expected.hits[rank].score)).toBeLessThan(tolerance)
    const same = expected.hits.find(({ id }) => id === hit.id)!
    expect(Math.abs(hit.score - same.score)).toBeLessThan(tolerance)
    expect(hit.passages.map(({ text }) => text)).toEqual(same.passages.map(({ text }) => text))
    expect(hit.explain!.map(({ token }) => token)).toEqual(same.explain!.map(({ token }) => token))
    const shares = hit.explain!.reduce((sum, { share }) => sum + share, 0)
    expect(Math.abs(shares - hit.score)).toBeLessThan(1e-4)
  })
}

const filled = async (checkpoint: CheckpointName) => {
  const golden = await loadGolden(checkpoint)
  const documents = golden.documents.map(({ text }, i) => ({ id: String(i), text, meta: { even: i % 2 === 0 } }))
  return { golden, documents: documents.filter(({ text }) => text.trim() !== '') }
}

describe.skipIf(missing)(`engine on ONNX Runtime${missing ? ` — ${missing}` : ''}`, () => {
  for (const name of ['stanford', 'pylate', 'native-min', 'bert'] as const) {
    it(`scores as the reference does: ${name}`, async () => {
      const golden = await loadGolden(name)
      const engine = await Engine.open(await environment(name), 'golden', { backend: 'onnx' })
      closing.push(() => engine.close())
      expect(engine).toMatchObject({ backend: 'onnx', adapter: 'ONNX Runtime of the tests' })
      for (const [q, { text }] of golden.queries.entries()) {
        const scores = await engine.score(text, golden.documents)
        scores.forEach((score, d) => {
          if (score === null) expect(golden.documents[d].kept).toHaveLength(0)
          else expect(Math.abs(score - golden.scores[q][d])).toBeLessThan(1e-4)
        })
      }
    })
  }

  describe.skipIf(noGpu)(`and WebGPU${noGpu ? ` — ${noGpu}` : ''}`, () => {
    it.each<CodecId>(['int8', 'f32'])('open each other’s indexes, and find the same: %s', async (codec) => {
      const { golden, documents } = await filled('pylate')
      const byGpu = new LastingStore()
      const byRuntime = new LastingStore()
      await (await open('pylate', 'webgpu', { codec, on: byGpu })).add(documents)
      await (await open('pylate', 'onnx', { codec, on: byRuntime })).add(documents)
      const indexes = []
      for (const on of [byGpu, byRuntime]) {
        for (const backend of ['webgpu', 'onnx'] as const) {
          const index = await open('pylate', backend, { on })
          expect(index.info).toMatchObject({ backend, codec, documents: documents.length })
          indexes.push(index)
        }
      }
      for (const { text } of golden.queries.filter((query) => query.text.trim() !== '').slice(0, 4)) {
        const search = { limit: 100, passages: 3, explain: true, filter: { even: true } }
        const [a, b, c, d] = await Promise.all(indexes.map((index) => index.search(text, search)))
        expect(a.hits.length).toBeGreaterThan(3)
        expect([a.backend, b.backend]).toEqual(['webgpu', 'onnx'])
        expectSame(a, b, 1e-4)
        expectSame(c, d, 1e-4)
        // A component on the edge between two codes may have got the one here and the other there.
        expectSame(a, d, codec === 'int8' ? 1e-2 : 1e-4)
      }
    })
  })

  it('refuses the index of another model by name', async () => {
    const store = new LastingStore()
    const { documents } = await filled('stanford')
    await (await open('stanford', 'onnx', { on: store })).add(documents.slice(0, 2))
    await expect(open('stanford-f16', 'onnx', { on: store })).rejects.toMatchObject({ code: 'MODEL_MISMATCH' })
  })

  it('asks for the model only when there is something to run it', async () => {
    const rest = await environment('stanford')
    let opened = 0
    const host = new Host({
      ...rest,
      onnx: async () => {
        throw new TypeError('not today')
      },
      model: (wanted) => {
        opened++
        return rest.model(wanted)
      },
    })
    const options = {
      name: 'x',
      model: 'golden',
      store: 'memory',
      codec: 'int8',
      splitPassages: true,
      backend: 'onnx',
    } as const
    await expect(host.open(call(), options)).rejects.toThrow('not today')
    expect(opened).toBe(0)
  })
})
