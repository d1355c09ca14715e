import { array, assert, asyncProperty, boolean, constantFrom, integer } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CodecId, codecOf } from '../../src/codec/codec.ts'
import { codesOf } from '../../src/cpu/codes.ts'
import type { Multiplier } from '../../src/cpu/estimate.ts'
import { type CpuEncoder, CpuResidents } from '../../src/cpu/residents.ts'
import type { Backend, SearchRequest } from '../../src/search/backend.ts'
import { bestPassages } from '../kernels/explain.reference.ts'
import { random } from '../kernels/harness.ts'
import { maxSim } from '../kernels/maxsim.reference.ts'
import { topDocuments } from '../kernels/topk.reference.ts'

const DIM = 16
const backend = {} as Backend

interface Fixture {
  residents: CpuResidents
  /** Of each document, the token vectors of its passages as their codes decode. */
  documents: Float32Array[][]
}

/** @param shapes Of every document, the number of token vectors of its passages. */
async function fixture(
  codecId: CodecId,
  shapes: readonly (readonly number[])[],
  {
    shardBytes,
    multiplier,
    vectors = (rows) => values(rows * DIM, 1 / 4),
  }: { shardBytes?: number; multiplier?: Multiplier; vectors?: (rows: number) => Float32Array } = {},
): Promise<Fixture> {
  const codec = codecOf({ id: codecId })
  const residents = new CpuResidents(backend, codec, DIM, multiplier, shardBytes)
  const documents: Float32Array[][] = []
  for (const shape of shapes) {
    const passages = shape.map(vectors)
    // One after the other, so that shards grow.
    await residents.append([passages.map((passage) => codesOf(codec, passage, DIM))])
    documents.push(passages.map((passage) => codec.decode(codec.encode(passage, DIM), DIM)))
  }
  return { residents, documents }
}

const values = random(11)
const query = random(5)(7 * DIM, 1 / 4)
const input = { ids: new Uint32Array(7), attend: new Uint8Array(7), keep: new Uint32Array(7) }
const encoder = { spec: {}, vectors: async () => [query] } as unknown as CpuEncoder

const search = ({ residents }: Fixture, request: Partial<SearchRequest> = {}) =>
  residents.search(encoder, input, { k: 10, best: 1, explain: true, alive: residents.layout.alive.view(), ...request })

async function check(made: Fixture, k: number, best: number): Promise<void> {
  const { residents, documents } = made
  const scores = documents.map((passages) =>
    passages.map((each) => (each.length > 0 ? maxSim(query, each, DIM) : null)),
  )
  const alive = documents.map((_, document) => residents.layout.isAlive(document))
  const hits = await search(made, { k, best })
  const expected = topDocuments(scores, alive, k)
  expect(hits.map(({ document }) => document)).toEqual(expected.map(({ document }) => document))
  hits.forEach((hit, i) => {
    expect(Math.abs(hit.score - expected[i].score)).toBeLessThan(1e-4)
    expect(hit.passages[0].score).toBe(hit.score)
    const first = residents.layout.starts.at(hit.document)
    const passages = bestPassages(query, documents[hit.document], DIM, best)
    expect(hit.passages.map(({ passage }) => passage - first)).toEqual(passages.map(({ passage }) => passage))
    for (const [rank, { score, tokens, similarities }] of hit.passages.entries()) {
      expect([...tokens]).toEqual(passages[rank].tokens.map(({ token }) => token))
      expect(Math.abs(similarities.reduce((sum, each) => sum + each, 0) - score)).toBeLessThan(1e-5)
    }
  })
}

describe('search in memory', () => {
  for (const codec of ['f32', 'f16', 'int8'] as const) {
    it(`${codec}: several shards, long and empty passages, dead documents`, async () => {
      const shapes = Array.from({ length: 80 }, (_, i) => [[i % 50], [], [3, 0, 40], [60, 20]][i % 4])
      const made = await fixture(codec, [...shapes, [900]], { shardBytes: 1 << 16 })
      expect(made.residents.layout.shards.length).toBeGreaterThan(1)
      for (let i = 0; i < 80; i += 5) made.residents.layout.setAlive(i, false)
      await check(made, 10, 2)
      await check(made, 1_000, 1)
    })
  }

  it('is what the reference says, for any documents', async () => {
    const shapes = array(array(integer({ min: 0, max: 9 }), { maxLength: 4 }), { maxLength: 12 })
    await assert(
      asyncProperty(
        constantFrom<CodecId>('int8', 'f16', 'f32'),
        shapes,
        array(boolean()),
        integer({ min: 1, max: 8 }),
        async (codec, documents, dead, best) => {
          const made = await fixture(codec, documents, { shardBytes: 4_096 })
          for (const [document] of documents.entries()) made.residents.layout.setAlive(document, !dead[document])
          await check(made, 5, best)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('equals come in the order of insertion', async () => {
    const repeated = random(9)(7 * DIM, 1 / 4)
    let calls = 0
    const vectors = () => repeated.slice((calls++ % 7) * DIM).slice(0, DIM)
    const made = await fixture(
      'int8',
      Array.from({ length: 700 }, () => [1]),
      { vectors },
    )
    const hits = await search(made, { k: 100 })
    expect(new Set(hits.map(({ score }) => score)).size).toBe(1)
    const ordinals = hits.map(({ document }) => document)
    expect(ordinals.slice(1)).toEqual(ordinals.slice(0, -1).map((document) => document + 7))
  })

  it.each<CodecId>(['int8', 'f16', 'f32'])('an estimate changes nothing of what is found: %s', async (codec) => {
    // Some vectors are there many times: then the estimate alone would decide among equals.
    const repeated = random(9)(7 * DIM, 1 / 4)
    const drawn = random(21)
    const texts = Array.from({ length: 1_500 }, (_, i) =>
      [[5], [3, 0, 4], [1], [], [2, 6]][i % 5].map((rows, p) =>
        (i + p) % 3 === 0 ? repeated.slice(0, rows * DIM) : drawn(rows * DIM, 1 / 4),
      ),
    )
    let multiplied = 0
    const noise = random(2)
    const multiplier: Multiplier = (left, dim) => async (right) => {
      multiplied += right.length / dim
      const rows = left.length / dim
      const products = new Float32Array((right.length / dim) * rows)
      const off = noise(products.length, 1e-7)
      products.forEach((_, at) => {
        const [token, row] = [Math.floor(at / rows), at % rows]
        let dot = 0
        for (let i = 0; i < dim; i++) dot += right[token * dim + i] * left[row * dim + i]
        products[at] = dot * (1 + off[at])
      })
      return products
    }
    const made = async (options: { multiplier?: Multiplier }) => {
      const passages = texts.flat().values()
      const shapes = texts.map((text) => text.map(({ length }) => length / DIM))
      return fixture(codec, shapes, { ...options, shardBytes: 1 << 16, vectors: () => passages.next().value! })
    }
    const [plain, estimated] = [await made({}), await made({ multiplier })]
    expect(estimated.residents.layout.shards.length).toBeGreaterThan(1)
    for (let i = 0; i < 1_500; i += 7)
      for (const { residents } of [plain, estimated]) residents.layout.setAlive(i, false)
    for (const request of [{ k: 1 }, { k: 10, best: 3 }, { k: 600 }, { k: 5_000 }]) {
      expect(await search(estimated, request)).toEqual(await search(plain, request))
    }
    expect(multiplied).toBeGreaterThan(3 * 4_096)
    // Of few, nothing is estimated.
    const few = new Uint32Array(47).fill(0x01010101)
    multiplied = 0
    expect(await search(estimated, { alive: few })).toEqual(await search(plain, { alive: few }))
    expect(multiplied).toBe(0)
  })

  it('a filter narrows a search without changing scores', async () => {
    const made = await fixture(
      'int8',
      Array.from({ length: 40 }, () => [6]),
    )
    const all = await search(made, { k: 40 })
    const alive = Uint32Array.of(0x0f0f0f0f, 0xf0)
    const some = await search(made, { k: 40, alive })
    expect(some).toHaveLength(20)
    expect(some).toEqual(all.filter(({ document }) => (alive[document >>> 5] >>> (document & 31)) & 1))
  })

  it('nothing to find, and nothing to explain', async () => {
    expect(await search(await fixture('int8', []))).toEqual([])
    expect(await search(await fixture('int8', [[], [0]]))).toEqual([])
    const made = await fixture('int8', [[3, 5], [4]])
    expect(await search(made, { alive: Uint32Array.of(0) })).toEqual([])
    const plain = await search(made, { best: 2, explain: false })
    expect(plain.map(({ passages }) => passages.length).sort()).toEqual([1, 2])
    expect(plain[0].passages[0].similarities).toHaveLength(0)
  })

  it('an aborted search rejects with the reason, also on the way', async () => {
    const made = await fixture(
      'f32',
      Array.from({ length: 300 }, () => [300]),
    )
    const reason = new Error('typed on')
    await expect(search(made, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const control = new AbortController()
    // Takes effect when the search lets go of the thread; the clock says that it is time after every document.
    const { now } = performance
    let time = 0
    performance.now = () => (time += 1_000)
    try {
      setTimeout(() => control.abort(reason))
      await expect(search(made, { signal: control.signal })).rejects.toBe(reason)
    } finally {
      performance.now = now
    }
  })

  it('estimates nothing of vectors that are not of length 1', async () => {
    let products = 0
    const multiplier: Multiplier = (left, dim) => async (right) => {
      products++
      return new Float32Array((right.length / dim) * (left.length / dim))
    }
    const made = await fixture('f32', Array(1_000).fill([6]), { multiplier })
    const request = { k: 1, best: 1, explain: false, alive: made.residents.layout.alive.view() }
    await made.residents.search(encoder, input, request)
    expect(products).toBeGreaterThan(0)
    products = 0
    const longer = { ...encoder, spec: { unnormalized: true } } as CpuEncoder
    await made.residents.search(longer, input, request)
    expect(products).toBe(0)
  })

  it('an estimate too can be aborted', async () => {
    const control = new AbortController()
    const reason = new Error('typed on')
    const multiplier: Multiplier = (left, dim) => async (right) => {
      control.abort(reason)
      return new Float32Array((right.length / dim) * (left.length / dim))
    }
    const made = await fixture(
      'int8',
      Array.from({ length: 60 }, () => [100]),
      { multiplier },
    )
    await expect(search(made, { signal: control.signal })).rejects.toBe(reason)
  })

  it('tells what it holds, and lets go of it', async () => {
    const { residents } = await fixture('int8', [[5_000]])
    expect(residents.bytes).toBe(5_000 * (DIM + 4))
    residents.destroy()
    expect(residents.bytes).toBe(0)
  })
})
