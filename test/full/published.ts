/**
 * What other libraries found with published checkpoints, and how far we are from it. The weights come with nothing
 * here: who has them names their folder (docs/guide/model-families.md).
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { FileSource } from '../../src/model/source.ts'
import { folderSource } from '../../src/node/folder-source.ts'
import type { Engine } from '../../src/search/engine.ts'

export interface Reference {
  /** Who says so. */
  by: string
  query: string
  documents: readonly string[]
  /** MaxSim sums, one a document. */
  scores?: readonly number[]
  /** The first columns of every token vector: of the query, and of the first document. */
  rows?: { query: readonly number[][]; document: readonly number[][] }
  /** How far from a number of theirs, at most, by their own tests: each ran on a device of its own. */
  tolerance: (value: number) => number
  /** What their rules amount to in config_sentence_transformers.json, where they are not the checkpoint's own. */
  settings?: Record<string, unknown>
}

const PLANETS = {
  by: 'sentence-transformers 6, tests/multi_vector_encoder/test_pretrained.py',
  query: 'Which planet is known as the Red Planet?',
  documents: [
    "Venus is often called Earth's twin because of its similar size and proximity.",
    'Mars, known for its reddish appearance, is often referred to as the Red Planet.',
    'Jupiter, the largest planet in our solar system, has a prominent red spot.',
    'Saturn, famous for its rings, is sometimes mistaken for the Red Planet.',
  ],
  tolerance: (value: number) => 1e-3 + 1e-3 * Math.abs(value),
}

/** By the last part of the checkpoint's name. */
const PLANET_SCORES: Record<string, readonly number[]> = {
  'answerai-colbert-small-v1': [30.56916, 31.48954, 31.30291, 31.30716],
  'colbertv2.0': [12.79703, 27.19449, 23.8495, 24.56564],
  'mxbai-edge-colbert-v0-17m': [11.56932, 11.75844, 11.70989, 11.72288],
  'GTE-ModernColBERT-v1': [11.25772, 11.51133, 11.34575, 11.4518],
  LateOn: [10.79417, 11.11042, 10.97427, 11.08107],
  mLateOn: [11.3486, 11.517, 11.4391, 11.4867],
  'Reason-ModernColBERT': [9.05118, 10.18419, 9.12381, 9.39101],
}

/** The checkpoints of a folder that something is known of. */
export const publishedIn = (folder: string): string[] =>
  Object.keys(PLANET_SCORES).filter((name) => existsSync(join(folder, name)))

const shared = resolve(import.meta.dirname, '../../../shared/reference')
export const sharedMissing = existsSync(shared) ? null : 'the values are missing: ../shared/reference'

/** What is known of a checkpoint; without `../shared` only what is written here. */
export function referencesOf(name: string): Reference[] {
  const planets = name in PLANET_SCORES ? [{ ...PLANETS, scores: PLANET_SCORES[name] }] : []
  return sharedMissing ? planets : [...planets, ...fastembed(name), ...pylateRs(name)]
}

/**
 * fastembed takes the ids 1 and 2 for markers, which are [unused0] and [unused1] of these two vocabularies, and cuts
 * texts at 511 tokens in the place of the checkpoint's 180 or 300: no matter for two words.
 */
function fastembed(name: string): Reference[] {
  const { text, query_first5, document_first5 } = readShared('fastembed-canonical.json')
  const query = ofCheckpoint<number[][]>(query_first5, name)
  const document = ofCheckpoint<number[][]>(document_first5, name)
  if (!query || !document) return []
  return [{ by: 'fastembed', query: text, documents: [text], rows: { query, document }, tolerance: () => 2e-3 }]
}

/**
 * pylate-rs expands every query to 32 tokens, also where the checkpoint says that none is (the ModernBERTs: their sums
 * would else be near 8). It also keeps punctuation, of which these texts have none.
 */
function pylateRs(name: string): Reference[] {
  const { query, document, tolerance, maxsim } = readShared('pylate-rs-maxsim.json')
  const score = ofCheckpoint<number>(maxsim, name)
  if (score === undefined) return []
  const settings = name === 'GTE-ModernColBERT-v1' ? { do_query_expansion: true, query_length: 32 } : undefined
  return [{ by: 'pylate-rs', query, documents: [document], scores: [score], tolerance: () => tolerance, settings }]
}

const readShared = (file: string) => JSON.parse(readFileSync(join(shared, file), 'utf8'))

const ofCheckpoint = <Value>(values: Record<string, Value>, name: string): Value | undefined =>
  Object.entries(values).find(([key]) => key.split('/').at(-1) === name)?.[1]

/** A checkpoint with other settings than its files have. */
export function sourceWith(folder: string, settings: Reference['settings']): FileSource {
  const source = folderSource(folder)
  if (!settings) return source
  return {
    ...source,
    async open(path, signal) {
      const file = await source.open(path, signal)
      if (!file || path !== 'config_sentence_transformers.json') return file
      const body = new Blob([JSON.stringify({ ...(await new Response(file.body).json()), ...settings })])
      return { size: body.size, body: body.stream() }
    },
  }
}

/**
 * By how many tolerances the engine differs, at most: 1 is the most that is equal. Infinite where other rows are kept,
 * or the documents have another order.
 */
export async function misfit(
  engine: Engine,
  { query, documents, scores, rows, tolerance }: Reference,
): Promise<number> {
  let worst = 0
  const compare = (found: number, wanted: number) => {
    worst = Math.max(worst, Math.abs(found - wanted) / tolerance(wanted))
  }
  if (scores) {
    const found = (await engine.score(
      query,
      documents.map((text) => ({ text })),
    )) as number[]
    if (String(ranking(found)) !== String(ranking(scores))) return Number.POSITIVE_INFINITY
    for (const [i, score] of scores.entries()) compare(found[i], score)
  }
  for (const role of rows ? (['query', 'document'] as const) : []) {
    const [{ kept, dim, vectors }] = await engine.encode(role, [role === 'query' ? query : documents[0]])
    if (kept.length !== rows![role].length) return Number.POSITIVE_INFINITY
    for (const [i, row] of rows![role].entries())
      for (const [column, value] of row.entries()) compare(vectors[i * dim + column], value)
  }
  return worst
}

const ranking = (scores: readonly number[]) => scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a])
