import { MaxsiftError } from '../../errors.ts'
import type { Hit, RerankedHit } from '../../search/types.ts'
import { count, oneOf, pooling, queryLength, readArguments, UsageError } from '../args.ts'
import { openStore } from '../environment.ts'
import { absoluteModel } from '../models.ts'
import { type OpenIndex, openIndex } from '../open-index.ts'
import { readOnly } from '../stores.ts'
import type { Terminal } from '../terminal.ts'

export const usage = `maxsift search INDEX_DIR QUERY [--mode semantic|lexical|hybrid] [--limit k] [--explain] [--model DIR]
                 [--rerank MODEL] [--query-length RULE] [--pooling none|cls|mean]`

/** Hits that a cross-encoder reads, or more where more are asked for. */
const RERANKED = 30

/** Hits where nobody says how many, as in `search`. */
const LIMIT = 10

const MODES = ['semantic', 'lexical', 'hybrid'] as const

/** The result of `search()` as one line, with the adapter that it ran on; by words it needs none. */
export async function run(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals, backend } = readArguments(args, {
    limit: { type: 'string' },
    explain: { type: 'boolean' },
    mode: { type: 'string' },
    rerank: { type: 'string' },
    'query-length': { type: 'string' },
    pooling: { type: 'string' },
  })
  const [address, query, extra] = positionals
  if (query === undefined) throw new UsageError('An index and a query are needed.')
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many; put the query in quotes.`)
  const limit = values.limit === undefined ? LIMIT : count('--limit', values.limit)
  if (values.rerank === '') throw new UsageError('--rerank is empty: name a cross-encoder, or leave it out.')
  const reranker = absoluteModel(values.rerank)
  const mode = oneOf('--mode', values.mode ?? 'semantic', MODES)
  const { signal } = terminal
  const store = readOnly(openStore(address))
  const manifest = await store.manifest(signal)
  if (!manifest) {
    throw new MaxsiftError('INVALID_INDEX_FILE', `There is no index in ${address}.`, {
      remedy: 'Pass the folder that `maxsift index PATH… --out INDEX_DIR` made.',
    })
  }
  const index = await openIndex({
    address,
    store,
    model: absoluteModel(values.model),
    backend,
    queryLength: queryLength(values['query-length']),
    pooling: pooling(values.pooling),
    terminal,
    early: mode === 'lexical',
  })
  try {
    const wanted = reranker === undefined ? limit : Math.max(limit, limit && RERANKED)
    const options = { mode, limit: wanted, explain: values.explain }
    const result = await index.host.search(index.call(), index.handle, query, options)
    const hits = reranker === undefined ? result.hits : await rerank(index, query, result.hits, reranker)
    await terminal.print({ ...result, hits: hits.slice(0, limit), adapter: index.info.adapter })
  } finally {
    await index.close()
  }
}

/** The hits in the order of a cross-encoder. */
async function rerank(
  { host, handle, info, call }: OpenIndex,
  query: string,
  hits: readonly Hit[],
  model: string,
): Promise<RerankedHit[]> {
  if (hits.length === 0) return []
  const texts = hits.map(({ title, passage }) => ({ title, text: passage.text }))
  const options = { name: info.name, model, store: 'memory', codec: info.codec, splitPassages: true } as const
  const scores = await host.rerank(call(), handle, query, texts, options)
  return hits.map((hit, i) => ({ ...hit, rerank: scores[i] })).sort((a, b) => b.rerank - a.rerank)
}
