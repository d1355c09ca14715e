import { type Mark, within } from './snippet.ts'

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>

/** An element with its attributes and children. Strings only ever become text nodes. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  set(element, attributes)
  element.append(...children)
  return element
}

/** Sets attributes; `true` leaves the value empty, null, undefined and false remove it. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes))
    if (value === null || value === undefined || value === false) element.removeAttribute(name)
    else element.setAttribute(name, value === true ? '' : String(value))
}

/** Part of a text, its marked words in `<mark>`; how much each weighs is in `--weight`, 1 for the most. */
export function marked(text: string, marks: readonly Mark[], from = 0, to = text.length): Node[] {
  const shown = within(marks, from, to)
  const most = Math.max(...marks.map(([, , weight]) => weight)) || 1
  const nodes: Node[] = []
  let at = from
  for (const [start, end, weight] of shown) {
    const mark = make('mark', { part: 'mark' }, text.slice(start, end))
    mark.style.setProperty('--weight', (weight / most).toFixed(2))
    nodes.push(document.createTextNode(text.slice(at, start)), mark)
    at = end
  }
  nodes.push(document.createTextNode(text.slice(at, to)))
  return nodes
}

/** An icon of strokes in a square of 16. */
export function icon(path: string): SVGElement {
  const namespace = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(namespace, 'svg')
  set(svg, { viewBox: '0 0 16 16', 'aria-hidden': 'true', class: 'icon' })
  const stroke = document.createElementNS(namespace, 'path')
  set(stroke, { d: path })
  svg.append(stroke)
  return svg
}
