import type { Result } from './evaluate.ts'
import { METRICS, type Metric, meanMeasures } from './metrics.ts'
import { type Comparison, compare } from './significance.ts'

/** A system against the reference on one collection. */
export interface Pair extends Comparison {
  collection: string
  system: string
}

export interface Report {
  results: readonly Result[]
  /** The system that the others are compared with; null where there is only one. */
  reference: string | null
  metric: Metric
  pairs: Pair[]
  seed: number
}

/** Compares every system with the reference, which is the first one where none is named. */
export function makeReport(results: readonly Result[], options: { reference?: string; seed?: number } = {}): Report {
  const { seed = 1 } = options
  const systems = [...new Set(results.map(({ system }) => system))]
  const reference = systems.length < 2 ? null : (options.reference ?? systems[0])
  const metric = 'ndcg@10'
  const pairs = results.flatMap((result): Pair[] => {
    const { collection, system } = result
    const other = results.find((each) => each.collection === collection && each.system === reference)
    if (!other || system === reference) return []
    return [{ collection, system, ...compare(valuesOf(result, metric), valuesOf(other, metric), seed) }]
  })
  return { results, reference, metric, pairs, seed }
}

export const valuesOf = ({ perQuery }: Result, metric: Metric): number[] =>
  Array.from(perQuery.values(), (measures) => measures[metric])

/** @param pictures Names of image files and what they show. */
export function markdown(report: Report, pictures: readonly { file: string; alt: string }[] = []): string {
  const collections = [...new Set(report.results.map(({ collection }) => collection))]
  const systems = [...new Map(report.results.map(({ system, about }) => [system, about]))]
  const of = (collection: string) => report.results.filter((result) => result.collection === collection)
  return `${[
    '# Evaluation',
    table(['system', 'what it is'], systems),
    ...collections.flatMap((collection) => [
      `## ${collection}`,
      about(of(collection)),
      table(
        ['system', ...METRICS],
        of(collection).map(({ system, measures }) => [system, ...METRICS.map((metric) => points(measures[metric]))]),
      ),
      costs(of(collection)),
      comparisons(report, collection),
    ]),
    ...means(report.results, collections),
    ...pictures.map(({ file, alt }) => `![${alt}](${file})`),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`
}

function about(results: readonly Result[]): string {
  const [{ split, queries, documents, unjudged }] = results
  const lines = [
    `${count(documents)} documents, ${count(queries)} judged queries (\`${split}\`)${
      unjudged > 0 ? `; ${count(unjudged)} queries without judgements are left out` : ''
    }.`,
  ]
  for (const { system, unanswered, outcome } of results) {
    if (unanswered > 0) lines.push(`${system} found nothing for ${count(unanswered)} queries, which count as zero.`)
    const { passages } = outcome
    if (!passages) continue
    const how = passages.split
      ? `long documents split into passages of at most ${passages.limit} tokens, ${count(passages.count)} in all`
      : `documents cut at ${passages.limit} tokens, which shortened ${count(passages.truncated)}`
    const empty = passages.empty > 0 ? `; ${count(passages.empty)} without text cannot be found` : ''
    lines.push(`${system}: ${how}${empty}.`)
  }
  return lines.map((line) => `- ${line}`).join('\n')
}

function costs(results: readonly Result[]): string {
  const rows = results.map(({ system, outcome: { bytes, seconds, passages } }) => [
    system,
    bytes?.token == null ? '' : count(bytes.token),
    bytes ? count(Math.round(bytes.passage)) : '',
    bytes ? count(bytes.collection) : '',
    Object.entries(seconds)
      .map(([stage, value]) => `${stage} ${value.toFixed(1)}`)
      .join(', '),
    passages?.encoders.join(', ') ?? '',
  ])
  return table(['system', 'bytes a token', 'bytes a passage', 'bytes', 'seconds', 'encoded by'], rows)
}

function comparisons({ pairs, reference, metric, seed }: Report, collection: string): string {
  const rows = pairs
    .filter((pair) => pair.collection === collection)
    .map(({ system, difference, wins, ties, losses, p }) => [
      system,
      `${difference < 0 ? '−' : '+'}${points(Math.abs(difference))}`,
      `${wins} / ${ties} / ${losses}`,
      p < 0.0001 ? '< 0.0001' : p.toFixed(4),
    ])
  if (rows.length === 0) return ''
  const heading = `Against ${reference}, ${metric} (paired randomisation test, two-sided, seed ${seed}):`
  return `${heading}\n\n${table(['system', 'difference', 'wins / ties / losses', 'p'], rows)}`
}

/** Of the systems that were run on every collection. */
function means(results: readonly Result[], collections: readonly string[]): string[] {
  if (collections.length < 2) return []
  const systems = [...new Set(results.map(({ system }) => system))]
  const rows = systems.flatMap((system) => {
    const own = results.filter((result) => result.system === system)
    if (own.length < collections.length) return []
    const measures = meanMeasures(own.map((result) => result.measures))
    return [[system, ...METRICS.map((metric) => points(measures[metric]))]]
  })
  return [`## Mean of ${collections.join(', ')}`, table(['system', ...METRICS], rows)]
}

const points = (value: number) => value.toFixed(4)

const count = (value: number) => value.toLocaleString('en')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
