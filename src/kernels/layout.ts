import { MaxsiftError } from '../errors.ts'
import { type CodeBits, rowBytes } from './codes.ts'
import { PARTIAL } from './maxsim.ts'

/** A list of 32-bit unsigned integers that grows; `view` is what goes to the GPU. */
export class Words {
  #values = new Uint32Array(64)
  length = 0

  push(...values: number[]): void {
    if (this.length + values.length > this.#values.length) {
      const grown = new Uint32Array(Math.max(this.#values.length * 2, this.length + values.length))
      grown.set(this.#values)
      this.#values = grown
    }
    this.#values.set(values, this.length)
    this.length += values.length
  }

  at(index: number): number {
    return this.#values[index]
  }

  set(index: number, value: number): void {
    this.#values[index] = value
  }

  /** Orders records of `width` words, from word `start` on, by their word `key`, highest first. */
  sort(start: number, width: number, key: number): void {
    const old = this.#values.slice(start, this.length)
    const order = Uint32Array.from({ length: old.length / width }, (_, record) => record)
    order.sort((a, b) => old[b * width + key] - old[a * width + key] || a - b)
    order.forEach((record, place) => {
      this.#values.set(old.subarray(record * width, (record + 1) * width), start + place * width)
    })
  }

  /** The words from `start` on, without a copy. Valid until the next `push`. */
  view(start = 0): Uint32Array<ArrayBuffer> {
    return this.#values.subarray(start, this.length)
  }
}

/** One buffer of codes: passages `firstPassage` … `firstPassage + passages − 1`, in order. */
export interface Shard {
  firstPassage: number
  passages: number
  /** Token vectors in it. */
  rows: number
  /** Work items of MaxSim, 4 words each: { row, rows, target, document }. */
  readonly slices: Words
  /** Words of `slices` that are in their order for good. */
  balanced: number
}

/** Where a passage's token vectors go. */
export interface Place {
  shard: number
  row: number
}

export interface LayoutOptions {
  dim: number
  bits: CodeBits
  /** Largest storage binding: no shard, codes and scales together, exceeds it. */
  bindingBytes: number
  /** Longest run of token vectors that one workgroup scores. */
  sliceRows?: number
}

/**
 * The tables by which the search kernels find their way: documents → passages → token vectors, as arrays that only
 * grow. A document's ordinal is the order of insertion; its passages are consecutive. A passage lies in one shard and,
 * when long, is cut into slices. Nothing is ever removed: a deleted document loses its bit of `alive`.
 */
export class Layout {
  readonly shards: Shard[] = []
  /** First passage of each document, and the end: documents + 1 words. */
  readonly starts = new Words()
  /** { row in its shard, rows } of each passage. */
  readonly passages = new Words()
  /** { first slot, slots, passage, document } of each sliced passage. */
  readonly merges = new Words()
  /** One bit a document. */
  readonly alive = new Words()
  /** Slots of partial maxima, all sliced passages together. */
  slots = 0
  /** Most rows that a shard can have. */
  readonly shardRows: number
  readonly #sliceRows: number

  constructor({ dim, bits, bindingBytes, sliceRows = 512 }: LayoutOptions) {
    this.shardRows = Math.floor(bindingBytes / rowBytes(bits, dim))
    this.#sliceRows = sliceRows
    this.starts.push(0)
  }

  get documentCount(): number {
    return this.starts.length - 1
  }

  get passageCount(): number {
    return this.passages.length / 2
  }

  /**
   * Appends a document, alive.
   * @param passageRows Token vectors of each passage; 0 is allowed and never found.
   * @throws MaxsiftError `OUT_OF_MEMORY` when one passage exceeds a shard; nothing was appended then.
   */
  add(passageRows: readonly number[]): Place[] {
    const longest = Math.max(0, ...passageRows)
    if (longest > this.shardRows) {
      throw new MaxsiftError(
        'OUT_OF_MEMORY',
        `A passage has ${longest} token vectors; a binding of this GPU holds ${this.shardRows}.`,
      )
    }
    const document = this.documentCount
    const places = passageRows.map((rows) => this.#addPassage(document, rows))
    this.starts.push(this.passageCount)
    if (document % 32 === 0) this.alive.push(0)
    this.setAlive(document, true)
    return places
  }

  /**
   * Puts the work items that were added since the last call in order, the longest first: what runs side by side then
   * ends together. On a software adapter lanes of a subgroup wait for the longest passage among theirs.
   */
  balance(): void {
    for (const shard of this.shards) {
      shard.slices.sort(shard.balanced, 4, 1)
      shard.balanced = shard.slices.length
    }
  }

  isAlive(document: number): boolean {
    return ((this.alive.at(document >>> 5) >>> (document & 31)) & 1) === 1
  }

  setAlive(document: number, alive: boolean): void {
    const word = this.alive.at(document >>> 5)
    const bit = 1 << (document & 31)
    this.alive.set(document >>> 5, (alive ? word | bit : word & ~bit) >>> 0)
  }

  #addPassage(document: number, rows: number): Place {
    const passage = this.passageCount
    const shard = this.#shardFor(rows)
    const row = shard.rows
    const slices = Math.ceil(rows / this.#sliceRows)
    if (slices <= 1) {
      shard.slices.push(row, rows, passage, document)
    } else {
      this.merges.push(this.slots, slices, passage, document)
      for (let start = 0; start < rows; start += this.#sliceRows) {
        const length = Math.min(this.#sliceRows, rows - start)
        shard.slices.push(row + start, length, PARTIAL + this.slots++, document)
      }
    }
    shard.rows += rows
    shard.passages += 1
    this.passages.push(row, rows)
    return { shard: this.shards.length - 1, row }
  }

  /** The last shard, or a new one when it has no room. Its work list has a limit too: empty passages have no rows. */
  #shardFor(rows: number): Shard {
    const last = this.shards.at(-1)
    if (last && last.rows + rows <= this.shardRows && last.passages < this.shardRows) return last
    const shard = { firstPassage: this.passageCount, passages: 0, rows: 0, slices: new Words(), balanced: 0 }
    this.shards.push(shard)
    return shard
  }
}
