import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as unicode from '../../src/text/unicode.ts'

const classes = JSON.parse(readFileSync(new URL('../goldens/text/classes.json', import.meta.url), 'utf8'))

/** The reference's table as a set of code points. */
function points(ranges: string): Set<number> {
  const set = new Set<number>()
  for (const range of ranges.split(' ')) {
    const [from, to = from] = range.split('-').map((hex) => Number.parseInt(hex, 16))
    for (let point = from; point <= to; point++) set.add(point)
  }
  return set
}

// The exclusions in unicode.ts are complete up to Unicode 17; a later engine may know more characters.
const later = Number.parseFloat(process.versions.unicode ?? '') > 17
describe.skipIf(later)('character classes equal the reference for every code point (engine with Unicode ≤ 17)', () => {
  it.each([
    ['dropped', (c: string) => unicode.isDropped(c) && !'\t\n\r'.includes(c)],
    ['nonspacing', unicode.isNonspacing],
    ['punctuation', unicode.isPunctuation],
    ['whiteSpace', unicode.isWhiteSpace],
    ['han', unicode.isHan],
  ] as const)('%s', (name, test) => {
    const expected = points(classes[name])
    const wrong: string[] = []
    for (let point = 0; point < 0x110000; point++) {
      if (point >= 0xd800 && point < 0xe000) continue
      if (test(String.fromCodePoint(point)) !== expected.has(point)) wrong.push(point.toString(16))
    }
    expect(wrong).toEqual([])
  })
})
