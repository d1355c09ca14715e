/** An index that searches by equal letters: fast, with results of the true form, and under a test's control. */
import type {
  Explanation,
  Filter,
  Hit,
  PassageHit,
  SearchIndex,
  SearchMode,
  SearchOptions,
  SearchResult,
} from '../../src/index.ts'

export interface FakeDocument {
  id: string
  title?: string
  url?: string
  meta?: Record<string, unknown>
  passages: { text: string; heading?: string; anchor?: string }[]
}

interface Held {
  query: string
  signal: AbortSignal | undefined
  answer(result?: Partial<SearchResult>): void
  fail(error: unknown): void
}

/** `[start, end, word]` */
const wordsOf = (text: string) =>
  [...text.matchAll(/[\p{L}\p{N}]+/gu)].map((match) => [match.index, match.index + match[0].length, match[0]] as const)

/** Letters at the beginning that two words share, of the longer one: what stands in for a cosine. */
function likeness(a: string, b: string): number {
  const [one, other] = [a.toLowerCase(), b.toLowerCase()]
  let same = 0
  while (same < one.length && one[same] === other[same]) same += 1
  return 0.05 + (0.9 * same) / Math.max(one.length, other.length)
}

function explained(query: string, text: string): Explanation[] {
  const words = wordsOf(text)
  const rows = wordsOf(query).map(([start, end, token]): Explanation => {
    const matches = words.map(([from, to, word]) => ({
      share: likeness(token, word),
      token: word,
      start: from,
      end: to,
    }))
    const best = matches.reduce((best, match) => (match.share > best.share ? match : best), {
      share: 0,
      token: '[SEP]',
      start: -1,
      end: -1,
    })
    const { share, ...match } = best
    return { token, kind: 'text', start, end, share, match }
  })
  const outside = { token: '[CLS]', start: -1, end: -1 }
  const marker = { token: '[CLS]', kind: 'marker', start: -1, end: -1, share: 0.3337, match: outside } as const
  const expansion = rows.slice(0, 3).map(({ match }) => ({
    ...({ token: '[MASK]', kind: 'expansion', start: -1, end: -1, share: 0.2221 } as const),
    match,
  }))
  return [marker, ...rows, ...expansion]
}

/** A passage as a search for `query` would give it. */
export function passageHit(query: string, { text, heading, anchor }: FakeDocument['passages'][number], start = 0) {
  const explain = explained(query, text)
  const score = explain.reduce((sum, { share }) => sum + share, 0)
  const shares = new Map<number, [number, number, number]>()
  for (const { kind, share, match } of explain) {
    if (kind !== 'text' || match.start < 0 || share < 0.4) continue
    const weight = (shares.get(match.start)?.[2] ?? 0) + share / score
    shares.set(match.start, [match.start, match.end, weight])
  }
  const highlights = [...shares.values()].sort((a, b) => a[0] - b[0])
  const passage: PassageHit = { text, start, end: start + text.length, score, highlights }
  if (heading !== undefined) passage.heading = heading
  if (anchor !== undefined) passage.anchor = anchor
  return { passage, explain }
}

export class FakeIndex extends EventTarget {
  /** Every search that was asked for. */
  readonly asked: { query: string; options: SearchOptions }[] = []
  /** Searches that wait for the test, where `hold` is set. */
  readonly held: Held[] = []
  hold = false
  failure: unknown = null
  mode: SearchMode = 'semantic'
  pending = false
  closed = false

  constructor(public documents: readonly FakeDocument[]) {
    super()
  }

  /** As the type that the element takes. */
  get asIndex(): SearchIndex {
    return this as unknown as SearchIndex
  }

  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    this.asked.push({ query, options })
    const { signal } = options
    signal?.throwIfAborted()
    if (this.failure) throw this.failure
    if (!this.hold) return this.answer(query, options)
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      this.held.push({
        query,
        signal,
        answer: (result) => resolve({ ...this.answer(query, options), ...result }),
        fail: reject,
      })
    })
  }

  answer(query: string, { limit = 10, passages = 1, explain, filter }: SearchOptions): SearchResult {
    const found = this.documents.filter(({ meta }) => passes(meta, filter))
    const hits = found.map(({ id, title, url, meta, passages: all }): Hit => {
      const answers = all.map((passage, i) => passageHit(query, passage, 1000 * i))
      answers.sort((a, b) => b.passage.score - a.passage.score)
      const [best] = answers
      const { score } = best.passage
      const hit: Hit = { id, score, relevance: score / best.explain.length, passage: best.passage, passages: [] }
      hit.passages = answers.slice(0, passages).map(({ passage }) => passage)
      if (title !== undefined) hit.title = title
      if (url !== undefined) hit.url = url
      if (meta !== undefined) hit.meta = meta
      if (explain) hit.explain = best.explain
      return hit
    })
    hits.sort((a, b) => b.score - a.score)
    return {
      hits: hits.slice(0, limit),
      total: found.length,
      elapsed: 7,
      mode: this.mode,
      pending: this.pending,
      exhaustive: true,
      backend: 'webgpu',
    }
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

function passes(meta: FakeDocument['meta'], filter: Filter = {}): boolean {
  return Object.entries(filter).every(([field, value]) => meta?.[field] === value)
}

/** A small library about light, bread and roads. */
export const DOCUMENTS: FakeDocument[] = [
  {
    id: 'lamp',
    title: 'The old lighthouse',
    url: '/docs/lighthouse.html',
    meta: { kind: 'sea' },
    passages: [
      {
        heading: 'The lamp',
        anchor: 'the-lamp',
        text: `The lamp\nThe lamp of the old lighthouse turns once in nine seconds. ${'Waves come and go below it, day after day. '.repeat(8)}On clear nights its light reaches ships that are thirty miles away, and sailors set their clocks by it. ${'Gulls sleep on the gallery. '.repeat(8)}`,
      },
      {
        heading: 'The keeper',
        anchor: 'the-keeper',
        text: 'The keeper\nA keeper trimmed the lamp by hand until 1962.',
      },
      { text: 'The stairs have two hundred and seven steps, and a light at each landing.' },
    ],
  },
  {
    id: 'bread',
    title: 'Sourdough',
    url: 'https://example.org/bread',
    meta: { kind: 'kitchen' },
    passages: [
      { text: 'Feed a sourdough starter with flour and water. Bread needs time, warmth and a little light salt.' },
    ],
  },
  {
    id: 'road',
    title: 'The road over the pass',
    meta: { kind: 'land' },
    passages: [{ text: 'The road over the pass is closed from October to May. Take the tunnel in winter.' }],
  },
]
