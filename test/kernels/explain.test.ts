import { describe, expect, it } from 'vitest'
import type { CodecId } from '../../src/codec/codec.ts'
import { planExplain, readHits, resultBytes } from '../../src/kernels/explain.ts'
import { NONE } from '../../src/kernels/maxsim.ts'
import { EMPTY } from '../../src/kernels/topk.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { bestPassages } from './explain.reference.ts'
import { type Fixture, type FixtureOptions, makeFixture } from './fixture.ts'
import { random, runPlan } from './harness.ts'
import { maxSim } from './maxsim.reference.ts'

const missing = await gpuMissing()

describe('the readback of a search', () => {
  it('is at most 4 kB for ten hits, one passage each and 32 query rows', () => {
    expect(resultBytes({ hits: 10, best: 1, explained: 32 })).toBeLessThanOrEqual(4096)
  })
})

describe.skipIf(missing)(`explain${missing ? ` — ${missing}` : ''}`, async () => {
  const device = missing ? null! : await openDevice({ caps: { groups: 7 } })

  /** Explains the documents given as hits, over all shards, and reads the records. */
  async function run(fixture: Fixture, query: Float32Array, documents: number[], best: number, explain = true) {
    const { codec, dim, layout, shards, passages } = fixture
    const rows = query.length / dim
    const scores = Float32Array.from(passages, (p) => (p.length > 0 ? maxSim(query, p, dim) : NONE))
    const hits = Uint32Array.from(documents.flatMap((document) => [document, 1000 + document]))
    const result = { hits: documents.length, best, explained: explain ? rows : 0 }
    let records = new Uint32Array(resultBytes(result) / 4)
    for (const [i, { data, capacity }] of shards.entries()) {
      const { firstPassage: first, passages: count } = layout.shards[i]
      const shape = { rows, dim, bits: codec.bits, capacity, first, end: first + count, ...result }
      const inputs = [query, data, layout.passages.view(), layout.starts.view(), scores, hits]
      const [out] = await runPlan(device, planExplain(shape, device.caps), [...inputs, records.length])
      // What this shard left unwritten stays as the shards before it wrote it.
      records = new Uint32Array(out).map((word, j) => (word === 0x7fc0dead ? records[j] : word))
    }
    return readHits(records.buffer, result)
  }

  function checkHits(fixture: Fixture, query: Float32Array, found: Awaited<ReturnType<typeof run>>, best: number) {
    const { dim, layout, passages } = fixture
    const starts = layout.starts.view()
    for (const hit of found) {
      const first = starts[hit.document]
      const expected = bestPassages(query, passages.slice(first, starts[hit.document + 1]), dim, best)
      expect(hit.passages.map(({ passage }) => passage - first)).toEqual(expected.map(({ passage }) => passage))
      hit.passages.forEach((passage, rank) => {
        expect(Math.abs(passage.score - expected[rank].score)).toBeLessThan(1e-4)
        const sum = passage.similarities.reduce((total, similarity) => total + similarity, 0)
        expect(Math.abs(sum - passage.score)).toBeLessThan(1e-3)
        expected[rank].tokens.forEach(({ token, similarity }, row) => {
          expect(Math.abs(passage.similarities[row] - similarity)).toBeLessThan(1e-5)
          expect(passage.tokens[row]).toBe(token)
        })
      })
    }
  }

  const documents = [[5], [70, 1, 130], [], [0, 3, 0], [2, 2, 2, 2, 2, 2, 2, 2, 2, 200]]
  for (const codec of ['f32', 'f16', 'int8'] as CodecId[]) {
    for (const [rows, dim, best] of [
      [1, 16, 1],
      [33, 20, 8],
      [5, 768, 3],
    ]) {
      it(`${codec}: ${rows} rows × ${dim}, ${best} passages`, async () => {
        const options: FixtureOptions = { dim, codec, documents, sliceRows: 64 }
        const fixture = makeFixture(options)
        const query = random(rows)(rows * dim, 1 / Math.sqrt(dim))
        const found = await run(fixture, query, [4, 1, 3, 0, EMPTY], best)
        expect(found.map((hit) => hit.document)).toEqual([4, 1, 3, 0])
        checkHits(fixture, query, found, best)
      })
    }
  }

  it('finds passages in their shards', async () => {
    const dim = 16
    const fixture = makeFixture({ dim, codec: 'f32', documents: [[9, 12], [3], [14], [8, 8]], bindingBytes: 16 * 64 })
    expect(fixture.shards.length).toBeGreaterThan(3)
    const query = random(3)(4 * dim)
    checkHits(fixture, query, await run(fixture, query, [3, 0, 2], 2), 2)
  })

  it('gives the first of equal tokens, and of equal passages', async () => {
    const dim = 16
    const tokens = random(4)(3 * dim)
    const repeated = (rows: number) => Float32Array.from({ length: rows * dim }, (_, i) => tokens[i % (3 * dim)])
    const fixture = makeFixture({ dim, codec: 'int8', documents: [[150, 150, 150]], vectors: repeated })
    const query = random(5)(6 * dim)
    const [hit] = await run(fixture, query, [0], 3)
    expect(hit.passages.map(({ passage }) => passage)).toEqual([0, 1, 2])
    for (const { tokens } of hit.passages) expect(Math.max(...tokens)).toBeLessThan(3)
  })

  it('gives passages alone when no row is to be explained', async () => {
    const fixture = makeFixture({ dim: 16, codec: 'f16', documents })
    const query = random(6)(3 * 16)
    const [hit] = await run(fixture, query, [4], 2, false)
    expect(hit.passages.length).toBe(2)
    expect(hit.passages[0].tokens.length).toBe(0)
    expect(hit.passages[0].score).toBeGreaterThanOrEqual(hit.passages[1].score)
  })
})
