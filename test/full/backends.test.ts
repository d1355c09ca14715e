/** The default model on both backends, on Cranfield: the same ranking. */
import { beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_MODEL } from '../../scripts/model-plugin.mjs'
import { folderSource } from '../../src/node/folder-source.ts'
import { OnnxBackend } from '../../src/onnx/backend.ts'
import { Host } from '../../src/search/host.ts'
import type { BackendId } from '../../src/search/types.ts'
import { memoryStore } from '../../src/store/index.ts'
import { gpuEntry, gpuMissing } from '../gpu.ts'
import { onnxMissing, onnxRuntime } from '../onnx/runtime.ts'
import { call } from '../search/harness.ts'
import { loadMiniLM, minilmMissing } from './minilm.ts'

const missing = minilmMissing ?? (await onnxMissing()) ?? (await gpuMissing())

describe.skipIf(missing)(`backends${missing ? ` — ${missing}` : ''}`, () => {
  let texts: { documents: string[]; queries: string[] }
  beforeAll(() => {
    const { documents, queries } = loadMiniLM()
    texts = { documents: documents.slice(0, 100).map(({ text }) => text), queries: queries.map(({ text }) => text) }
  })

  /** Ids of the ten best documents of every query, in an int8 index that this backend has built. */
  async function rankings(backend: BackendId): Promise<string[][]> {
    const host = new Host({
      device: async () => ({ gpu: (await gpuEntry())! }),
      onnx: async () => new OnnxBackend((await onnxRuntime())!, 'ONNX Runtime'),
      model: () => ({ key: DEFAULT_MODEL, source: folderSource(DEFAULT_MODEL) }),
      store: async () => ({ store: memoryStore() }),
    })
    const open = {
      name: 'test',
      model: 'default',
      store: 'memory',
      codec: 'int8',
      splitPassages: true,
      backend,
    } as const
    const { handle } = await host.open(call(), open)
    try {
      await host.add(call(texts.documents.map((text, i) => ({ id: String(i), text }))), handle)
      const found: string[][] = []
      for (const query of texts.queries) {
        const { hits } = await host.search(call(), handle, query, { limit: 10 })
        found.push(hits.map(({ id }) => id))
      }
      return found
    } finally {
      await host.close(call(), handle)
    }
  }

  it('share 98 % of the ten best documents of 50 queries', async () => {
    expect([texts.documents.length, texts.queries.length]).toEqual([100, 50])
    const [onnx, webgpu] = [await rankings('onnx'), await rankings('webgpu')]
    const shared = onnx.map((best, i) => best.filter((id) => webgpu[i].includes(id)).length)
    expect(shared.reduce((sum, count) => sum + count, 0) / (10 * onnx.length)).toBeGreaterThanOrEqual(0.98)
  })
})
