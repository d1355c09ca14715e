import type { Hit, PassageHit } from '../index.ts'
import { make, marked } from './dom.ts'
import { type Heat, heatOf } from './heat.ts'
import { marksOf } from './snippet.ts'

const PARTS = 'what each part of the query adds by its best match in the passage'

/** What a hit rests on: its passages in full, and how the best one comes to its score. */
export function whyView(hit: Hit, query: string): Node[] {
  const [best, ...others] = hit.passages
  const heat = hit.explain?.length ? heatOf(query, best.text, hit.explain, best.score) : null
  return [
    ...(hit.fusion ? [line(rankedBy(hit.fusion))] : []),
    ...(heat ? [] : [line(`Score ${best.score.toFixed(2)}`)]),
    whole(best),
    ...(heat ? [line(`Score ${figure(heat.score)}: ${PARTS}`), table(heat)] : []),
    ...others.flatMap((other) => [
      line(`Another passage of the same document, score ${other.score.toFixed(2)}`),
      whole(other),
    ]),
  ]
}

const scored = (score: number | undefined) => score?.toFixed(2) ?? 'not among the best'
const rankedBy = ({ score, semantic, lexical }: NonNullable<Hit['fusion']>) =>
  `Ranked by ${score.toFixed(2)}, of both: meaning ${scored(semantic)}, words ${scored(lexical)}`

const line = (text: string) => make('p', { class: 'faint' }, make('bdi', {}, text))

function whole(passage: PassageHit): Node {
  return make('p', { part: 'whole', class: 'whole', dir: 'auto' }, ...marked(passage.text, marksOf(passage)))
}

/** Query tokens by words of the passage. Colour repeats what the numbers say. */
function table({ columns, rows, sums, score }: Heat): Node {
  const most = Math.max(1, ...rows.flatMap(({ cells }) => cells.map((cell) => cell ?? 0)))
  const headers = columns.map(({ kind, word }) => {
    const label = { word, others: 'other words', outside: 'title, markers' }[kind]
    return make('th', { scope: 'col', class: kind }, make('bdi', {}, label))
  })
  const body = rows.map(({ kind, token, count, cells, sum }) => {
    const label = { text: token, marker: `markers × ${count}`, expansion: `expansion × ${count}` }[kind]
    const parts = cells.map((cell) => {
      const part = make('td', {}, cell === null ? '' : figure(cell))
      if (cell !== null) part.style.setProperty('--weight', (Math.max(0, cell) / most).toFixed(2))
      return part
    })
    return make('tr', {}, make('th', { scope: 'row', class: kind }, make('bdi', {}, label)), ...parts, total(sum))
  })
  const foot = make('tr', {}, make('th', { scope: 'row' }, 'sum'), ...sums.map(total), total(score))
  const grid = make(
    'table',
    { part: 'heat' },
    make(
      'thead',
      {},
      make('tr', {}, make('th', { scope: 'col' }, 'query'), ...headers, make('th', { scope: 'col' }, 'sum')),
    ),
    make('tbody', {}, ...body),
    make('tfoot', {}, foot),
  )
  // It scrolls where it is wide, so the keyboard must reach it.
  return make('div', { class: 'scroll', role: 'group', tabindex: 0, 'aria-label': 'Parts of the score' }, grid)
}

const total = (hundredths: number) => make('td', { class: 'sum' }, figure(hundredths))
const figure = (hundredths: number) => (hundredths / 100).toFixed(2)
