/** What the pictures of all reports have in common. */

/** A picture of a report: a whole SVG file. */
export interface Picture {
  file: string
  alt: string
  svg: string
}

export const STYLE = { background: 'white', color: '#222', fontSize: '12px', fontFamily: 'system-ui, sans-serif' }
export const WIDTH = 760

export function serialize(svg: Element): string {
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  return `${svg.outerHTML}\n`
}
