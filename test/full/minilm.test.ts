/** Real weights: all-MiniLM-L6-v2 on Cranfield, against what transformers says (see test/reference/minilm.py). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CodecId, codecOf } from '../../src/codec/codec.ts'
import { Arena } from '../../src/gpu/arena.ts'
import { STORAGE } from '../../src/gpu/device.ts'
import { searchIndex } from '../../src/kernels/search.ts'
import { nodeEnvironment } from '../../src/node/environment.ts'
import { Engine } from '../../src/search/engine.ts'
import { GpuResidents } from '../../src/search/residents.ts'
import { GpuBackend } from '../../src/search/webgpu.ts'
import type { GoldenText } from '../goldens/checkpoints.ts'
import { gpuEntry, gpuMissing, openDevice } from '../gpu.ts'
import { loadMiniLM, type MiniLM, minilmMissing, modelFolder } from './minilm.ts'

const missing = minilmMissing ?? (await gpuMissing())

describe.skipIf(missing)(`all-MiniLM-L6-v2${missing ? ` — ${missing}` : ''}`, () => {
  let golden: MiniLM
  beforeAll(() => {
    golden = loadMiniLM()
  })

  describe('token vectors', () => {
    let engine: Engine
    beforeAll(async () => {
      const gpu = (await gpuEntry())!
      const environment = { device: () => ({ gpu }), model: nodeEnvironment.model }
      engine = await Engine.open(environment, modelFolder(), { pooling: 'none' })
    })
    afterAll(() => engine?.close())

    /** The lowest cosine of a token vector with the reference's; both have length 1. */
    async function lowestCosine(role: 'query' | 'document', texts: GoldenText[]): Promise<number> {
      const encoded = await engine.encode(
        role,
        texts.map(({ text }) => text),
      )
      let lowest = 1
      encoded.forEach(({ ids, kept, dim, vectors }, i) => {
        expect([...ids]).toEqual(texts[i].ids)
        expect([...kept]).toEqual(texts[i].kept)
        for (let row = 0; row < kept.length; row++) {
          let [dot, own, others] = [0, 0, 0]
          for (let at = row * dim; at < (row + 1) * dim; at++) {
            dot += vectors[at] * texts[i].vectors[at]
            own += vectors[at] ** 2
            others += texts[i].vectors[at] ** 2
          }
          lowest = Math.min(lowest, dot / Math.sqrt(own * others))
        }
      })
      return lowest
    }

    it('of 50 queries', async () => {
      expect(await lowestCosine('query', golden.queries.slice(0, 50))).toBeGreaterThanOrEqual(0.99999)
    })

    it('of 20 documents', async () => {
      expect(await lowestCosine('document', golden.documents.slice(0, 20))).toBeGreaterThanOrEqual(0.99999)
    })
  })

  describe('an int8 index', () => {
    /** The ten best documents of every query, over the reference's own token vectors. */
    async function ranking(id: CodecId): Promise<number[][]> {
      const device = await openDevice()
      const codec = codecOf({ id })
      const residents = new GpuResidents(new GpuBackend(device), codec, golden.dim)
      const bytes = ({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array) =>
        new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)
      await residents.append(
        golden.documents.map(({ vectors }) => {
          const { codes, scales } = codec.encode(vectors, golden.dim)
          const tokens = vectors.length / golden.dim
          return [{ tokens, codes: codec.scaled ? [bytes(codes), bytes(scales)] : [bytes(codes)] }]
        }),
      )
      const arena = new Arena(device, 'test')
      const { index, layout } = residents
      const rankings: number[][] = []
      for (const { vectors } of golden.queries) {
        const query = await device.allocate(vectors.byteLength, 'query', STORAGE)
        device.gpu.queue.writeBuffer(query, 0, vectors as Float32Array<ArrayBuffer>)
        const rows = vectors.length / golden.dim
        const request = { rows, k: 10, best: 1, explain: false, alive: layout.alive.view() }
        const hits = await searchIndex(device, arena, index!, request, () => query)
        rankings.push(hits.map(({ document }) => document))
        device.release(query)
      }
      return rankings
    }

    it('finds 97 % of the ten best that f32 finds, on 200 documents and 50 queries', async () => {
      expect([golden.documents.length, golden.queries.length]).toEqual([200, 50])
      const [exact, coded] = [await ranking('f32'), await ranking('int8')]
      const shared = exact.map((best, i) => best.filter((document) => coded[i].includes(document)).length)
      expect(shared.reduce((sum, count) => sum + count, 0) / (10 * exact.length)).toBeGreaterThanOrEqual(0.97)
    })

    it('and f32 ranks as the reference does', async () => {
      const exact = await ranking('f32')
      golden.scores.forEach((scores, i) => {
        const expected = scores.map((score, document) => ({ score, document })).sort((a, b) => b.score - a.score)
        exact[i].forEach((document, rank) => {
          expect(Math.abs(scores[document] - expected[rank].score)).toBeLessThan(1e-3)
        })
      })
    })
  })
})
