/** How fast this device is: runs the bench in a worker, shows its results, and lets them be copied. */
import { figure, ratios, writeMarkdown } from '../../bench/report.ts'
import type { Report, Result } from '../../bench/result.ts'
import type { Extent } from '../../bench/shapes.ts'
import { element } from '../reader/dom.ts'
import { button } from '../ui/button.ts'
import address from './measuring.ts?worker&url'
import type { Told } from './told.ts'

const COMMIT = import.meta.env.VITE_COMMIT ?? 'unknown'

const state = element('p', { role: 'status' })
const result = element('div', {})
const start = [
  button('Measure, about a minute', () => run('short')),
  button('Measure everything, ten minutes and more', () => run('full'), { class: 'quiet' }),
]
const stop = button('Stop', () => end('Stopped.'), { hidden: true })
let worker: Worker | null = null

document
  .querySelector('main')!
  .replaceChildren(
    element(
      'p',
      {},
      'Encodes texts and searches passages with the kernels of maxsift on the GPU of this device, beside plain JavaScript and a naive kernel, and first measures what the GPU can do at best. The models have random weights of real sizes: nothing is downloaded, and nothing leaves this device unless you copy it.',
    ),
    element('div', { class: 'row' }, ...start, stop),
    state,
    result,
  )

function run(extent: Extent): void {
  if (!('gpu' in navigator)) {
    state.textContent = 'This browser has no WebGPU, or the page is not served over HTTPS.'
    return
  }
  result.replaceChildren()
  running(true)
  state.textContent = 'Starting …'
  worker = startWorker()
  worker.addEventListener('message', ({ data }: MessageEvent<Told>) => {
    if ('line' in data) state.textContent = `Measuring: ${data.line} …`
    else if ('failure' in data) end(`It failed: ${data.failure}`)
    else {
      end(`Done: ${data.report.adapter || 'a GPU that does not say its name'}.`)
      show(data.report)
    }
  })
  worker.addEventListener('error', ({ message }) => end(`It failed: ${message || 'its script could not be loaded'}`))
  worker.postMessage({ extent, commit: COMMIT })
}

function end(text: string): void {
  worker?.terminate()
  worker = null
  running(false)
  state.textContent = text
}

function running(is: boolean): void {
  for (const each of start) each.hidden = is
  stop.hidden = !is
}

function startWorker(): Worker {
  // Under `require-trusted-types-for 'script'` a worker's address has to come from a policy.
  const { trustedTypes } = globalThis as unknown as {
    trustedTypes?: { createPolicy(name: string, rules: Rules): Rules }
  }
  policy ??= trustedTypes?.createPolicy('maxsift-bench', { createScriptURL: (url) => (url === address ? url : '') })
  return new Worker(policy?.createScriptURL(address) ?? address, { type: 'module', name: 'bench' })
}

interface Rules {
  createScriptURL(url: string): string
}

let policy: Rules | undefined

function show(report: Report): void {
  const text = element('textarea', { readonly: true, 'aria-label': 'The report as text' }, writeMarkdown(report, []))
  const copied = element('span', { role: 'status', class: 'faint' })
  const copy = async (value: string) => {
    // Where a page may not write to the clipboard, the text is selected for a person to copy.
    copied.textContent = await navigator.clipboard.writeText(value).then(
      () => 'Copied.',
      () => {
        text.select()
        return 'Not allowed here: the text below is selected.'
      },
    )
  }
  result.replaceChildren(
    element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Results' }, table(report)),
    element(
      'p',
      { class: 'faint' },
      'Times faster: how many times faster maxsift is. Of the possible: the time that this GPU at its best would need, divided by the time taken.',
    ),
    element(
      'div',
      { class: 'row' },
      button('Copy as text', () => void copy(text.value)),
      button('Copy as data', () => void copy(JSON.stringify(report))),
      copied,
    ),
    text,
  )
}

function table(report: Report): HTMLTableElement {
  const all = ratios(report)
  const row = ({ workload, impl, median, unit, share }: Result) => {
    const ratio = all.find((other) => other.workload === workload && other.peer === impl)?.ratio
    const numbers = [
      `${figure(median)} ${unit}`,
      ratio === undefined ? '' : `${figure(ratio)}×`,
      share === undefined ? '' : `${figure(100 * share)} %`,
    ].map((text) => element('td', { class: 'number' }, text))
    const name = element('th', { scope: 'row' }, workload)
    return element('tr', { class: impl === 'maxsift' && 'own' }, name, element('td', {}, impl), ...numbers)
  }
  const head = ['What', 'By', 'Median', 'Times faster', 'Of the possible'].map((text, i) =>
    element('th', { scope: 'col', class: i > 1 && 'number' }, text),
  )
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...report.results.map(row)),
  )
}
