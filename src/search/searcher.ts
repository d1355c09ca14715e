import { check, MaxsiftError } from '../errors.ts'
import type { DocumentHit } from '../kernels/explain.ts'
import { type EncodedText, encodeText } from '../text/encode.ts'
import type { Entry } from './catalog.ts'
import { type EncodedPassage, explain, highlights, rowKinds } from './explain.ts'
import { compileFilter } from './filter.ts'
import { contentOf, documentOf, entryOf, sectionAt } from './hits.ts'
import type { LiveIndex } from './live-index.ts'
import { passageText } from './prepare.ts'
import type { Snapshot } from './snapshot.ts'
import type { BackendId, DocumentContent, DocumentEntry, Explanation, Hit, PassageHit, SearchOptions } from './types.ts'

/** The documents that a query finds by its token vectors, and all that it takes to make hits of them. */
export interface Ranked {
  found: DocumentHit[]
  /** Documents that the filter lets through. */
  total: number
  backend: BackendId
  snapshot: Snapshot
  query: EncodedText
  kinds: Explanation['kind'][]
}

export interface RankOptions extends Pick<SearchOptions, 'filter'> {
  ids?: Iterable<string>
  /** At most so many documents. */
  k: number
  /** At most so many passages of each. */
  passages: number
}

/** With 32 query rows of 96 numbers, some seconds of WebAssembly. */
const MANY_TOKENS = 1_000_000

/** The reading side of an index that is searched by token vectors. */
export class Searcher {
  constructor(private readonly index: LiveIndex) {}

  /** Compiles the kernels of a search ahead of the first one. */
  async warm(signal: AbortSignal): Promise<void> {
    const { accelerator, model } = this.index.options
    await accelerator.use(async (backend) => {
      const query = encodeText(model.tokenizer, model.spec.query, '')
      const { residents } = await this.index.snapshot(backend, { signal })
      await residents.prepare(await model.encoder(backend), query, { k: 10, best: 1, explain: true })
    }, signal)
  }

  /** Whether comparing all token vectors would keep a person waiting: on the CPU, where there are many. */
  get isSlow(): boolean {
    const { residents, catalog } = this.index.loaded ?? {}
    return residents?.backend.id === 'onnx' && catalog!.tokens > MANY_TOKENS
  }

  /** A document with its text, or null. @throws MaxsiftError `STORE_CORRUPT` */
  async get(id: string, signal: AbortSignal): Promise<DocumentContent | null> {
    return this.retrying(async () => {
      const { catalog } = await this.#loaded(signal)
      const entry = catalog.byId.get(id)
      if (!entry) return null
      return contentOf(entry.record, await catalog.text(this.index.options.store, entry, 0, entry.record.units, signal))
    })
  }

  /** All documents, in the order in which they were added. */
  async documents(signal: AbortSignal): Promise<DocumentEntry[]> {
    return [...(await this.#loaded(signal)).catalog.byId.values()].map(({ record }) => entryOf(record))
  }

  /** What is loaded; after a loss of the device, loaded again. */
  async #loaded(signal: AbortSignal): Promise<Snapshot> {
    const { accelerator } = this.index.options
    return this.index.loaded ?? accelerator.use((backend) => this.index.snapshot(backend, { signal }), signal)
  }

  /** A merge in another tab may take a text away under a search; on the next generation it is found again. */
  async retrying<Result>(search: () => Promise<Result>): Promise<Result> {
    try {
      return await search()
    } catch (error) {
      if (!(error instanceof MaxsiftError && error.code === 'STORE_CORRUPT')) throw error
      const { generation } = this.index.manifest
      await this.index.refresh()
      if (this.index.manifest.generation === generation) throw error
      return search()
    }
  }

  /** Exhaustive MaxSim: documents by score, then in the order of insertion. */
  async rank(text: string, { k, passages, ...options }: RankOptions, signal: AbortSignal): Promise<Ranked> {
    const { accelerator, model } = this.index.options
    const selects = selection(options)
    return accelerator.use(async (backend) => {
      const encoder = await model.encoder(backend)
      const query = encodeText(model.tokenizer, model.spec.query, text)
      check(query.keep.length <= 512, `The query has ${query.keep.length} tokens; at most 512 are possible.`)
      const run = async () => {
        // The index may have moved on, or be loading, while this search waited for its turn: then it waits again.
        const snapshot = this.index.loaded
        if (snapshot?.residents.backend !== backend) return null
        const { alive, total } = selects(snapshot)
        if (k === 0 || total === 0) return { snapshot, total, found: [] }
        const request = { k, best: passages, explain: true, alive, signal }
        return { snapshot, total, found: await snapshot.residents.search(encoder, query, request) }
      }
      let ran: Awaited<ReturnType<typeof run>> = null
      while (!ran) {
        await this.index.snapshot(backend, { signal })
        ran = await accelerator.turn(true, run, signal)
      }
      return { ...ran, query, kinds: rowKinds(query, model.spec.query.expansion?.token), backend: backend.id }
    }, signal)
  }

  /** What a caller gets of a document that was found. @throws MaxsiftError `STORE_CORRUPT` */
  async hit({ snapshot, query, kinds }: Ranked, found: DocumentHit, explained: boolean, signal: AbortSignal) {
    const { tokenizer } = this.index.options.model
    const entry = snapshot.catalog.entries[found.document]
    const passages: PassageHit[] = []
    let explanation: Explanation[] | undefined
    for (const match of found.passages) {
      signal.throwIfAborted()
      const passage = await this.#passage(snapshot, entry, match.passage, signal)
      const { encoded, ...place } = passage
      if (explained) explanation ??= explain(tokenizer, query, kinds, encoded, match)
      passages.push({ ...place, score: match.score, highlights: highlights(tokenizer, kinds, encoded, match) })
    }
    const { score } = found
    const relevance = score / query.keep.length
    const hit: Hit = { ...documentOf(entry.record), score, relevance, passage: passages[0], passages }
    if (explanation) hit.explain = explanation
    return hit
  }

  async #passage(snapshot: Snapshot, entry: Entry, passage: number, signal: AbortSignal) {
    const { store, model } = this.index.options
    const { record } = entry
    const { start, end } = snapshot.catalog.range(passage)
    const text = await snapshot.catalog.text(store, entry, start, end, signal)
    const input = encodeText(model.tokenizer, model.spec.document, passageText(record.title, text))
    const encoded: EncodedPassage = { title: record.title, text, input }
    return { text, start, end, ...sectionAt(record, start), encoded }
  }
}

/** Which documents may be found: a bit each, and their number. */
function selection({
  filter,
  ids,
}: Pick<RankOptions, 'filter' | 'ids'>): (snapshot: Snapshot) => { alive: Uint32Array<ArrayBuffer>; total: number } {
  if (filter === undefined && ids === undefined) {
    return ({ catalog, residents }) => ({ alive: residents.layout.alive.view(), total: catalog.byId.size })
  }
  const passes = filter === undefined ? () => true : compileFilter(filter)
  return ({ catalog, residents }) => {
    const alive = new Uint32Array(residents.layout.alive.length)
    const candidates =
      ids === undefined ? catalog.byId.values() : new Set(Array.from(ids, (id) => catalog.byId.get(id)))
    let total = 0
    for (const entry of candidates) {
      if (!entry || !passes(entry.record.meta)) continue
      alive[entry.ordinal >>> 5] |= 1 << (entry.ordinal & 31)
      total += 1
    }
    return { alive, total }
  }
}
