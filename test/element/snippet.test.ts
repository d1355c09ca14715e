import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bestPart, type Mark, marksOf, within } from '../../src/element/snippet.ts'

const mark = (text: string, word: string, weight = 0.5, from = 0): Mark => {
  const start = text.indexOf(word, from)
  return [start, start + word.length, weight]
}
const part = (text: string, marks: Mark[], length: number, from = 0) =>
  text.slice(...bestPart(text, marks, length, from))

const FILLER = 'Waves come and go below it, day after day. '.repeat(20)

describe('the part of a passage that is shown', () => {
  test('is all of a short text, without white space at its ends', () => {
    expect(part('  A lamp.\n', [], 100)).toBe('A lamp.')
    expect(part(' \n ', [], 100)).toBe('')
    expect(part('', [], 100)).toBe('')
  })

  test('begins at the beginning where nothing is marked', () => {
    const shown = part(FILLER, [], 100)
    expect(FILLER.startsWith(shown)).toBe(true)
    expect(shown.length).toBeGreaterThan(80)
    expect(shown.length).toBeLessThanOrEqual(100)
  })

  test('holds the words with the most weight together, in its middle', () => {
    const text = `A weak word. ${FILLER}A strong lamp with a strong light. ${FILLER}Another weak word.`
    const marks = [
      mark(text, 'weak', 0.3),
      mark(text, 'lamp', 0.3),
      mark(text, 'light', 0.2),
      mark(text, 'weak', 0.3, 100),
    ]
    const [from, to] = bestPart(text, marks, 120)
    expect(text.slice(from, to)).toContain('lamp with a strong light')
    const [before, after] = [marks[1][0] - from, to - marks[2][1]]
    expect(Math.abs(before - after)).toBeLessThan(20)
  })

  test('cuts between words', () => {
    const text = `${FILLER}lamp ${FILLER}`
    const shown = part(text, [mark(text, 'lamp')], 101)
    const words = new Set(text.split(/\s+/))
    expect(shown.split(/\s+/).filter((word) => !words.has(word))).toEqual([])
  })

  test('begins and ends with no punctuation that hangs on to what is left out', () => {
    const text = `${'aaa, '.repeat(30)}lamp ${'(bbb) '.repeat(30)}`
    for (let length = 40; length < 60; length++) {
      const shown = part(text, [mark(text, 'lamp')], length)
      expect(shown).toMatch(/^aaa, /)
      expect(shown).toMatch(/ \(bbb\)?$/)
    }
  })

  test('cuts a text without spaces between its words, and never within a character', () => {
    const japanese = 'すもももももももものうち。'.repeat(20)
    expect(part(japanese, [[100, 102, 1]], 40).length).toBeGreaterThan(20)
    const families = '👨‍👩‍👧‍👦'.repeat(100)
    const shown = part(families, [[0, 11, 1]], 50)
    expect(shown.length % '👨‍👩‍👧‍👦'.length).toBe(0)
    expect(shown).not.toBe('')
    const accents = 'e\u0301'.repeat(500)
    expect(part(accents, [[300, 302, 1]], 51).length % 2).toBe(0)
  })

  test('cuts a word that is longer than all there is room for', () => {
    const shown = part('x'.repeat(100_000), [[50_000, 90_000, 1]], 60)
    expect(shown).toBe('x'.repeat(60))
  })

  test('leaves out what comes before', () => {
    const text = `The lamp\nThe lamp turns. ${FILLER}`
    expect(part(text, [mark(text, 'lamp')], 60, 'The lamp'.length)).toMatch(/^The lamp turns\./)
  })

  test('for any text and marks it is a part of the text, no longer than asked, with no marked word of its middle lost', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 400 })
    const marks = fc.array(fc.tuple(fc.nat(400), fc.nat(20), fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(text, marks, fc.integer({ min: 1, max: 120 }), (text, raw, length) => {
        const highlights = raw.map(([start, size, weight]) => [start, start + size, weight] as [number, number, number])
        const sane = marksOf({ text, highlights })
        const [from, to] = bestPart(text, sane, length)
        expect(from).toBeGreaterThanOrEqual(0)
        expect(to).toBeGreaterThanOrEqual(from)
        expect(to).toBeLessThanOrEqual(text.length)
        expect(to - from).toBeLessThanOrEqual(length)
        const short = sane.filter(([start, end]) => end - start <= length && text.slice(start, end).trim() !== '')
        if (short.some(([, , weight]) => weight > 0)) expect(within(sane, from, to)).not.toEqual([])
      }),
    )
  })
})

describe('marks', () => {
  test('of an index from elsewhere are those that can be drawn', () => {
    const highlights = [
      [8, 12, 2],
      [4, 7, -1],
      [6, 9, 0.5],
      [0, 3, Number.NaN],
      [12, 12, 0.5],
      [13, 99, 0.5],
      [-1, 2, 0.5],
      [0.5, 2, 0.5],
    ] as [number, number, number][]
    expect(marksOf({ text: 'The old lamp turns', highlights })).toEqual([
      [0, 3, 0],
      [4, 7, 0],
      [8, 12, 1],
    ])
  })

  test('are cut at the ends of a range', () => {
    const marks: Mark[] = [
      [0, 4, 0.1],
      [6, 10, 0.2],
      [12, 20, 0.3],
    ]
    expect(within(marks, 4, 15)).toEqual([
      [6, 10, 0.2],
      [12, 15, 0.3],
    ])
  })
})
