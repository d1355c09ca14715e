import { check, MaxsiftError } from '../errors.ts'
import type { Recorder } from '../gpu/recorder.ts'
import type { DocumentHit } from '../kernels/explain.ts'
import { planSearch, searchIndex, variantsOf } from '../kernels/search.ts'
import { type EncodedText, encodeText } from '../text/encode.ts'
import type { Entry } from './catalog.ts'
import { type EncodedPassage, explain, highlights, rowKinds } from './explain.ts'
import { compileFilter } from './filter.ts'
import type { LiveIndex } from './live-index.ts'
import { passageText } from './prepare.ts'
import type { Snapshot } from './snapshot.ts'
import type { Explanation, Hit, PassageHit, SearchOptions, SearchResult } from './types.ts'
import { Workspace } from './workspace.ts'

type Options = Omit<SearchOptions, 'signal'>

/** The reading side of an index. */
export class Searcher {
  readonly #workspace = new Workspace('search')

  constructor(private readonly index: LiveIndex) {}

  /** Compiles the kernels of a search ahead of the first one. */
  async warm(signal: AbortSignal): Promise<void> {
    const { accelerator, model } = this.index.options
    await accelerator.use(async (device) => {
      const query = encodeText(model.tokenizer, model.spec.query, '')
      const { index } = (await this.index.snapshot(device, { signal })).residents
      const request = { rows: query.keep.length, k: 10, best: 1, explain: true }
      const search = index ? variantsOf(planSearch(index, request, device.caps)) : []
      await Promise.all([(await model.encoder(device)).prepare([query]), device.kernels.prepare(search)])
    }, signal)
  }

  async search(text: string, options: Options, signal: AbortSignal): Promise<SearchResult> {
    const started = performance.now()
    const { limit = 10, offset = 0, passages = 1 } = options
    check(typeof text === 'string', 'The query must be a string')
    check(Number.isSafeInteger(limit) && limit >= 0, '`limit` must be a whole number from 0')
    check(Number.isSafeInteger(offset) && offset >= 0, '`offset` must be a whole number from 0')
    check(Number.isInteger(passages) && passages >= 1 && passages <= 8, '`passages` must be a whole number from 1 to 8')
    const found = await this.#retrying(() => this.#search(text, { ...options, limit, offset, passages }, signal))
    return { ...found, elapsed: performance.now() - started, mode: 'semantic', backend: 'webgpu' }
  }

  /** A merge in another tab may take a text away under a search; on the next generation it is found again. */
  async #retrying<Result>(search: () => Promise<Result>): Promise<Result> {
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

  async #search(
    text: string,
    options: Options & { limit: number; offset: number; passages: number },
    signal: AbortSignal,
  ): Promise<Pick<SearchResult, 'hits' | 'total'>> {
    const { accelerator, model } = this.index.options
    const selects = selection(options)
    return accelerator.use(async (device) => {
      const encoder = await model.encoder(device)
      const query = encodeText(model.tokenizer, model.spec.query, text)
      check(query.keep.length <= 512, `The query has ${query.keep.length} tokens; at most 512 are possible.`)
      const k = options.limit === 0 || text.trim() === '' ? 0 : options.offset + options.limit
      const run = async () => {
        // The index may have moved on, or be loading, while this search waited for its turn: then it waits again.
        const snapshot = this.index.loaded
        if (snapshot?.residents.device !== device) return null
        const { alive, total } = selects(snapshot)
        const { index } = snapshot.residents
        if (k === 0 || total === 0 || !index) return { snapshot, total, found: [] }
        await encoder.reserve([query])
        const request = { rows: query.keep.length, k, best: options.passages, explain: true, alive, signal }
        const record = (recorder: Recorder) => encoder.record(recorder, [query]).vectors
        return { snapshot, total, found: await searchIndex(device, this.#workspace.on(device), index, request, record) }
      }
      let ran: Awaited<ReturnType<typeof run>> = null
      while (!ran) {
        await this.index.snapshot(device, { signal })
        ran = await accelerator.turn(true, run, signal)
      }
      const kinds = rowKinds(query, model.spec.query.expansion?.token)
      const hits: Hit[] = []
      for (const hit of ran.found.slice(options.offset)) {
        signal.throwIfAborted()
        hits.push(await this.#hit(ran.snapshot, hit, query, kinds, options.explain ?? false, signal))
      }
      return { hits, total: ran.total }
    }, signal)
  }

  async #hit(
    snapshot: Snapshot,
    found: DocumentHit,
    query: EncodedText,
    kinds: Explanation['kind'][],
    explained: boolean,
    signal: AbortSignal,
  ): Promise<Hit> {
    const { tokenizer } = this.index.options.model
    const entry = snapshot.catalog.entries[found.document]
    const { record } = entry
    const passages: PassageHit[] = []
    let explanation: Explanation[] | undefined
    for (const match of found.passages) {
      const passage = await this.#passage(snapshot, entry, match.passage, signal)
      const { encoded, ...place } = passage
      if (explained) explanation ??= explain(tokenizer, query, kinds, encoded, match)
      passages.push({ ...place, score: match.score, highlights: highlights(tokenizer, kinds, encoded, match) })
    }
    const hit: Hit = {
      id: record.id,
      score: found.score,
      relevance: found.score / query.keep.length,
      passage: passages[0],
      passages,
    }
    if (record.title !== undefined) hit.title = record.title
    if (record.url !== undefined) hit.url = record.url
    if (record.meta !== undefined) hit.meta = record.meta
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
    const section = record.sections?.findLast((candidate) => candidate.start <= start)
    const place: Pick<PassageHit, 'text' | 'start' | 'end' | 'heading' | 'anchor'> = { text, start, end }
    if (section?.heading !== undefined) place.heading = section.heading
    if (section?.anchor !== undefined) place.anchor = section.anchor
    return { ...place, encoded }
  }

  close(): void {
    this.#workspace.close()
  }
}

/** Which documents may be found: a bit each, and their number. */
function selection({
  filter,
  ids,
}: Options): (snapshot: Snapshot) => { alive: Uint32Array<ArrayBuffer>; total: number } {
  if (filter === undefined && ids === undefined) {
    return ({ catalog, residents }) => ({ alive: residents.layout.alive.view(), total: catalog.byId.size })
  }
  const passes = filter === undefined ? () => true : compileFilter(filter)
  return ({ catalog, residents }) => {
    const alive = new Uint32Array(residents.layout.alive.length)
    const candidates = ids === undefined ? catalog.byId.values() : new Set(ids.map((id) => catalog.byId.get(id)))
    let total = 0
    for (const entry of candidates) {
      if (!entry || !passes(entry.record.meta)) continue
      alive[entry.ordinal >>> 5] |= 1 << (entry.ordinal & 31)
      total += 1
    }
    return { alive, total }
  }
}
