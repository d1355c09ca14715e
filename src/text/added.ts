/** Added tokens: markers such as `[MASK]` or `[unused0]`, found in a text before it is split into words. */
import { isWhiteSpace, isWord } from './unicode.ts'

export interface AddedToken {
  id: number
  content: string
  /** Found in the normalised text instead of the original. */
  normalized: boolean
  /** Only where no letter or digit touches it. */
  singleWord: boolean
  /** Takes the white space before it, or after it, into itself. */
  lstrip: boolean
  rstrip: boolean
  special: boolean
}

export interface Match {
  id: number
  start: number
  end: number
}

/** Finds tokens by what they look like; at one place the longest wins. */
export type Finder = (text: string) => Match[]

export function createFinder(tokens: ReadonlyMap<string, AddedToken>): Finder {
  const contents = [...tokens.keys()].filter((content) => content !== '')
  if (contents.length === 0) return () => []
  contents.sort((a, b) => b.length - a.length)
  const pattern = new RegExp(contents.map((c) => c.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'gu')
  return (text) => {
    const matches: Match[] = []
    let last = 0
    for (const found of text.matchAll(pattern)) {
      const token = tokens.get(found[0]) as AddedToken
      let start = found.index
      let end = start + found[0].length
      if (start < last) continue
      if (token.singleWord && (isWord(codePointBefore(text, start)) || isWord(codePointAt(text, end)))) continue
      if (token.lstrip) while (start > last && isWhiteSpace(text[start - 1])) start--
      if (token.rstrip) while (end < text.length && isWhiteSpace(text[end])) end++
      matches.push({ id: token.id, start, end })
      last = end
    }
    return matches
  }
}

const codePointAt = (text: string, at: number) =>
  at < text.length ? String.fromCodePoint(text.codePointAt(at) as number) : ''

function codePointBefore(text: string, at: number): string {
  const low = at > 1 && /[\udc00-\udfff]/.test(text[at - 1]) && /[\ud800-\udbff]/.test(text[at - 2])
  return text.slice(Math.max(0, at - (low ? 2 : 1)), at)
}
