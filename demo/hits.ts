import type { Explanation, Hit, PassageHit } from 'maxsift'

/** One hit as a list item. Texts only ever become text nodes, and links only lead to the web. */
export function hitElement(hit: Hit, remove: () => void): HTMLElement {
  const heading = element('h2', link(hit))
  const why = element('div', `relevance ${hit.relevance.toFixed(2)} · MaxSim ${hit.score.toFixed(2)}`)
  why.className = 'why'
  if (hit.explain) why.append(explanation(hit.explain, hit.score))
  const button = element('button', 'Remove')
  button.type = 'button'
  button.setAttribute('aria-label', `Remove ${hit.title ?? hit.id}`)
  button.addEventListener('click', remove)
  why.append(button)
  const item = element('li', heading)
  if (hit.passage.heading) item.append(element('p', hit.passage.heading))
  item.append(passage(hit.passage), why)
  return item
}

function link(hit: Hit): Node {
  const text = hit.title || hit.id
  if (!hit.url) return document.createTextNode(text)
  const url = new URL(hit.url, document.baseURI)
  if (!/^https?:$/.test(url.protocol)) return document.createTextNode(text)
  if (hit.passage.anchor) url.hash = hit.passage.anchor
  const anchor = element('a', text)
  anchor.href = url.href
  return anchor
}

/** The passage with the words that made its score marked, in three steps of weight. */
function passage({ text, highlights }: PassageHit): HTMLElement {
  const paragraph = element('p')
  const most = Math.max(...highlights.map(([, , weight]) => weight))
  let from = 0
  for (const [start, end, weight] of highlights) {
    const mark = element('mark', text.slice(start, end))
    mark.className = weight > 0.6 * most ? 'strong' : weight > 0.3 * most ? 'some' : 'weak'
    paragraph.append(text.slice(from, start), mark)
    from = end
  }
  paragraph.append(text.slice(from))
  return paragraph
}

/** Each query token, its best document token and its share; the shares add up to the score. */
function explanation(rows: Explanation[], score: number): HTMLElement {
  const table = element('table')
  table.append(row('th', 'query token', 'best match', 'share'))
  for (const { token, match, share } of rows) table.append(row('td', token, match.token, share.toFixed(3)))
  table.append(row('td', 'score', '', score.toFixed(3)))
  return element('details', element('summary', 'Why'), table)
}

function row(cell: 'td' | 'th', ...texts: string[]): HTMLElement {
  return element('tr', ...texts.map((text) => element(cell, text)))
}

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, ...children: (Node | string)[]) {
  const made = document.createElement(name)
  made.append(...children)
  return made
}
