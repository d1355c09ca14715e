/**
 * Measures of a ranking, as trec_eval defines them: linear gain, judged documents relevant from grade 1, everything
 * unjudged not relevant. Equal to `pytrec_eval` (test/eval/goldens).
 */
import { check } from '../errors.ts'

export const METRICS = ['ndcg@10', 'recall@100', 'mrr@10', 'map', 'success@1', 'success@3', 'success@5'] as const
export type Metric = (typeof METRICS)[number]
export type Measures = Record<Metric, number>

/** A document and its score: higher is better. */
export interface Scored {
  id: string
  score: number
}

/** What a system found for one query; each document once. */
export type Ranking = readonly Scored[]

/** Grades of documents, by id: 0 and below is judged not relevant. */
export type Grades = ReadonlyMap<string, number>

const NDCG_DEPTH = 10
const RECALL_DEPTH = 100
const MRR_DEPTH = 10

/** @throws MaxsiftError `INVALID_ARGUMENT` when a document occurs twice or a score is not a number. */
export function measure(ranking: Ranking, grades: Grades): Measures {
  const found = trecOrder(ranking).map(({ id }) => Math.max(0, grades.get(id) ?? 0))
  const ideal = [...grades.values()].filter((grade) => grade > 0).sort((a, b) => b - a)
  const relevant = ideal.length
  let hits = 0
  let precisions = 0
  found.forEach((grade, i) => {
    if (grade > 0) precisions += ++hits / (i + 1)
  })
  const first = found.findIndex((grade) => grade > 0)
  const within = (depth: number) => first >= 0 && first < depth
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
  return {
    'ndcg@10': share(gain(found), gain(ideal)),
    'recall@100': share(found.slice(0, RECALL_DEPTH).filter((grade) => grade > 0).length, relevant),
    'mrr@10': within(MRR_DEPTH) ? 1 / (first + 1) : 0,
    map: share(precisions, relevant),
    'success@1': Number(within(1)),
    'success@3': Number(within(3)),
    'success@5': Number(within(5)),
  }
}

/** Discounted cumulative gain: a grade counts as it is. */
function gain(grades: readonly number[]): number {
  return grades.slice(0, NDCG_DEPTH).reduce((sum, grade, i) => sum + grade / Math.log2(i + 2), 0)
}

/** Means over queries; zero where there is none. */
export function meanMeasures(all: Iterable<Measures>): Measures {
  const sums = Object.fromEntries(METRICS.map((metric) => [metric, 0])) as Measures
  let count = 0
  for (const measures of all) {
    for (const metric of METRICS) sums[metric] += measures[metric]
    count++
  }
  if (count > 0) for (const metric of METRICS) sums[metric] /= count
  return sums
}

/**
 * The order in which trec_eval sees a ranking: by score, which it holds in f32, then by id in descending order of its
 * UTF-8 bytes. Whatever order the ranking has by itself, or a run file gives as its rank, does not count.
 */
export function trecOrder(ranking: Ranking): Scored[] {
  const sorted = ranking.map(({ id, score }) => ({ id, score, key: Math.fround(score) }))
  for (const { id, score } of sorted) check(!Number.isNaN(score), `The score of document "${id}" is not a number.`)
  sorted.sort((a, b) => (a.key === b.key ? compareBytes(b.id, a.id) : b.key > a.key ? 1 : -1))
  const ids = new Set(sorted.map(({ id }) => id))
  check(ids.size === sorted.length, 'A ranking holds a document twice.')
  return sorted.map(({ id, score }) => ({ id, score }))
}

/** Order of the UTF-8 bytes of two strings, which is that of their code points. */
function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return aboveSurrogates(x) - aboveSurrogates(y)
  }
  return a.length - b.length
}

/** Code units in the order of code points: surrogates, which stand for what lies above U+FFFF, come last. */
const aboveSurrogates = (unit: number) => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit)
