import { type Codec, type CodecId, codecOf } from '../../src/codec/codec.ts'
import { scalesOffset } from '../../src/kernels/codes.ts'
import { Layout } from '../../src/kernels/layout.ts'
import { random } from './harness.ts'

/** A small index as the GPU holds it, and the decoded token vectors that its codes stand for. */
export interface Fixture {
  codec: Codec
  dim: number
  layout: Layout
  /** Contents of each shard, and the rows it has room for. */
  shards: { data: Uint32Array; capacity: number }[]
  /** Token vectors of each passage, as the codes decode. */
  passages: Float32Array[]
}

export interface FixtureOptions {
  dim: number
  codec: CodecId
  /** Of every document, the number of token vectors of its passages. */
  documents: readonly (readonly number[])[]
  bindingBytes?: number
  sliceRows?: number
  seed?: number
  /** Token vectors of one passage; seeded and near unit length when absent. */
  vectors?: (rows: number) => Float32Array
}

/** Encodes documents with the CPU codec and lays them out. */
export function makeFixture(options: FixtureOptions): Fixture {
  const { dim, documents, bindingBytes = 1 << 27, sliceRows, seed = 1 } = options
  const values = random(seed)
  const vectors = options.vectors ?? ((rows: number) => values(rows * dim, 1 / Math.sqrt(dim)))
  const codec = codecOf({ id: options.codec })
  const layout = new Layout({ dim, bits: codec.bits, bindingBytes, sliceRows })
  const parts: { shard: number; row: number; encoded: ReturnType<Codec['encode']> }[] = []
  const passages: Float32Array[] = []
  for (const rows of documents) {
    layout.add(rows).forEach(({ shard, row }, i) => {
      const encoded = codec.encode(vectors(rows[i]), dim)
      parts.push({ shard, row, encoded })
      passages.push(codec.decode(encoded, dim))
    })
  }
  const shards = layout.shards.map(({ rows }) => {
    // Room to spare, so that scales do not lie where a kernel that confuses rows and capacity would look.
    const capacity = Math.min(layout.shardRows, rows + 3)
    return { data: new Uint32Array(Math.max(4, (capacity * codec.bytes(dim)) / 4)), capacity }
  })
  for (const { shard, row, encoded } of parts) {
    const { data, capacity } = shards[shard]
    data.set(encoded.codes, row * codec.words(dim))
    if (codec.scaled)
      data.set(new Uint32Array(encoded.scales.buffer), scalesOffset(codec.bits, dim, capacity) / 4 + row)
  }
  return { codec, dim, layout, shards, passages }
}
