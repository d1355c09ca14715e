import * as Plot from '@observablehq/plot'
import { type Picture, STYLE, serialize, WIDTH } from './picture.ts'
import { type Report, valuesOf } from './report.ts'

const BETTER = '#2459a8'
const WORSE = '#b3452c'

/**
 * For each collection, quality against bytes a passage; for each system, its wins and losses against the reference, query
 * by query.
 * @param document Where elements are made: the page's, or outside a browser any DOM's.
 */
export function drawReport(report: Report, document: Document): Picture[] {
  const collections = [...new Set(report.results.map(({ collection }) => collection))]
  const systems = [...new Set(report.pairs.map(({ system }) => system))]
  return [
    ...collections.map((collection) => quality(report, collection, document)),
    ...systems.map((system) => winsAndLosses(report, collections, system, document)),
  ]
}

/** Systems that keep no vectors are lines: they have no place on the axis of bytes. */
function quality({ results, metric }: Report, collection: string, document: Document): Picture {
  const points = results
    .filter((result) => result.collection === collection)
    .map(({ system, measures, outcome }) => ({ system, value: measures[metric], bytes: outcome.bytes?.passage }))
  const dots = points.filter(({ bytes }) => bytes !== undefined)
  const lines = points.filter(({ bytes }) => bytes === undefined)
  const sizes = dots.map(({ bytes }) => bytes!)
  // Room for the names, which stand above their dots.
  const domain = dots.length > 0 ? [Math.min(...sizes) / 1.5, Math.max(...sizes) * 1.5] : [1, 10]
  const label = (odd: number) =>
    Plot.text(
      lines.filter((_, i) => i % 2 === odd),
      { y: 'value', text: 'system', frameAnchor: odd ? 'left' : 'right', dy: -7, dx: odd ? 4 : -4, fill: '#666' },
    )
  const svg = Plot.plot({
    document,
    style: STYLE,
    width: WIDTH,
    height: 340,
    marginLeft: 60,
    marginTop: 30,
    marginBottom: 46,
    x: { type: 'log', label: 'bytes a passage', labelOffset: 40, grid: true, domain, ticks: 5, tickFormat: '~s' },
    y: { label: `${metric}, ${collection}`, grid: true, nice: true, inset: 16 },
    marks: [
      Plot.frame({ stroke: '#bbb' }),
      Plot.ruleY(lines, { y: 'value', stroke: '#888', strokeDasharray: '4 3' }),
      label(0),
      label(1),
      Plot.dot(dots, { x: 'bytes', y: 'value', r: 5, fill: BETTER }),
      Plot.text(dots, { x: 'bytes', y: 'value', text: 'system', dy: -12 }),
    ],
  } as Plot.PlotOptions)
  const alt = `${metric} on ${collection} against bytes a passage`
  return { file: `quality-${fileName(collection)}.svg`, alt, svg: serialize(svg) }
}

function winsAndLosses(
  { results, reference, metric }: Report,
  collections: readonly string[],
  system: string,
  document: Document,
): Picture {
  const steps = collections.flatMap((collection) => {
    const [a, b] = [system, reference].map((name) =>
      results.find((result) => result.collection === collection && result.system === name),
    )
    if (!a || !b) return []
    const others = valuesOf(b, metric)
    const sorted = valuesOf(a, metric)
      .map((value, i) => value - others[i])
      .sort((x, y) => y - x)
    // The last step has a width too.
    return [...sorted, sorted[sorted.length - 1]].map((difference, i) => ({
      collection,
      share: (100 * i) / sorted.length,
      difference,
    }))
  })
  const area = (fill: string, part: (a: number, b: number) => number) =>
    Plot.areaY(steps, {
      fy: 'collection',
      x: 'share',
      y: ({ difference }: { difference: number }) => part(difference, 0),
      curve: 'step-after',
      fill,
    })
  const svg = Plot.plot({
    document,
    style: STYLE,
    width: WIDTH,
    height: 76 + collections.length * 160,
    marginLeft: 60,
    marginRight: 110,
    marginTop: 30,
    marginBottom: 46,
    fy: { label: null, domain: [...collections] },
    x: { label: '% of the queries, sorted', labelOffset: 40, domain: [0, 100] },
    y: { label: `${metric}: ${system} − ${reference}`, domain: [-1, 1], grid: true },
    marks: [area(BETTER, Math.max), area(WORSE, Math.min), Plot.ruleY([0])],
  } as Plot.PlotOptions)
  const alt = `${system} against ${reference}: difference in ${metric} of every query, sorted`
  return { file: `queries-${fileName(system)}.svg`, alt, svg: serialize(svg) }
}

const fileName = (text: string) => text.replace(/[^\w.-]+/g, '-')
