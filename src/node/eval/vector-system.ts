import type { CodecId } from '../../codec/codec.ts'
import { codecOf } from '../../codec/codec.ts'
import type { Query } from '../../eval/collection.ts'
import type { Outcome, System } from '../../eval/evaluate.ts'
import { packQueries } from '../../eval/maxsim.ts'
import type { Ranking } from '../../eval/metrics.ts'
import { Top } from '../../lexical/top.ts'
import type { Sets } from './inputs.ts'
import { openProducts } from './products.ts'
import { openScorers, type Scorer } from './threads.ts'
import type { Layout, VectorSet } from './vector-set.ts'

export interface VectorSystemOptions {
  name: string
  about: string
  sets: Sets
  codec: CodecId
  /** Documents ranked for a query. */
  depth: number
  threads?: number
  signal: AbortSignal
}

/** Exhaustive MaxSim over cached vectors, as a codec keeps them. */
export function vectorSystem(options: VectorSystemOptions): System {
  const { name, about, sets, codec, depth, threads, signal } = options
  return {
    name,
    about,
    async rank(queries, take) {
      const layout = await sets.documents.layout()
      const rows = await readQueries(sets.queries, queries)
      const started = performance.now()
      const tops = queries.map(() => new Top(depth))
      // Threads that somebody asks for are ours.
      const products = threads === undefined ? await openProducts(rows) : null
      const scorers = products ? [products] : openScorers(packQueries(rows), threads)
      const close = () => Promise.all(scorers.map((scorer) => scorer.close()))
      // A thread in the middle of a part does not look at signals.
      signal.addEventListener('abort', close, { once: true })
      try {
        await scoreAll(sets.documents, layout, scorers, { codec, tops, signal })
      } finally {
        signal.removeEventListener('abort', close)
        await close()
      }
      const search = (performance.now() - started) / 1_000
      queries.forEach((query, i) => {
        take(query, rankingOf(tops[i], layout))
      })
      return outcome(sets, codec, search)
    },
  }
}

interface Scoring {
  codec: CodecId
  tops: readonly Top[]
  signal: AbortSignal
}

/** Each scorer takes the next part as soon as it is done with one. */
async function scoreAll(
  set: VectorSet,
  { parts }: Layout,
  scorers: readonly Scorer[],
  { codec, tops, signal }: Scoring,
): Promise<void> {
  const { dim } = set.record
  let next = 0
  const work = async ({ score }: Scorer) => {
    while (next < parts.length) {
      const part = next++
      const { first, documents, starts, owners } = parts[part]
      const values = await set.read(part, parts[part])
      signal.throwIfAborted()
      const scores = await score({ dim, codec, values, starts, owners, documents })
      signal.throwIfAborted()
      tops.forEach((top, query) => {
        for (let document = 0; document < documents; document++) {
          const found = scores[query * documents + document]
          if (found !== Number.NEGATIVE_INFINITY) top.offer(first + document, found)
        }
      })
    }
  }
  const results = await Promise.allSettled(scorers.map(work))
  signal.throwIfAborted()
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

async function readQueries(set: VectorSet, queries: readonly Query[]) {
  const { ids, parts } = await set.layout()
  if (ids.length !== queries.length || queries.some(({ id }, i) => id !== ids[i])) {
    throw new Error('the set of queries is that of another collection')
  }
  const { dim } = set.record
  const vectors = await Promise.all(parts.map((part, i) => set.read(i, part)))
  const starts = [0]
  for (const part of parts) {
    const base = starts[starts.length - 1]
    for (const start of part.starts.subarray(1)) starts.push(base + start)
  }
  return { dim, values: concat(vectors), starts: Uint32Array.from(starts) }
}

function concat(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const rankingOf = (top: Top, { ids }: Layout): Ranking =>
  top.list().map(({ ordinal, score }) => ({ id: ids[ordinal], score }))

async function outcome({ queries, documents }: Sets, codec: CodecId, search: number): Promise<Outcome> {
  const { record } = documents
  const made = [await documents.made(), await queries.made()]
  const row = codecOf({ id: codec }).bytes(record.dim)
  const collection = row * record.tokens
  return {
    bytes: { token: record.pooling ? null : row, passage: collection / record.inputs, collection },
    seconds: { encode: made[0].seconds, encode_queries: made[1].seconds, search },
    passages: {
      model: { name: record.model.name, fingerprint: record.model.fingerprint },
      split: record.split,
      limit: record.limit,
      count: record.inputs,
      tokens: record.tokens,
      truncated: record.truncated,
      empty: record.empty,
      encoders: [...new Set(made.flatMap(({ encoders }) => encoders))],
    },
  }
}
