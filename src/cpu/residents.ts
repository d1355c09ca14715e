import type { Codec } from '../codec/codec.ts'
import type { DocumentHit, PassageHit } from '../kernels/explain.ts'
import { Layout } from '../kernels/layout.ts'
import { NONE } from '../kernels/maxsim.ts'
import { selectTopK } from '../kernels/topk.ts'
import type { EncoderInput } from '../model/encoder.ts'
import type { Backend, Encoder, PassageVectors, Residents, SearchRequest } from '../search/backend.ts'
import { errorOf, estimate, type Multiplier } from './estimate.ts'
import { bestTokens, type PackedQuery, packQuery, score } from './maxsim.ts'
import { TokenVectors } from './token-vectors.ts'

/** A shard grows by copying itself; beyond this a new one begins. */
const SHARD_BYTES = 1 << 26
/** Rows that a shard starts with: small indexes stay small. */
const FIRST_ROWS = 4_096
/** Below so many token vectors an estimate would not pay. */
const FEW_ROWS = 4_096
/** A search lets others have the thread after this long, so that it can be aborted. */
const SLICE_MS = 50

/** An encoder whose token vectors come out in memory. */
export interface CpuEncoder extends Encoder {
  /** (kept rows, dim) f32 of each input. */
  vectors(inputs: readonly EncoderInput[]): Promise<Float32Array[]>
}

/** The token vectors of an index in memory, and MaxSim over them on the CPU. Tables and order are those of the GPU. */
export class CpuResidents implements Residents {
  readonly layout: Layout
  readonly #shards: TokenVectors[] = []

  constructor(
    readonly backend: Backend,
    private readonly codec: Codec,
    private readonly dim: number,
    private readonly multiplier: Multiplier | null = null,
    shardBytes = SHARD_BYTES,
  ) {
    // Slices are for workgroups: here a passage is scored in one go.
    this.layout = new Layout({ dim, bits: codec.bits, bindingBytes: shardBytes, sliceRows: Number.MAX_SAFE_INTEGER })
  }

  get bytes(): number {
    return this.#shards.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  async append(documents: readonly (readonly PassageVectors[])[]): Promise<void> {
    for (const passages of documents) {
      const places = this.layout.add(passages.map(({ tokens }) => tokens))
      for (const [i, { shard, row }] of places.entries()) this.#room(shard).set(row, passages[i].codes)
    }
  }

  /** The shard with room for all rows that the layout has put there. */
  #room(index: number): TokenVectors {
    const { rows } = this.layout.shards[index]
    const held = this.#shards[index]
    if (held && rows <= held.capacity) return held
    const wanted = Math.min(this.layout.shardRows, Math.max(rows, held ? held.capacity * 2 : FIRST_ROWS))
    if (held) held.grow(wanted)
    else this.#shards[index] = new TokenVectors(this.codec, this.dim, wanted)
    return this.#shards[index]
  }

  /** There is nothing to compile. */
  async prepare(): Promise<void> {}

  async search(encoder: CpuEncoder, input: EncoderInput, request: SearchRequest): Promise<DocumentHit[]> {
    if (this.layout.passageCount === 0) return []
    const [vectors] = await encoder.vectors([input])
    request.signal?.throwIfAborted()
    const query = packQuery(vectors, this.dim)
    // The bound of an estimate holds for vectors of length 1.
    const alive = encoder.spec.unnormalized ? request.alive : await this.#candidates(vectors, request)
    const scores = await this.#scores(query, { ...request, alive })
    const best = selectTopK(scores, this.layout.starts.view(), alive, request.k)
    return Array.from(best.documents, (document, i) => ({
      document,
      score: best.scores[i],
      passages: this.#passages(query, scores, document, request),
    }))
  }

  async scores(encoder: CpuEncoder, queries: readonly EncoderInput[], signal?: AbortSignal): Promise<Float32Array[]> {
    const alive = this.layout.alive.view()
    const scores: Float32Array[] = []
    for (const vectors of await encoder.vectors(queries)) {
      signal?.throwIfAborted()
      scores.push(await this.#scores(packQuery(vectors, this.dim), { alive, signal }))
    }
    return scores
  }

  /** The documents that can be among the `k` best, a bit each: where there are many, by an estimate of all scores. */
  async #candidates(query: Float32Array, { alive, k, signal }: SearchRequest): Promise<Uint32Array<ArrayBuffer>> {
    const { layout, multiplier, dim } = this
    if (!multiplier || k >= layout.documentCount || this.#rowsOf(alive) <= FEW_ROWS) return alive
    const shape = { rows: query.length / dim, dim }
    const scores = await estimate(layout, this.#shards, multiplier(query, dim), shape, alive, signal)
    const last = selectTopK(scores, layout.starts.view(), alive, k).scores.at(-1) ?? NONE
    // Whoever is estimated lower than this is below the last of the best even if both are off by the most.
    const least = last - 2 * errorOf(query, dim)
    const candidates = new Uint32Array(alive.length)
    for (let document = 0; document < layout.documentCount; document++) {
      for (let passage = layout.starts.at(document); passage < layout.starts.at(document + 1); passage++) {
        if (scores[passage] > NONE && scores[passage] >= least) candidates[document >>> 5] |= 1 << (document & 31)
      }
    }
    return candidates
  }

  /** Token vectors of living documents. */
  #rowsOf(alive: Uint32Array): number {
    const { starts, passages, documentCount } = this.layout
    let rows = 0
    for (let document = 0; document < documentCount; document++) {
      if (((alive[document >>> 5] >>> (document & 31)) & 1) === 0) continue
      for (let p = starts.at(document); p < starts.at(document + 1); p++) rows += passages.at(2 * p + 1)
    }
    return rows
  }

  /** Of every passage; those of documents that may not be found are left at `NONE`. */
  async #scores(query: PackedQuery, { alive, signal }: Pick<SearchRequest, 'alive' | 'signal'>): Promise<Float32Array> {
    const { layout } = this
    const scores = new Float32Array(layout.passageCount).fill(NONE)
    let deadline = performance.now() + SLICE_MS
    for (let document = 0; document < layout.documentCount; document++) {
      if (((alive[document >>> 5] >>> (document & 31)) & 1) === 0) continue
      for (let passage = layout.starts.at(document); passage < layout.starts.at(document + 1); passage++) {
        const { values, scales, from, to } = this.#passage(passage)
        if (from < to) scores[passage] = score(query, values, scales, from, to)
      }
      if (performance.now() < deadline) continue
      await new Promise((resolve) => setTimeout(resolve))
      signal?.throwIfAborted()
      deadline = performance.now() + SLICE_MS
    }
    return scores
  }

  /** The best passages of a document: score descending, then as they come. */
  #passages(query: PackedQuery, scores: Float32Array, document: number, request: SearchRequest): PassageHit[] {
    const { starts } = this.layout
    const [start, end] = [starts.at(document), starts.at(document + 1)]
    return Array.from({ length: end - start }, (_, i) => start + i)
      .filter((passage) => scores[passage] > NONE)
      .sort((a, b) => scores[b] - scores[a] || a - b)
      .slice(0, request.best)
      .map((passage) => {
        const { values, scales, from, to } = this.#passage(passage)
        const explained = request.explain
          ? bestTokens(query, values, scales, from, to)
          : { tokens: new Uint32Array(), similarities: new Float32Array() }
        return { passage, score: scores[passage], ...explained }
      })
  }

  #passage(passage: number) {
    const { passages, shards } = this.layout
    // Few shards, and passages mostly come in order: the last one that begins before it is soon found.
    const shard = shards.findLastIndex(({ firstPassage }) => firstPassage <= passage)
    const { values, scales } = this.#shards[shard]
    const from = passages.at(2 * passage)
    return { values, scales, from, to: from + passages.at(2 * passage + 1) }
  }

  destroy(): void {
    this.#shards.length = 0
  }
}
