import type { Hit, PassageHit } from '../index.ts'
import { bestPart, marksOf } from './snippet.ts'

/** UTF-16 units of a text fragment at most: enough to be found, few enough to lie within one line of the page. */
const FRAGMENT = 60

/**
 * Where a passage lies on the web: the hit's `url` at the passage's anchor, or else with a text fragment.
 * @returns null without a `url`, or where it leads elsewhere than to the web, such as `javascript:`
 */
export function addressOf(hit: Hit, passage: PassageHit, base: string): string | null {
  if (!hit.url || !URL.canParse(hit.url, base)) return null
  const url = new URL(hit.url, base)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  if (passage.anchor) {
    url.hash = passage.anchor
    return url.href
  }
  const fragment = textFragment(passage)
  if (!fragment) return url.href
  return `${url.href}${url.hash ? '' : '#'}:~:text=${fragment}`
}

/** The words around the best one, from one line. See https://wicg.github.io/scroll-to-text-fragment/ */
function textFragment(passage: PassageHit): string {
  const { text } = passage
  const marks = marksOf(passage)
  const best = marks.reduce<number>((best, [, , weight], i) => (weight > marks[best][2] ? i : best), 0)
  const at = marks[best]?.[0] ?? text.length - text.trimStart().length
  const from = text.lastIndexOf('\n', at - 1) + 1
  const end = text.indexOf('\n', at)
  const line = text.slice(from, end < 0 ? text.length : end)
  const around = marks.slice(best, best + 1).map(([start, end, weight]) => [start - from, end - from, weight] as const)
  const words = line.slice(...bestPart(line, around, FRAGMENT)).replace(/\s+/g, ' ')
  // A dash is part of the syntax, and halves of surrogate pairs cannot be encoded.
  return encodeURIComponent(words.replace(/\p{Surrogate}/gu, '\ufffd')).replaceAll('-', '%2D')
}
