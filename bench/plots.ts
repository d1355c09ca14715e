/** Pictures of a report: whole SVG files. */
import * as Plot from '@observablehq/plot'
import { type Picture, STYLE, serialize, WIDTH } from '../src/eval/picture.ts'
import { isKernel, OURS, ratios } from './report.ts'
import type { Report } from './result.ts'

const ROW = 22
const LEFT = 230
const BLUE = '#2459a8'
const LINES = [BLUE, '#b3452c', '#2a8a5c', '#8a5ca8', '#a8852a', '#5c7f8a', '#444']

/** @param document Where elements are made: the page's, or outside a browser any DOM's. */
export function drawBench(report: Report, document: Document): Picture[] {
  return [
    drawRatios(report, document),
    drawShares(report, document),
    drawSizes(report, document),
    drawCold(report, document),
  ].filter((picture) => picture !== null)
}

/** A row for each workload, a dot for each peer: right of the line we are faster. */
function drawRatios(report: Report, document: Document): Picture | null {
  const all = ratios(report).map((found) => ({ ...found, peer: found.peer.replace(' + js', '') }))
  if (all.length === 0) return null
  const peers = [...new Set(all.map(({ peer }) => peer))]
  const workloads = [...new Set(all.map(({ workload }) => workload))]
  const values = all.map(({ ratio }) => ratio)
  const svg = Plot.plot({
    document,
    style: STYLE,
    width: WIDTH,
    height: 106 + workloads.length * ROW,
    marginLeft: LEFT,
    marginRight: 40,
    marginTop: 60,
    marginBottom: 46,
    y: { label: null, domain: workloads, tickSize: 0, grid: true },
    x: {
      type: 'log',
      label: 'times faster than this peer (left of 1: slower)',
      labelOffset: 40,
      domain: [Math.min(0.5, ...values) / 1.3, Math.max(2, ...values) * 1.3],
      grid: true,
      ticks: 7,
      tickFormat: '~r',
    },
    color: { domain: peers, range: LINES },
    marks: [
      ...legend(peers),
      Plot.ruleX([1], { strokeWidth: 1.5 }),
      Plot.dot(all, { y: 'workload', x: 'ratio', fill: 'peer', r: 5 }),
    ],
  } as Plot.PlotOptions)
  return { file: 'ratios.svg', alt: `How many times faster ${OURS} is than each peer`, svg: serialize(svg) }
}

/** Names in their colours above the frame: a legend of Plot's own is HTML, and this is to be one SVG. */
function legend(names: readonly string[]) {
  let dx = -LEFT + 10
  let dy = -44
  return names.map((name) => {
    const width = 26 + 6.4 * name.length
    if (dx + width > WIDTH - LEFT) {
      dx = -LEFT + 10
      dy += 17
    }
    const mark = Plot.text([name], { text: [`● ${name}`], fill: [name], frameAnchor: 'top-left', dy, dx })
    dx += width
    return mark
  })
}

function drawShares({ results }: Report, document: Document): Picture | null {
  const shares = results.filter((result) => result.impl.startsWith(OURS) && result.share !== undefined)
  if (shares.length === 0) return null
  return bars(document, {
    file: 'roofline.svg',
    alt: 'Share of what the adapter can do at its best',
    rows: shares.map(({ impl, workload, share }) => ({ panel: impl, label: workload, value: 100 * share!, from: 0 })),
    x: { label: '% of the measured roofline', domain: [0, 100] },
    text: (value) => value.toPrecision(2),
  })
}

/** The first search and a further one, by everyone. */
function drawCold({ results }: Report, document: Document): Picture | null {
  const cold = results.filter(({ workload }) => workload.endsWith('/cold'))
  const rows = cold.flatMap(({ workload, impl, median }) => {
    const warm = results.find((result) => result.impl === impl && `${result.workload}/cold` === workload)
    const panel = workload.slice(0, -'/cold'.length)
    return [
      { panel, label: `${impl}, first`, value: median, from: 0 },
      ...(warm ? [{ panel, label: `${impl}, further`, value: warm.median, from: 0 }] : []),
    ]
  })
  if (rows.length === 0) return null
  return bars(document, {
    file: 'search.svg',
    alt: 'Milliseconds from a text to its hits, the first time and later',
    rows,
    x: { label: 'ms from a text to its hits', domain: [0, 1.15 * Math.max(...rows.map(({ value }) => value))] },
    text: (value) => value.toFixed(value < 10 ? 1 : 0),
  })
}

interface Bars {
  file: string
  alt: string
  rows: { panel: string; label: string; value: number; from: number }[]
  x: Plot.ScaleOptions
  text(value: number): string
}

function bars(document: Document, { file, alt, rows, x, text }: Bars): Picture {
  const panels = [...new Set(rows.map(({ panel }) => panel))]
  const labels = [...new Set(rows.map(({ label }) => label))]
  const svg = Plot.plot({
    document,
    style: STYLE,
    width: WIDTH,
    height: 80 + panels.length * (30 + labels.length * ROW),
    marginLeft: LEFT,
    marginRight: 40,
    marginTop: 34,
    marginBottom: 46,
    fy: { label: null, domain: panels, axis: null, padding: 0.12 },
    y: { label: null, domain: labels, tickSize: 0, padding: 0.25 },
    x: { grid: true, labelOffset: 40, ticks: 6, ...x },
    marks: [
      panelTitles(panels),
      Plot.barX(rows, {
        fy: 'panel',
        y: 'label',
        x1: 'from',
        x2: 'value',
        fill: BLUE,
      }),
      Plot.text(rows, {
        fy: 'panel',
        y: 'label',
        x: (row: { value: number; from: number }) => Math.max(row.value, row.from),
        text: (row: { value: number }) => text(row.value),
        textAnchor: 'start',
        dx: 4,
      }),
      Plot.ruleX([rows[0].from]),
    ],
  } as Plot.PlotOptions)
  return { file, alt, svg: serialize(svg) }
}

/** Time of one MaxSim over indexes of several sizes; both axes are logarithmic. */
function drawSizes({ results }: Report, document: Document): Picture | null {
  const points = results.flatMap((result) => {
    const found = /^maxsim-(\d+)(k?)\/(.+)$/.exec(result.workload)
    if (!found || isKernel(result)) return []
    const [, count, thousand, panel] = found
    return [{ panel, impl: result.impl, passages: Number(count) * (thousand ? 1000 : 1), ms: result.median }]
  })
  const sizesOf = (name: string) =>
    new Set(points.filter(({ panel }) => panel === name).map(({ passages }) => passages))
  const panels = [...new Set(points.map(({ panel }) => panel))].filter((name) => sizesOf(name).size > 1)
  const shown = points.filter(({ panel }) => panels.includes(panel))
  if (shown.length === 0) return null
  const impls = [...new Set(shown.map(({ impl }) => impl))]
  const last = shown.filter(
    ({ panel, impl, passages }) =>
      !shown.some((other) => other.panel === panel && other.impl === impl && other.passages > passages),
  )
  const svg = Plot.plot({
    document,
    style: STYLE,
    width: WIDTH,
    height: 70 + panels.length * 190,
    marginLeft: 64,
    marginRight: 100,
    marginTop: 34,
    marginBottom: 46,
    fy: { label: null, domain: panels, axis: null, padding: 0.14 },
    x: { type: 'log', label: 'passages', labelOffset: 40, grid: true, ticks: 4, tickFormat: '~s' },
    y: { type: 'log', label: 'ms for one query of 32 rows', grid: true, ticks: 4, tickFormat: '~r' },
    color: { domain: impls, range: LINES },
    marks: [
      panelTitles(panels),
      Plot.lineY(shown, { fy: 'panel', x: 'passages', y: 'ms', stroke: 'impl', strokeWidth: 2 }),
      Plot.dot(shown, { fy: 'panel', x: 'passages', y: 'ms', fill: 'impl', r: 4 }),
      Plot.text(last, { fy: 'panel', x: 'passages', y: 'ms', text: 'impl', fill: 'impl', textAnchor: 'start', dx: 8 }),
    ],
  } as Plot.PlotOptions)
  return { file: 'sizes.svg', alt: 'Time of MaxSim by the number of passages', svg: serialize(svg) }
}

/** The name of each panel, above it. */
function panelTitles(panels: readonly string[]) {
  const name = (panel: string) => panel
  return Plot.text(panels, { fy: name, text: name, frameAnchor: 'top-left', dy: -13, fontWeight: 'bold' })
}
