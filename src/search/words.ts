/** Search by words, and by words and meaning together: what of searching needs no model, as code that is loaded on demand. */
import { FUSED, FUSION, fuse, quotedFilter, type RankedDocument } from '../lexical/index.ts'
import type { Manifest } from '../store/manifest.ts'
import type { Store } from '../store/store.ts'
import type { Directory, Place } from './directory.ts'
import { compileFilter } from './filter.ts'
import { contentOf, entryOf } from './hits.ts'
import { LexicalSearch } from './lexical.ts'
import type { Found, Wanted } from './search.ts'
import type { Ranked, Searcher } from './searcher.ts'
import type { DocumentContent, DocumentEntry, Hit } from './types.ts'

/** Documents that are compared by meaning where comparing all would take long. */
const CANDIDATES = 1_000

export class WordSearch {
  readonly #lexical: LexicalSearch

  /** @param manifest The present one. */
  constructor(store: Store, manifest: (signal?: AbortSignal) => Promise<Manifest | null>) {
    this.#lexical = new LexicalSearch(store, manifest)
  }

  /** Whether all that is to be searched has been loaded once; from then on it follows the index step by step. */
  get ready(): boolean {
    return this.#lexical.ready
  }

  /** Loads what is to be searched. @throws MaxsiftError `STORE_CORRUPT` */
  load(signal?: AbortSignal): Promise<void> {
    return this.#lexical.use(() => {}, signal)
  }

  search(text: string, wanted: Wanted, signal: AbortSignal): Promise<Found> {
    return this.#lexical.use(async (directory) => {
      const { accept, total } = selection(directory, wanted)
      const ranked = this.#lexical.rank(text, directory, { depth: wanted.depth, accept })
      const hits: Hit[] = []
      for (const each of ranked.slice(wanted.offset))
        hits.push(await this.#lexical.hit(text, directory, each, wanted, signal))
      return { hits, total, backend: null, exhaustive: true }
    }, signal)
  }

  /**
   * Both rankings as one; what stands in quotation marks must be in the document. Where an exhaustive search would take
   * long, only the best by words are compared by meaning.
   */
  hybrid(searcher: Searcher, text: string, wanted: Wanted, signal: AbortSignal): Promise<Found> {
    return this.#lexical.use(async (directory) => {
      const { filter, passages, explain = false } = wanted
      const { accept, total } = selection(directory, wanted)
      const depth = wanted.depth && Math.max(FUSED, wanted.depth)
      const quoted = quotedFilter(text) !== null
      const candidates = searcher.isSlow && depth > 0 ? Math.max(CANDIDATES, depth) : undefined
      // Nothing else has what is quoted.
      const most = quoted ? directory.byId.size : (candidates ?? depth)
      const words = this.#lexical.rank(text, directory, { depth: most, accept })
      // Few words in common say little: then all are compared, however long that takes.
      const narrowed = candidates !== undefined && words.length >= depth
      const best = narrowed ? words.slice(0, candidates) : words
      const ids = quoted || narrowed ? best.map(({ document }) => document.record.id) : wanted.ids
      const meaning = await searcher.rank(text, { filter, ids, k: depth, passages }, signal)
      const both = new Both(meaning, words.slice(0, depth))
      const hits: Hit[] = []
      for (const { ordinal, score } of fuse(FUSION, both.meaning, both.words, wanted.depth).slice(wanted.offset)) {
        const found = both.found(ordinal)
        const hit = found.meaning
          ? await searcher.hit(meaning, found.meaning, explain, signal)
          : await this.#lexical.hit(text, directory, found.words!, wanted, signal)
        hits.push({ ...hit, fusion: { score, semantic: found.meaning?.score, lexical: found.words?.score } })
      }
      return { hits, total, backend: meaning.backend, exhaustive: !narrowed }
    }, signal)
  }

  /** A document with its text, or null. @throws MaxsiftError `STORE_CORRUPT` */
  get(id: string, signal: AbortSignal): Promise<DocumentContent | null> {
    return this.#lexical.use(async (directory) => {
      const place = directory.byId.get(id)
      return place ? contentOf(place.record, await directory.text(place, 0, place.record.units, signal)) : null
    }, signal)
  }

  /** All documents, in the order in which they were added. */
  documents(signal: AbortSignal): Promise<DocumentEntry[]> {
    return this.#lexical.use(({ byId }) => Array.from(byId.values(), ({ record }) => entryOf(record)), signal)
  }
}

/** Two rankings of documents, which they know by different numbers. */
class Both {
  readonly #ordinals = new Map<string, number>()
  readonly meaning
  readonly words

  constructor(
    private readonly ranked: Ranked,
    private readonly lexical: readonly RankedDocument<Place>[],
  ) {
    this.meaning = ranked.found.map(({ document, score }) => ({
      ordinal: this.#ordinal(ranked.snapshot.catalog.entries[document].record.id),
      score,
    }))
    this.words = lexical.map(({ document, score }) => ({ ordinal: this.#ordinal(document.record.id), score }))
  }

  #ordinal(id: string): number {
    const known = this.#ordinals.get(id) ?? this.#ordinals.size
    this.#ordinals.set(id, known)
    return known
  }

  found(ordinal: number) {
    const at = ({ ordinal: each }: { ordinal: number }) => each === ordinal
    return { meaning: this.ranked.found[this.meaning.findIndex(at)], words: this.lexical[this.words.findIndex(at)] }
  }
}

/** Which documents may be found, and their number. */
function selection({ byId }: Directory, { filter, ids }: Wanted): { accept: (place: Place) => boolean; total: number } {
  if (filter === undefined && ids === undefined) return { accept: () => true, total: byId.size }
  const passes = filter === undefined ? () => true : compileFilter(filter)
  const among = ids && new Set(ids)
  const accept = ({ record }: Place) => (among?.has(record.id) ?? true) && passes(record.meta)
  const candidates = among ? [...among].flatMap((id) => byId.get(id) ?? []) : [...byId.values()]
  return { accept, total: candidates.filter(accept).length }
}
