import { describe, expect, it } from 'vitest'
import type { CodecId } from '../../src/codec/codec.ts'
import { Arena } from '../../src/gpu/arena.ts'
import { type Device, STORAGE } from '../../src/gpu/device.ts'
import { Layout } from '../../src/kernels/layout.ts'
import { NONE } from '../../src/kernels/maxsim.ts'
import {
  planSearch,
  type SearchIndex,
  type SearchRequest,
  scoreIndex,
  searchIndex,
  variantsOf,
} from '../../src/kernels/search.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { type Fixture, makeFixture } from './fixture.ts'
import { random } from './harness.ts'
import { maxSim } from './maxsim.reference.ts'
import { topDocuments } from './topk.reference.ts'

const missing = await gpuMissing()

describe('planSearch', () => {
  const caps = { ...capsOfDefaults() }
  const layout = new Layout({ dim: 96, bits: 8, bindingBytes: 1 << 14, sliceRows: 50 })
  for (let i = 0; i < 2000; i++) layout.add([i % 120])
  const index = { dim: 96, bits: 8 as const, layout, shards: layout.shards.map(({ rows }) => ({ capacity: rows })) }

  it('stays within the budget of dispatches', () => {
    for (const k of [1, 10, 128, 1000]) {
      const plan = planSearch(index, { rows: 32, k, best: 1, explain: true }, caps)
      expect(layout.shards.length).toBeGreaterThan(5)
      expect(variantsOf(plan).length).toBeLessThanOrEqual(2 * layout.shards.length + 4)
      expect(plan.top.length).toBe(k > 128 ? 0 : 2)
    }
  })

  it('refuses what the kernels cannot do', () => {
    const request = { rows: 32, k: 10, best: 1, explain: true }
    for (const wrong of [{ rows: 0 }, { rows: 513 }, { k: 0 }, { k: 1.5 }, { best: 0 }, { best: 9 }]) {
      expect(() => planSearch(index, { ...request, ...wrong }, caps)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    }
    const small = { ...caps, limits: { ...caps.limits, bindingBytes: 4096 } }
    expect(() => planSearch(index, request, small)).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
  })
})

describe.skipIf(missing)(`search${missing ? ` — ${missing}` : ''}`, async () => {
  const device = missing ? null! : await openDevice({ caps: { bindingBytes: 1 << 20 } })

  for (const codec of ['f32', 'f16', 'int8'] as CodecId[]) {
    it(`${codec}: several shards, long and empty passages, dead documents`, async () => {
      const documents = Array.from({ length: 150 }, (_, i) => [[i % 90], [], [3, 0, 40], [120, 20]][i % 4])
      documents.push([1500], [300, 700])
      const fixture = fixtureIn(device, codec, 128, documents)
      expect(fixture.shards.length).toBeGreaterThan(codec === 'f32' ? 3 : 0)
      for (let i = 0; i < 150; i += 5) fixture.layout.setAlive(i, false)
      const uploaded = await upload(device, fixture)
      for (const [rows, k, best] of [
        [33, 10, 2],
        [32, 1000, 1],
      ]) {
        const query = random(rows)(rows * 128, 1 / Math.sqrt(128))
        const { hits, cost } = await run(uploaded, query, { k, best })
        checkHits(fixture, query, hits, k)
        expect(cost.dispatches).toBeLessThanOrEqual(2 * fixture.shards.length + 4)
        expect([cost.submissions, cost.readbacks]).toEqual(k > 128 ? [2, 2] : [1, 1])
        if (k === 10) expect(cost.readbackBytes).toBeLessThanOrEqual(10 * 4 * (2 + best * (2 + 2 * rows)))
      }
    })
  }

  it.skipIf(!device?.caps.packedDot)('in integers: the same hits, one dispatch more', async () => {
    const integers = await openDevice({})
    integers.caps.integer = true
    const documents = [[40], [3, 0, 90], [], [1500]]
    const fixture = makeFixture({ dim: 96, codec: 'int8', documents })
    const query = random(4)(33 * 96, 1 / Math.sqrt(96))
    const plain = await run(await upload(device, fixture), query, { k: 4, best: 2 })
    const { hits, cost } = await run(await upload(integers, fixture), query, { k: 4, best: 2 })
    checkHits(fixture, query, hits, 4)
    expect(hits.map(({ document }) => document)).toEqual(plain.hits.map(({ document }) => document))
    expect(cost.dispatches).toBe(plain.cost.dispatches + 1)
    expect(cost.dispatches).toBeLessThanOrEqual(2 * fixture.shards.length + 4)
  })

  it('scores for several queries in one submission', async () => {
    const dim = 20
    const fixture = makeFixture({ dim, codec: 'f16', documents: [[5], [0], [7, 90], [600]] })
    fixture.layout.setAlive(0, false)
    const { index, arena } = await upload(device, fixture)
    const [queries, rows] = [3, 4]
    const query = random(8)(queries * rows * dim, 0.2)
    const buffer = await device.allocate(query.byteLength, 'query', STORAGE)
    device.gpu.queue.writeBuffer(buffer, 0, query as Float32Array<ArrayBuffer>)
    const before = { ...device.counts }
    const scores = await scoreIndex(device, arena, index, { queries, rows }, () => buffer)
    expect(device.counts.submissions - before.submissions).toBe(1)
    expect(scores.length).toBe(queries * 5)
    for (let q = 0; q < queries; q++) {
      const one = query.subarray(q * rows * dim, (q + 1) * rows * dim)
      for (const passage of [2, 3, 4])
        expect(Math.abs(scores[q * 5 + passage] - maxSim(one, fixture.passages[passage], dim))).toBeLessThan(1e-4)
      expect(scores[q * 5 + 1]).toBe(NONE)
    }
  })

  it('several blocks of documents: both paths give the same order, also of equals', async () => {
    const dim = 16
    const repeated = random(9)(7 * dim)
    let calls = 0
    const vectors = () => repeated.slice((calls++ % 7) * dim).slice(0, dim)
    const documents = Array.from({ length: 2500 }, () => [1])
    const fixture = makeFixture({ dim, codec: 'int8', documents, bindingBytes: 1 << 20, vectors })
    const uploaded = await upload(device, fixture)
    const query = random(2)(3 * dim)
    const few = await run(uploaded, query, { k: 128, best: 1 })
    const many = await run(uploaded, query, { k: 500, best: 1 })
    expect(few.hits.length).toBe(128)
    expect(many.hits.map((hit) => hit.document).slice(0, 128)).toEqual(few.hits.map((hit) => hit.document))
    expect(new Set(few.hits.map((hit) => hit.score)).size).toBe(1)
    few.hits.slice(1).forEach((hit, i) => {
      expect(hit.document).toBe(few.hits[i].document + 7)
    })
  })

  it('a passage of 10,000 token vectors', async () => {
    const fixture = makeFixture({ dim: 16, codec: 'int8', documents: [[40], [10_000], [50, 3_000]] })
    expect(fixture.layout.slots).toBe(20 + 6)
    const uploaded = await upload(device, fixture)
    const query = random(7)(3 * 16, 0.25)
    const { hits } = await run(uploaded, query, { k: 3, best: 2 })
    checkHits(fixture, query, hits, 3)
  })

  it('a filter narrows a search without changing scores', async () => {
    const fixture = makeFixture({ dim: 20, codec: 'f16', documents: Array.from({ length: 40 }, () => [6]) })
    const uploaded = await upload(device, fixture)
    const query = random(3)(5 * 20)
    const all = await run(uploaded, query, { k: 40, best: 1 })
    const filter = Uint32Array.of(0x0f0f0f0f, 0xf0)
    const some = await run(uploaded, query, { k: 40, best: 1, alive: filter })
    const inFilter = ({ document }: { document: number }) => (filter[document >>> 5] >>> (document & 31)) & 1
    expect(some.hits.length).toBe(20)
    expect(some.hits).toEqual(all.hits.filter(inFilter))
  })

  it('nothing to find: no documents, empty ones, dead ones', async () => {
    const query = random(3)(5 * 16)
    const none = await upload(device, makeFixture({ dim: 16, codec: 'int8', documents: [] }))
    expect((await run(none, query, { k: 10, best: 1 })).hits).toEqual([])
    const empty = await upload(device, makeFixture({ dim: 16, codec: 'int8', documents: [[], []] }))
    expect((await run(empty, query, { k: 10, best: 1 })).hits).toEqual([])
    const hollow = await upload(device, makeFixture({ dim: 16, codec: 'int8', documents: [[0], [0, 0]] }))
    expect((await run(hollow, query, { k: 10, best: 1 })).hits).toEqual([])
    const dead = await upload(device, makeFixture({ dim: 16, codec: 'int8', documents: [[3], [4]] }))
    expect((await run(dead, query, { k: 10, best: 1, alive: Uint32Array.of(0) })).hits).toEqual([])
    expect((await run(dead, query, { k: 10, best: 1 })).hits.length).toBe(2)
  })

  it('without explanations a hit has its passages alone', async () => {
    const fixture = makeFixture({ dim: 16, codec: 'int8', documents: [[3, 5], [4]] })
    const { hits, cost } = await run(await upload(device, fixture), random(3)(5 * 16), { best: 2, explain: false })
    expect(hits.map((hit) => hit.passages.length).sort()).toEqual([1, 2])
    expect(hits[0].passages[0].similarities.length).toBe(0)
    expect(cost.readbackBytes).toBe(2 * 4 * (2 + 2 * 2))
  })

  it('an aborted search rejects with the reason', async () => {
    const uploaded = await upload(device, makeFixture({ dim: 16, codec: 'int8', documents: [[3]] }))
    const signal = AbortSignal.abort()
    await expect(run(uploaded, random(3)(16), { signal })).rejects.toBe(signal.reason)
  })
})

interface Uploaded {
  device: Device
  arena: Arena
  index: SearchIndex
}

function fixtureIn(device: Device, codec: CodecId, dim: number, documents: number[][]): Fixture {
  return makeFixture({ dim, codec, documents, bindingBytes: device.caps.limits.bindingBytes })
}

async function upload(device: Device, { codec, dim, layout, shards }: Fixture): Promise<Uploaded> {
  const buffer = async (data: Uint32Array<ArrayBuffer>) => {
    const made = await device.allocate(data.byteLength, 'test', STORAGE)
    device.gpu.queue.writeBuffer(made, 0, data)
    return made
  }
  const index: SearchIndex = {
    dim,
    bits: codec.bits,
    layout,
    shards: await Promise.all(
      shards.map(async ({ data, capacity }, i) => ({
        data: await buffer(data as Uint32Array<ArrayBuffer>),
        capacity,
        slices: await buffer(layout.shards[i].slices.view()),
      })),
    ),
    starts: await buffer(layout.starts.view()),
    passages: await buffer(layout.passages.view()),
    merges: layout.merges.length > 0 ? await buffer(layout.merges.view()) : null,
  }
  return { device, arena: new Arena(device, 'search'), index }
}

async function run({ device, arena, index }: Uploaded, query: Float32Array, request: Partial<SearchRequest>) {
  const buffer = await device.allocate(query.byteLength, 'query', STORAGE)
  device.gpu.queue.writeBuffer(buffer, 0, query as Float32Array<ArrayBuffer>)
  const before = { ...device.counts }
  const full: SearchRequest = {
    rows: query.length / index.dim,
    k: 10,
    best: 1,
    explain: true,
    alive: index.layout.alive.view(),
    ...request,
  }
  const hits = await searchIndex(device, arena, index, full, () => buffer)
  const after = device.counts
  const cost = {
    dispatches: after.dispatches - before.dispatches,
    submissions: after.submissions - before.submissions,
    readbacks: after.readbacks - before.readbacks,
    readbackBytes: after.readbackBytes - before.readbackBytes,
  }
  return { hits, cost }
}

function checkHits(fixture: Fixture, query: Float32Array, hits: Awaited<ReturnType<typeof searchIndex>>, k: number) {
  const { layout, passages, dim } = fixture
  const starts = [...layout.starts.view()]
  const scores = passages.map((vectors) => (vectors.length > 0 ? maxSim(query, vectors, dim) : null))
  const documents = starts.slice(1).map((end, document) => scores.slice(starts[document], end))
  const alive = documents.map((_, document) => layout.isAlive(document))
  const expected = topDocuments(documents, alive, k)
  expect(hits.map((hit) => hit.document)).toEqual(expected.map((hit) => hit.document))
  hits.forEach((hit, i) => {
    expect(Math.abs(hit.score - expected[i].score)).toBeLessThan(1e-4)
    expect(hit.passages[0].score).toBe(hit.score)
    const sum = hit.passages[0].similarities.reduce((total, similarity) => total + similarity, 0)
    expect(Math.abs(sum - hit.score)).toBeLessThan(1e-3)
  })
}

/** The limits that every WebGPU device has. */
function capsOfDefaults() {
  return {
    f16: false,
    subgroups: null,
    packedDot: false,
    timestamps: false,
    fallback: false,
    adapter: 'none',
    limits: {
      storageBuffers: 8,
      invocations: 256,
      workgroupBytes: 16_384,
      bindingBytes: 1 << 27,
      bufferBytes: 1 << 28,
      groups: 65_535,
    },
  }
}
