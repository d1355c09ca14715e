/** Results as a page of Markdown. */
import type { Report, Result, Roofline } from './result.ts'

/** Of what everything else is compared with. */
export const OURS = 'maxsift'

/** Workloads whose implementations are the variants of one kernel of ours: no comparison with others. */
export const isKernel = ({ workload }: Result) => /^(gemm|attention|add \+ norm)/.test(workload)

export interface Ratio {
  workload: string
  peer: string
  /** How many times faster we are; below 1 we lose. */
  ratio: number
}

/** Ours against each peer, in every workload that both ran. */
export function ratios({ results }: { results: readonly Result[] }): Ratio[] {
  return results.flatMap((result) => {
    const { workload, impl, unit, median } = result
    const ours = results.find((other) => other.workload === workload && other.impl === OURS)
    if (!ours || impl.startsWith(OURS) || isKernel(result)) return []
    return [{ workload, peer: impl, ratio: unit === 'ms' ? median / ours.median : ours.median / median }]
  })
}

/** `google-swiftshader-chromium`: the adapter without its versions, and what it was asked through. */
export function folderName({ adapter, backend }: Pick<Report, 'adapter' | 'backend'>): string {
  const [device] = adapter.split(/[(:]/)
  const words = `${device} ${backend}`.toLowerCase().split(/[^a-z0-9]+/)
  return [...new Set(words)].filter((word) => !/^(|in|device|llvm|bits|\d+|0x.*)$/.test(word)).join('-')
}

export function writeMarkdown(report: Report, pictures: readonly { file: string; alt: string }[]): string {
  const { adapter, backend, software, busy = 0, versions, commit, date, seconds } = report
  const { roofline, counts, results, skipped } = report
  const encoded = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const kernels = results.filter(isKernel)
  const sections = [
    `# Bench on ${adapter}`,
    `${backend}; ${encoded.join(', ')}; commit ${commit}; ${date.slice(0, 10)}${seconds ? `, in ${figure(seconds / 60)} minutes` : ''}.`,
    software
      ? 'A software adapter: sizes are scaled down, and what is fast here says little about GPUs.'
      : 'Medians of interleaved runs.',
    busy > 0.1
      ? `The machine was not ours alone: other programs took ${Math.round(100 * busy)} % of its cores. Times and shares of the roofline are worth little then, ratios a little more.`
      : '',
    ...pictures.map(({ file, alt }) => `![${alt}](${file})`),
    `## The adapter at its best\n\n${rooflineTable(roofline)}`,
    `## Results\n\nRatio: how many times faster ${OURS} is. Roof: the time that the adapter at its best would need, divided by the time taken.\n\n${resultTable(results.filter((result) => !isKernel(result)))}`,
    losses(report),
    kernels.length > 0 ? `## Kernels\n\n${resultTable(kernels)}` : '',
    `## Counts\n\n${table(
      ['', 'count'],
      Object.entries(counts).map(([name, value]) => [name.replaceAll('_', ' '), figure(value)]),
    )}`,
    skipped.length > 0
      ? `## Not measured\n\n${skipped.map(({ impl, reason }) => `- ${impl}: ${reason}`).join('\n')}`
      : '',
  ]
  return `${sections.filter(Boolean).join('\n\n')}\n`
}

function rooflineTable(roofline: Roofline): string {
  const giga = (value: number | null, unit: string) =>
    value === null ? 'not offered' : `${figure(value / 1e9)} ${unit}`
  return table(
    ['', ''],
    [
      ['f32 multiply-adds, each as two', giga(roofline.flops, 'GFLOP/s')],
      ['f16 multiply-adds', giga(roofline.flops_f16, 'GFLOP/s')],
      ['packed signed bytes', giga(roofline.ops_int8, 'GOP/s')],
      ['read from memory', giga(roofline.bytes_per_s, 'GB/s')],
      ['read from a cache', giga(roofline.cached_bytes_per_s, 'GB/s')],
      ['one more dispatch', `${figure(roofline.dispatch_us)} µs`],
      ['a submission with a small readback', `${figure(roofline.readback_us)} µs`],
    ],
  )
}

function resultTable(results: readonly Result[]): string {
  const all = ratios({ results })
  return table(
    ['workload', 'by', 'median', 'from', 'to', 'runs', 'ratio', 'roof'],
    results.map(({ workload, impl, unit, median, min, max, n, share }) => {
      const ratio = all.find((other) => other.workload === workload && other.peer === impl)?.ratio
      return [
        workload,
        impl,
        `${figure(median)} ${unit}`,
        figure(min),
        figure(max),
        String(n),
        ratio === undefined ? '' : `${figure(ratio)}×`,
        share === undefined ? '' : `${figure(100 * share)} %`,
      ]
    }),
  )
}

function losses(report: Report): string {
  const lost = ratios(report).filter(({ ratio }) => ratio < 1)
  if (lost.length === 0) return ''
  const lines = lost
    .sort((a, b) => a.ratio - b.ratio)
    .map(({ workload, peer, ratio }) => `- ${workload}: ${peer} is ${figure(1 / ratio)} times faster`)
  return `## Where we lose\n\n${lines.join('\n')}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i < 2 ? '---' : '---:'))), ...rows.map(line)].join('\n')
}

/** Three significant digits, whole numbers as they are. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}
