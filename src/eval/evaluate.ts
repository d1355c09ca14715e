import type { Collection, Query } from './collection.ts'
import { type Measures, meanMeasures, measure, type Ranking } from './metrics.ts'

/** What a system keeps to search with. */
export interface Bytes {
  /** Of one token vector; null for a system that keeps none. */
  token: number | null
  /** Mean. */
  passage: number
  collection: number
}

/** How documents became vectors. */
export interface Passages {
  model: { name: string; fingerprint: string }
  /** Long documents were split into passages; else cut at the model's limit. */
  split: boolean
  /** In tokens, markers included. */
  limit: number
  count: number
  tokens: number
  /** Documents of which the end was cut off. */
  truncated: number
  /** Documents without a text: nothing can find them. */
  empty: number
  /** What computed the vectors. */
  encoders: string[]
}

/** What a system needed for its answers. */
export interface Outcome {
  bytes: Bytes | null
  /** By stage, such as `encode` and `search`: wall-clock time. */
  seconds: Readonly<Record<string, number>>
  passages?: Passages
}

/** Anything that ranks the documents of a collection for queries. */
export interface System {
  /** Without blanks, so that it can stand in a run. */
  name: string
  /** In one line, for readers of a report. */
  about: string
  /** @param take Gets each query once, with what was found for it. */
  rank(queries: readonly Query[], take: (query: Query, ranking: Ranking) => void): Promise<Outcome>
}

/** What came of one system on one collection. */
export interface Result {
  collection: string
  split: string
  system: string
  about: string
  /** Means over the judged queries; one without an answer counts as zero. */
  measures: Measures
  /** In the order of the collection's queries. */
  perQuery: ReadonlyMap<string, Measures>
  queries: number
  unjudged: number
  /** Judged queries for which nothing was found. */
  unanswered: number
  documents: number
  outcome: Outcome
}

/** @param options.take Also gets every ranking, such as to write a run. */
export async function evaluate(
  collection: Collection,
  system: System,
  options: { take?: (query: Query, ranking: Ranking) => void } = {},
): Promise<Result> {
  const { name, split, queries, unjudged, judgements, ids } = collection
  const measured = new Map<string, Measures>()
  let unanswered = queries.length
  const outcome = await system.rank(queries, (query, ranking) => {
    measured.set(query.id, measure(ranking, judgements.get(query.id)!))
    if (ranking.length > 0) unanswered--
    options.take?.(query, ranking)
  })
  const perQuery = new Map(queries.map(({ id }) => [id, measured.get(id) ?? measure([], judgements.get(id)!)] as const))
  return {
    collection: name,
    split,
    system: system.name,
    about: system.about,
    measures: meanMeasures(perQuery.values()),
    perQuery,
    queries: queries.length,
    unjudged,
    unanswered,
    documents: ids.documents.size,
    outcome,
  }
}

/** The result as the command line prints it: measures first, then what they were measured on and what they cost. */
export function plainResult({ measures, outcome, perQuery: _, ...rest }: Result) {
  const { bytes, seconds, passages } = outcome
  return {
    ...measures,
    queries: rest.queries,
    documents: rest.documents,
    bytes_per_token: bytes?.token ?? null,
    bytes_per_passage: bytes?.passage ?? null,
    bytes: bytes?.collection ?? null,
    seconds: Object.fromEntries(Object.entries(seconds).map(([stage, value]) => [stage, Number(value.toFixed(3))])),
    collection: rest.collection,
    split: rest.split,
    system: rest.system,
    unjudged: rest.unjudged,
    unanswered: rest.unanswered,
    ...(passages && {
      model: passages.model,
      passages: passages.count,
      tokens: passages.tokens,
      split_passages: passages.split,
      limit: passages.limit,
      truncated: passages.truncated,
      empty: passages.empty,
      encoders: passages.encoders,
    }),
  }
}
