import type { Codec } from '../codec/codec.ts'
import { type Device, STORAGE } from '../gpu/device.ts'
import { Recorder } from '../gpu/recorder.ts'
import { rowBytes, scalesOffset } from '../kernels/codes.ts'
import { Layout, type Words } from '../kernels/layout.ts'
import type { SearchIndex } from '../kernels/search.ts'

/** Rows that the first shard starts with: small indexes stay small. */
const FIRST_ROWS = 4_096

/** The codes of a passage as the store keeps them: one run of values, and one of scales where the codec has them. */
export interface PassageVectors {
  tokens: number
  codes: readonly Uint8Array[]
}

/**
 * The token vectors of an index on the GPU, in shards of at most one binding, and the tables that lead to them.
 * Documents are only appended; which of them count is a bit a document in `layout.alive`.
 */
export class Residents {
  readonly layout: Layout
  readonly #shards: { data: GPUBuffer; capacity: number; slices: Table }[] = []
  readonly #starts: Table
  readonly #passages: Table
  readonly #merges: Table

  constructor(
    readonly device: Device,
    readonly codec: Codec,
    readonly dim: number,
  ) {
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

  /**
   * Appends documents, alive.
   * @throws MaxsiftError `OUT_OF_MEMORY`, `DEVICE_LOST`.
   */
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
    const { queue } = this.device.gpu
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
        slices: new Table(this.device, slices, 'slices'),
      }
      this.#shards[index] = shard
      return shard
    }
    if (rows <= held.capacity) return held
    const grown = await this.#allocate(index, Math.max(rows, held.capacity * 2))
    const recorder = new Recorder(this.device)
    const codeBytes = held.capacity * this.codec.words(this.dim) * 4
    recorder.copy(held.data, 0, grown.data, 0, codeBytes)
    if (this.codec.scaled) {
      const start = scalesOffset(this.codec.bits, this.dim, grown.capacity)
      recorder.copy(held.data, codeBytes, grown.data, start, held.capacity * 4)
    }
    await recorder.submit()
    this.device.release(held.data)
    return Object.assign(held, grown)
  }

  async #allocate(index: number, rows: number): Promise<{ data: GPUBuffer; capacity: number }> {
    const capacity = Math.min(rows, this.layout.shardRows)
    const bytes = capacity * rowBytes(this.codec.bits, this.dim)
    return { data: await this.device.allocate(bytes, `index shard ${index}`, STORAGE), capacity }
  }

  destroy(): void {
    for (const { data, slices } of this.#shards.splice(0)) {
      this.device.release(data)
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
