import { beforeEach, describe, expect, it } from 'vitest'
import { type CodecId, codecOf } from '../../src/codec/codec.ts'
import type { CpuEncoder, CpuResidents } from '../../src/cpu/residents.ts'
import { searchIndex } from '../../src/kernels/search.ts'
import { OnnxBackend } from '../../src/onnx/backend.ts'
import type { Runtime } from '../../src/onnx/runtime.ts'
import type { Backend } from '../../src/search/backend.ts'
import { GpuResidents } from '../../src/search/residents.ts'
import { Snapshot } from '../../src/search/snapshot.ts'
import { GpuBackend } from '../../src/search/webgpu.ts'
import {
  addSegment,
  applyMerge,
  deleteDocuments,
  type Manifest,
  memoryStore,
  mergeSegments,
  newManifest,
  SegmentWriter,
  type Store,
  update,
} from '../../src/store/index.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { random } from '../kernels/harness.ts'

const missing = await gpuMissing()
const DIM = 16

/** An index with made-up token vectors: what a snapshot says must follow from the vectors alone. */
class Fixture {
  readonly store: Store = memoryStore()
  readonly vectors = new Map<string, Float32Array[]>()
  readonly #random = random(7)
  constructor(readonly codecId: CodecId) {}

  get codec() {
    return codecOf({ id: this.codecId })
  }

  empty(): Manifest {
    const { codec } = this
    const runs = codec.scaled ? [codec.bytes(DIM) - 4, 4] : [codec.bytes(DIM)]
    return newManifest({ fingerprint: 'f', name: 'm', dim: DIM }, { id: codec.id, parameters: {}, runs }, 0)
  }

  /** Adds a segment of documents, each with passages of so many token vectors. */
  async add(documents: Record<string, number[]>): Promise<void> {
    const writer = new SegmentWriter(this.empty())
    const entries = Object.entries(documents)
    for (const [id, passages] of entries) {
      writer.addDocument({ id, hash: `hash of ${id}`, text: passages.map(() => 'x').join('') })
    }
    for (const [document, [id, passages]] of entries.entries()) {
      const vectors = passages.map((tokens) => this.#random(tokens * DIM))
      this.vectors.set(id, vectors)
      for (const [p, values] of vectors.entries()) {
        const { codes, scales } = this.codec.encode(values, DIM)
        const runs = [new Uint8Array(codes.buffer), ...(this.codec.scaled ? [new Uint8Array(scales.buffer)] : [])]
        await writer.addPassage({ document, start: p, end: p + 1, tokens: passages[p] }, runs)
      }
    }
    const { segment, put } = await writer.finish()
    await update(this.store, (current) => ({ manifest: addSegment(current ?? this.empty(), segment), put }))
  }

  async delete(segment: number, index: number): Promise<void> {
    await update(this.store, (current) => ({
      manifest: deleteDocuments(current!, current!.segments[segment].id, [index]),
    }))
  }

  async merge(): Promise<void> {
    const manifest = (await this.store.manifest())!
    const merge = await mergeSegments(this.store, manifest, manifest.segments)
    await update(this.store, (current) => ({ manifest: applyMerge(current!, merge)!, put: merge.put }))
  }

  /** Ids by MaxSim of the decoded vectors, best first. */
  expected(query: Float32Array, ids: readonly string[]): string[] {
    const score = (id: string) => {
      let best = Number.NEGATIVE_INFINITY
      for (const values of this.vectors.get(id)!) {
        if (values.length > 0)
          best = Math.max(best, maxSim(query, this.codec.decode(this.codec.encode(values, DIM), DIM)))
      }
      return best
    }
    return ids.filter((id) => Number.isFinite(score(id))).sort((a, b) => score(b) - score(a))
  }
}

function maxSim(query: Float32Array, document: Float32Array): number {
  let sum = 0
  for (let q = 0; q < query.length; q += DIM) {
    let best = Number.NEGATIVE_INFINITY
    for (let d = 0; d < document.length; d += DIM) {
      let dot = 0
      for (let i = 0; i < DIM; i++) dot += query[q + i] * document[d + i]
      best = Math.max(best, dot)
    }
    sum += best
  }
  return sum
}

const query = random(3)(5 * DIM)

/** Ordinals of the best documents, of what was appended to a GPU. */
async function searchGpu(residents: GpuResidents): Promise<number[]> {
  const { index, layout, backend } = residents
  if (!index) return []
  const { device, searching } = backend
  const buffer = await device.allocate(query.byteLength, 'query')
  device.gpu.queue.writeBuffer(buffer, 0, query)
  const request = { rows: 5, k: 100, best: 1, explain: false, alive: layout.alive.view() }
  const hits = await searchIndex(device, searching, index, request, () => buffer)
  device.release(buffer)
  return hits.map(({ document }) => document)
}

/** The same in memory. */
async function searchCpu(residents: CpuResidents): Promise<number[]> {
  const encoder = { spec: {}, vectors: async () => [query] } as unknown as CpuEncoder
  const input = { ids: new Uint32Array(5), attend: new Uint8Array(5), keep: new Uint32Array(5) }
  const request = { k: 100, best: 1, explain: false, alive: residents.layout.alive.view() }
  return (await residents.search(encoder, input, request)).map(({ document }) => document)
}

const onGpu = async () => new GpuBackend(await openDevice({ caps: { bindingBytes: 64 * 1024 } }))
// The runtime is for models, of which there are none here.
const inMemory = async () => new OnnxBackend({} as Runtime, 'none')

describe.skipIf(missing).each<CodecId>(['int8', 'f32'])(`snapshot %s${missing ? ` — ${missing}` : ''}`, (codec) => {
  snapshots(codec, onGpu)

  it('gives all its memory back', async () => {
    const backend = await onGpu()
    const { counts } = backend.device
    const before = counts.bytes
    const fixture = new Fixture(codec)
    await fixture.add({ d: [700, 650], e: [1] })
    const manifest = (await fixture.store.manifest())!
    const snapshot = await Snapshot.load(fixture.store, backend, fixture.codec, manifest)
    expect(snapshot.residents.bytes).toBe(counts.bytes - before)
    snapshot.destroy()
    expect(counts.bytes).toBe(before)
  })
})

describe.each<CodecId>(['int8', 'f16', 'f32'])('snapshot in memory %s', (codec) => snapshots(codec, inMemory))

function snapshots(codecId: CodecId, open: () => Promise<Backend>): void {
  let backend: Backend
  let fixture: Fixture

  beforeEach(async () => {
    backend = await open()
    fixture = new Fixture(codecId)
  })

  async function load(): Promise<Snapshot> {
    return Snapshot.load(fixture.store, backend, fixture.codec, (await fixture.store.manifest())!)
  }

  async function ranking(snapshot: Snapshot): Promise<string[]> {
    const { residents, catalog } = snapshot
    const found = await (residents instanceof GpuResidents
      ? searchGpu(residents)
      : searchCpu(residents as CpuResidents))
    return found.map((document) => catalog.entries[document].record.id)
  }

  const first = { a: [3], b: [2, 5], empty: [], c: [40, 1], zero: [0] }
  // Long ones, so that shards of 64 KiB and growing buffers come into play.
  const second = { d: [700, 650], e: [1], f: [300], g: [900] }

  it('loads segments and ranks as the vectors say', async () => {
    await fixture.add(first)
    await fixture.add(second)
    const snapshot = await load()
    expect(await ranking(snapshot)).toEqual(fixture.expected(query, ['a', 'b', 'c', 'd', 'e', 'f', 'g']))
    expect(snapshot.catalog.byId.size).toBe(9)
    expect(snapshot.catalog.passages).toBe(11)
    expect(snapshot.catalog.tokens).toBe(3 + 7 + 41 + 1350 + 1 + 300 + 900)
    const { residents } = snapshot
    if (codecId === 'f32' && residents instanceof GpuResidents) {
      expect(residents.index!.shards.length).toBeGreaterThan(1)
    }
    snapshot.destroy()
  })

  it('leaves deleted documents out, also at loading', async () => {
    await fixture.add(first)
    const snapshot = await load()
    await fixture.delete(0, 1)
    expect(await snapshot.advance(fixture.store, (await fixture.store.manifest())!)).toBe(true)
    for (const view of [snapshot, await load()]) {
      expect(await ranking(view)).toEqual(fixture.expected(query, ['a', 'c']))
      expect(view.catalog.byId.has('b')).toBe(false)
      expect(view.catalog.tokens).toBe(44)
    }
  })

  it('moves on to new segments and across a merge without loading again', async () => {
    await fixture.add(first)
    const snapshot = await load()
    await fixture.add(second)
    expect(await snapshot.advance(fixture.store, (await fixture.store.manifest())!)).toBe(true)
    await fixture.delete(1, 0)
    await fixture.merge()
    const rows = snapshot.residents.layout.passageCount
    expect(await snapshot.advance(fixture.store, (await fixture.store.manifest())!)).toBe(true)
    expect(snapshot.residents.layout.passageCount).toBe(rows)
    expect(await ranking(snapshot)).toEqual(fixture.expected(query, ['a', 'b', 'c', 'e', 'f', 'g']))
    expect(snapshot.catalog.byId.get('g')!.segment.id).toBe((await fixture.store.manifest())!.segments[0].id)
    await fixture.delete(0, 0)
    expect(await snapshot.advance(fixture.store, (await fixture.store.manifest())!)).toBe(true)
    expect(snapshot.catalog.byId.has('a')).toBe(false)
    expect(await ranking(snapshot)).toEqual(await ranking(await load()))
  })
}
