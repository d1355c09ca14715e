import { check, MaxsiftError } from '../errors.ts'
import type { Loading } from './loading.ts'
import type { Searcher } from './searcher.ts'
import { orAbort } from './shared.ts'
import type { DocumentContent, DocumentEntry, Hit, SearchMode, SearchOptions, SearchResult } from './types.ts'
import type { WordSearch } from './words.ts'

/** How long a search waits for words that are being read, where there is something else to answer with. */
const PATIENCE_MS = 100

/** What is asked of a search, complete. */
export interface Wanted extends Omit<SearchOptions, 'signal' | 'mode'> {
  offset: number
  passages: number
  /** How many documents from the first; 0 for a search that can find nothing. */
  depth: number
}

export type Found = Pick<SearchResult, 'hits' | 'total' | 'backend' | 'exhaustive'>

/** The reading side of an index: by token vectors, by words, or both, as far as they are at hand. */
export class Search {
  constructor(
    private readonly semantic: Loading<{ searcher: Searcher }>,
    private readonly words: Loading<WordSearch> | null,
    private readonly defaultMode: 'auto' | 'semantic',
  ) {}

  async search(text: string, options: Omit<SearchOptions, 'signal'>, signal: AbortSignal): Promise<SearchResult> {
    const started = performance.now()
    const { mode = this.defaultMode, limit = 10, offset = 0, passages = 1 } = options
    check(typeof text === 'string', 'The query must be a string')
    check(Number.isSafeInteger(limit) && limit >= 0, '`limit` must be a whole number from 0')
    check(Number.isSafeInteger(offset) && offset >= 0, '`offset` must be a whole number from 0')
    check(Number.isInteger(passages) && passages >= 1 && passages <= 8, '`passages` must be a whole number from 1 to 8')
    const depth = limit === 0 || text.trim() === '' ? 0 : offset + limit
    const chosen = mode === 'auto' ? await this.#choose(signal) : mode
    const found = await this.#run(chosen, text, { ...options, offset, passages, depth }, signal)
    const pending = !this.semantic.value && !this.semantic.failure
    return { ...found, elapsed: performance.now() - started, mode: chosen, pending }
  }

  /** What can answer now: words until the model is there; that alone while there are many words still to be read. */
  async #choose(signal: AbortSignal): Promise<SearchMode> {
    const { semantic } = this
    if (!this.words) return 'semantic'
    const words = this.#loadedWords(signal)
    try {
      if (!semantic.value) return await words.then(() => 'lexical')
      const patience = new Promise<'semantic'>((resolve) => setTimeout(resolve, PATIENCE_MS, 'semantic'))
      return await Promise.race([words.then(() => 'hybrid' as const), patience])
    } catch (error) {
      // Without words the model must be waited for; where that has failed too, it says why.
      if (signal.aborted) throw error
      return 'semantic'
    }
  }

  /** Goes on although the caller gives up: the next one needs them too. */
  async #loadedWords(signal: AbortSignal): Promise<void> {
    const words = await this.#words(signal)
    if (!words.ready) await orAbort(words.load(), signal)
  }

  async #run(mode: SearchMode, text: string, wanted: Wanted, signal: AbortSignal): Promise<Found> {
    if (mode === 'lexical') return (await this.#words(signal)).search(text, wanted, signal)
    const words = mode === 'hybrid' ? await this.#words(signal) : null
    const { searcher } = await this.semantic.get(signal)
    return searcher.retrying(() =>
      words ? words.hybrid(searcher, text, wanted, signal) : byMeaning(searcher, text, wanted, signal),
    )
  }

  async #words(signal: AbortSignal): Promise<WordSearch> {
    if (this.words) return this.words.get(signal)
    throw new MaxsiftError('INVALID_ARGUMENT', 'This index is not searched by words.', {
      remedy: "Search with `mode: 'semantic'`.",
    })
  }

  async get(id: string, signal: AbortSignal): Promise<DocumentContent | null> {
    return (await this.#reader(signal)).get(id, signal)
  }

  async documents(signal: AbortSignal): Promise<DocumentEntry[]> {
    return (await this.#reader(signal)).documents(signal)
  }

  /** Whoever knows the documents: words until the model is there. */
  async #reader(signal: AbortSignal): Promise<Pick<Searcher, 'get' | 'documents'>> {
    if (this.words && !this.semantic.value) return this.words.get(signal)
    return (await this.semantic.get(signal)).searcher
  }
}

async function byMeaning(searcher: Searcher, text: string, wanted: Wanted, signal: AbortSignal): Promise<Found> {
  const { filter, ids, passages, offset, depth, explain = false } = wanted
  const ranked = await searcher.rank(text, { filter, ids, k: depth, passages }, signal)
  const hits: Hit[] = []
  for (const found of ranked.found.slice(offset)) hits.push(await searcher.hit(ranked, found, explain, signal))
  return { hits, total: ranked.total, backend: ranked.backend, exhaustive: true }
}
