/** The side of an index that is searched by words: nothing of it needs a model. */
import {
  cut,
  LexicalIndex,
  type Located,
  type RankedDocument,
  rankDocuments,
  type WordMatch,
} from '../lexical/index.ts'
import type { Manifest } from '../store/manifest.ts'
import type { Store } from '../store/store.ts'
import { Directory, type Place } from './directory.ts'
import { documentOf, sectionAt } from './hits.ts'
import { Turns } from './turns.ts'
import type { Explanation, Hit, PassageHit } from './types.ts'

/** Building lets others have the thread after this long. */
const SLICE_MS = 25

export interface LexicalRequest {
  /** At most so many documents. */
  depth: number
  /** Leaves documents out. */
  accept: (place: Place) => boolean
}

/** A passage by its ordinal. */
interface Passage extends Located {
  id: string
}

export class LexicalSearch {
  readonly #turns = new Turns()
  readonly #index = new LexicalIndex()
  #directory: Directory | null = null
  /** Which generation of which index is loaded. */
  #version = ''
  readonly #passages: (Passage | undefined)[] = []
  readonly #documents = new Map<string, { hash: string; passages: number[] }>()

  constructor(
    private readonly store: Store,
    /** The present one. */
    private readonly manifest: (signal?: AbortSignal) => Promise<Manifest | null>,
  ) {}

  /** Whether it has been loaded once; from then on it follows the index step by step. */
  get ready(): boolean {
    return this.#directory !== null
  }

  /**
   * Runs a task on the present generation, which is loaded or followed before; meanwhile nothing moves.
   * @throws MaxsiftError `STORE_CORRUPT`.
   */
  use<Result>(task: (directory: Directory) => Promise<Result> | Result, signal?: AbortSignal): Promise<Result> {
    return this.#turns.take(false, async () => task(await this.#follow(signal)), signal)
  }

  async #follow(signal?: AbortSignal): Promise<Directory> {
    const manifest = await this.manifest(signal)
    const version = manifest ? `${manifest.created} ${manifest.generation}` : 'none'
    if (this.#directory && version === this.#version) return this.#directory
    const directory = await Directory.read(this.store, manifest, signal)
    await this.#move(directory, signal)
    this.#version = version
    this.#directory = directory
    return directory
  }

  /** Once it is broken off, the next move goes on where it stood. */
  async #move(directory: Directory, signal?: AbortSignal): Promise<void> {
    for (const [id, { hash, passages }] of this.#documents) {
      if (directory.byId.get(id)?.record.hash === hash) continue
      for (const ordinal of passages) {
        this.#index.remove(ordinal)
        this.#passages[ordinal] = undefined
      }
      this.#documents.delete(id)
    }
    const fresh = [...directory.byId.values()].filter(({ record }) => !this.#documents.has(record.id))
    let deadline = performance.now() + SLICE_MS
    for await (const [{ record }, text] of directory.texts(fresh, signal)) {
      this.#add(record, text)
      if (performance.now() < deadline) continue
      await new Promise((resolve) => setTimeout(resolve))
      signal?.throwIfAborted()
      deadline = performance.now() + SLICE_MS
    }
  }

  #add({ id, hash, title, sections = [{ start: 0 }] }: Place['record'], text: string): void {
    const ranges = sections.flatMap(({ start }, i) => cut(text, start, sections[i + 1]?.start))
    const passages = ranges.map(({ start, end }) => {
      const ordinal = this.#index.add({ title, text: text.slice(start, end) })
      this.#passages[ordinal] = { id, start, end }
      return ordinal
    })
    this.#documents.set(id, { hash, passages })
  }

  /** Documents by the score of their best passage. Within `use`, as all below. */
  rank(query: string, directory: Directory, { depth, accept }: LexicalRequest): RankedDocument<Place>[] {
    return rankDocuments(this.#index, query, depth, (passage) => {
      const place = directory.byId.get(this.#passages[passage]?.id ?? '')
      return place && accept(place) ? place : null
    })
  }

  /** @param passages At most so many, best first. */
  async hit(
    query: string,
    directory: Directory,
    { document, score }: RankedDocument<Place>,
    { passages, explain = false }: { passages: number; explain?: boolean },
    signal?: AbortSignal,
  ): Promise<Hit> {
    const { record } = document
    const own = new Set(this.#documents.get(record.id)?.passages)
    const accept = (ordinal: number) => own.has(ordinal)
    const found = this.#index.search(query, { depth: passages, typing: true, accept })
    const hits: PassageHit[] = []
    let explanation: Explanation[] | undefined
    for (const { ordinal, score } of found) {
      const { start, end } = this.#passages[ordinal]!
      const text = await directory.text(document, start, end, signal)
      const words = this.#index.explain(query, ordinal, { typing: true })
      if (explain) explanation ??= explanationOf(query, text, words)
      hits.push({ text, start, end, ...sectionAt(record, start), score, highlights: highlightsOf(words, score) })
    }
    const hit: Hit = { ...documentOf(record), score, relevance: 0, passage: hits[0], passages: hits }
    if (explanation) hit.explain = explanation
    return hit
  }
}

function explanationOf(query: string, text: string, words: readonly WordMatch[]): Explanation[] {
  return words.map(({ start, end, share, matches }) => {
    const [match = { start: -1, end: -1 }] = matches
    const token = match.start < 0 ? '' : text.slice(match.start, match.end)
    return { token: query.slice(start, end), kind: 'text', start, end, share, match: { token, ...match } }
  })
}

/** The words met, each with its part of the score; those that overlap, as pairs of characters do, as one. */
function highlightsOf(words: readonly WordMatch[], score: number): PassageHit['highlights'] {
  const all = words.flatMap(({ share, matches }) =>
    matches.map(({ start, end }): [number, number, number] => [start, end, share / score / matches.length]),
  )
  const merged: PassageHit['highlights'] = []
  for (const [start, end, weight] of all.sort(([a], [b]) => a - b)) {
    const last = merged.at(-1)
    if (last && start < last[1]) {
      last[1] = Math.max(last[1], end)
      last[2] += weight
    } else merged.push([start, end, weight])
  }
  return merged
}
