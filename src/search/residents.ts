import type { Codec } from '../codec/codec.ts'
import { type Device, STORAGE } from '../gpu/device.ts'
import { Recorder } from '../gpu/recorder.ts'
import { rowBytes, scalesOffset } from '../kernels/codes.ts'
import type { DocumentHit } from '../kernels/explain.ts'
import { Layout, type Words } from '../kernels/layout.ts'
import { planSearch, type SearchIndex, scoreIndex, searchIndex, variantsOf } from '../kernels/search.ts'
import type { EncoderInput } from '../model/encoder.ts'
import type { PassageVectors, Residents, SearchRequest } from './backend.ts'
import type { GpuBackend, LoadedEncoder } from './webgpu.ts'

/** Rows that the first shard starts with: small indexes stay small. */
const FIRST_ROWS = 4_096
/** Most queries of one submission. */
const QUERIES_AT_ONCE = 16

/** The token vectors of an index on the GPU, in shards of at most one binding, and the tables that lead to them. */
export class GpuResidents implements Residents {
  readonly layout: Layout
  readonly #shards: { data: GPUBuffer; capacity: number; slices: Table }[] = []
  readonly #starts: Table
  readonly #passages: Table
  readonly #merges: Table

  constructor(
    readonly backend: GpuBackend,
    readonly codec: Codec,
    readonly dim: number,
  ) {
    const { device } = backend
    const { bindingBytes, bufferBytes } = device.caps.limits
    this.layout = new Layout({ dim, bits: codec.bits, bindingBytes: Math.min(bindingBytes, bufferBytes) })
    this.#starts = new Table(device, this.layout.starts, 'document starts')
    this.#passages = new Table(device, this.layout.passages, 'passages')
    this.#merges = new Table(device, this.layout.merges, 'merges')
  }

  /** The index as the search kernels take it; null while it has no passage. Valid until the next `append`. */
  get index(): SearchIndex | null {
    if (this.layout.passageCount === 0) return null
    return {
      dim: this.dim,
      bits: this.codec.bits,
      layout: this.layout,
      shards: this.#shards.map(({ data, capacity, slices }) => ({ data, capacity, slices: slices.buffer! })),
      starts: this.#starts.buffer!,
      passages: this.#passages.buffer!,
      merges: this.#merges.buffer,
    }
  }

  /** Bytes of the codes and tables. */
  get bytes(): number {
    const tables = [this.#starts, this.#passages, this.#merges, ...this.#shards.map(({ slices }) => slices)]
    const held = [...tables.map(({ buffer }) => buffer), ...this.#shards.map(({ data }) => data)]
    return held.reduce((sum, buffer) => sum + (buffer?.size ?? 0), 0)
  }

  async append(documents: readonly (readonly PassageVectors[])[]): Promise<void> {
    // Passages that lie behind each other in a shard go up in one piece.
    const pieces: { shard: number; row: number; rows: number; passages: PassageVectors[] }[] = []
    for (const passages of documents) {
      this.layout.add(passages.map(({ tokens }) => tokens)).forEach(({ shard, row }, i) => {
        const { tokens } = passages[i]
        const last = pieces.at(-1)
        if (last && last.shard === shard && last.row + last.rows === row) {
          last.rows += tokens
          last.passages.push(passages[i])
        } else {
          pieces.push({ shard, row, rows: tokens, passages: [passages[i]] })
        }
      })
    }
    const { queue } = this.backend.device.gpu
    const codeBytes = this.codec.words(this.dim) * 4
    for (const { shard, row, rows, passages } of pieces) {
      const { data, capacity } = await this.#room(shard)
      if (rows === 0) continue
      queue.writeBuffer(data, row * codeBytes, join(passages, 0, rows * codeBytes))
      if (this.codec.scaled) {
        const start = scalesOffset(this.codec.bits, this.dim, capacity)
        queue.writeBuffer(data, start + row * 4, join(passages, 1, rows * 4))
      }
    }
    this.layout.balance()
    for (const table of [this.#starts, this.#passages, this.#merges]) await table.upload()
    for (const { slices } of this.#shards) await slices.upload()
  }

  /** The shard with room for all rows that the layout has put there. */
  async #room(index: number): Promise<{ data: GPUBuffer; capacity: number }> {
    const { rows, slices } = this.layout.shards[index]
    const held = this.#shards[index]
    if (!held) {
      const shard = {
        ...(await this.#allocate(index, Math.max(rows, FIRST_ROWS))),
        slices: new Table(this.backend.device, slices, 'slices'),
      }
      this.#shards[index] = shard
      return shard
    }
    if (rows <= held.capacity) return held
    const grown = await this.#allocate(index, Math.max(rows, held.capacity * 2))
    const { device } = this.backend
    const recorder = new Recorder(device)
    const codeBytes = held.capacity * this.codec.words(this.dim) * 4
    recorder.copy(held.data, 0, grown.data, 0, codeBytes)
    if (this.codec.scaled) {
      const start = scalesOffset(this.codec.bits, this.dim, grown.capacity)
      recorder.copy(held.data, codeBytes, grown.data, start, held.capacity * 4)
    }
    await recorder.submit()
    device.release(held.data)
    return Object.assign(held, grown)
  }

  async #allocate(index: number, rows: number): Promise<{ data: GPUBuffer; capacity: number }> {
    const capacity = Math.min(rows, this.layout.shardRows)
    const bytes = capacity * rowBytes(this.codec.bits, this.dim)
    return { data: await this.backend.device.allocate(bytes, `index shard ${index}`, STORAGE), capacity }
  }

  async prepare(encoder: LoadedEncoder, query: EncoderInput, request: Omit<SearchRequest, 'alive'>): Promise<void> {
    const { index } = this
    const { device } = this.backend
    const rows = query.keep.length
    const variants = index ? variantsOf(planSearch(index, { ...request, rows }, device.caps)) : []
    await Promise.all([encoder.gpu.prepare([query]), device.kernels.prepare(variants)])
  }

  async search(encoder: LoadedEncoder, query: EncoderInput, request: SearchRequest): Promise<DocumentHit[]> {
    const { index } = this
    if (!index) return []
    const { device, searching } = this.backend
    await encoder.gpu.reserve([query])
    const record = (recorder: Recorder) => encoder.gpu.record(recorder, [query]).vectors
    return searchIndex(device, searching, index, { ...request, rows: query.keep.length }, record)
  }

  async scores(
    encoder: LoadedEncoder,
    queries: readonly EncoderInput[],
    signal?: AbortSignal,
  ): Promise<Float32Array[]> {
    const { index, layout, backend } = this
    if (!index) return queries.map(() => new Float32Array())
    const rows = Math.max(...queries.map(({ keep }) => keep.length))
    const widest = Math.max(layout.passageCount, layout.slots * rows) * 4
    const fitting = Math.floor(backend.device.caps.limits.bindingBytes / widest)
    const count = Math.max(1, Math.min(QUERIES_AT_ONCE, fitting))
    const scores: Float32Array[] = []
    for (let start = 0; start < queries.length; start += count) {
      signal?.throwIfAborted()
      const some = queries.slice(start, start + count)
      const all = await this.#scores(encoder, index, some, rows)
      some.forEach((_, i) => {
        scores.push(all.slice(i * layout.passageCount, (i + 1) * layout.passageCount))
      })
    }
    return scores
  }

  async #scores(encoder: LoadedEncoder, index: SearchIndex, queries: readonly EncoderInput[], rows: number) {
    const { device, searching } = this.backend
    const rowBytes = this.dim * 4
    const padded = queries.some(({ keep }) => keep.length !== rows)
    await encoder.gpu.reserve(queries)
    if (padded) {
      const zeros = new Uint8Array(queries.length * rows * rowBytes)
      await searching.reserve({ queries: zeros.length })
      device.gpu.queue.writeBuffer(searching.get('queries'), 0, zeros)
    }
    return scoreIndex(device, searching, index, { queries: queries.length, rows }, (recorder) => {
      const { vectors, starts } = encoder.gpu.record(recorder, queries)
      if (!padded) return vectors
      const equal = searching.get('queries')
      queries.forEach(({ keep }, i) => {
        if (keep.length > 0)
          recorder.copy(vectors, starts[i] * rowBytes, equal, i * rows * rowBytes, keep.length * rowBytes)
      })
      return equal
    })
  }

  destroy(): void {
    for (const { data, slices } of this.#shards.splice(0)) {
      this.backend.device.release(data)
      slices.destroy()
    }
    for (const table of [this.#starts, this.#passages, this.#merges]) table.destroy()
  }
}

/** The GPU's copy of a growing list. */
class Table {
  buffer: GPUBuffer | null = null
  #uploaded = 0

  constructor(
    private readonly device: Device,
    private readonly words: Words,
    private readonly label: string,
  ) {}

  /** Brings the copy up to date; the list only grows. */
  async upload(): Promise<void> {
    const bytes = this.words.length * 4
    if (!this.buffer || this.buffer.size < bytes) {
      if (bytes === 0) return
      if (this.buffer) this.device.release(this.buffer)
      this.buffer = null
      this.buffer = await this.device.allocate(
        Math.min(bytes * 2, this.device.caps.limits.bufferBytes),
        this.label,
        STORAGE,
      )
      this.#uploaded = 0
    }
    if (this.#uploaded === this.words.length) return
    this.device.gpu.queue.writeBuffer(this.buffer, this.#uploaded * 4, this.words.view(this.#uploaded))
    this.#uploaded = this.words.length
  }

  destroy(): void {
    if (this.buffer) this.device.release(this.buffer)
    this.buffer = null
  }
}

function join(passages: readonly PassageVectors[], run: number, bytes: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(bytes)
  let at = 0
  for (const { codes } of passages) {
    joined.set(codes[run], at)
    at += codes[run].length
  }
  return joined
}
