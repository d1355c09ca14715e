import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apportion, type Heat, heatOf } from '../../src/element/heat.ts'
import type { Explanation } from '../../src/index.ts'

const TEXT = 'The lamp of the old lighthouse turns once in nine seconds, and its light reaches far ships by night.'
const QUERY = 'lighthouse lamp'

const token = (token: string, share: number, at: [number, number] | null, kind: Explanation['kind'] = 'text') => {
  const [start, end] = at ?? [-1, -1]
  const place = kind === 'text' ? QUERY.indexOf(token.replace('##', '')) : -1
  const own = { token, kind, share, start: place, end: place < 0 ? -1 : place + token.replace('##', '').length }
  return { ...own, match: { token: TEXT.slice(start, end), start, end } } satisfies Explanation
}
const at = (word: string): [number, number] => [TEXT.indexOf(word), TEXT.indexOf(word) + word.length]

const EXPLANATION = [
  token('[CLS]', 0.111, null, 'marker'),
  token('light', 0.923, at('light')),
  token('##house', 0.874, [at('lighthouse')[0] + 5, at('lighthouse')[1]]),
  token('lamp', 0.955, at('lamp')),
  token('[SEP]', -0.02, at('seconds'), 'marker'),
  token('[MASK]', 0.333, at('lamp'), 'expansion'),
  token('[MASK]', 0.444, at('lamp'), 'expansion'),
  token('[MASK]', 0.222, at('ships'), 'expansion'),
]
const SCORE = EXPLANATION.reduce((sum, { share }) => sum + share, 0)

const total = (values: (number | null)[]) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0)

function expectAddingUp({ rows, columns, sums, score }: Heat): void {
  for (const { cells, sum } of rows) {
    expect(cells).toHaveLength(columns.length)
    expect(total(cells)).toBe(sum)
  }
  for (const [column, sum] of sums.entries()) expect(total(rows.map(({ cells }) => cells[column]))).toBe(sum)
  expect(total(sums)).toBe(score)
  expect(total(rows.map(({ sum }) => sum))).toBe(score)
}

describe('heat map', () => {
  const heat = heatOf(QUERY, TEXT, EXPLANATION, SCORE)

  test('has the words that were met as columns, in the order of the text', () => {
    expect(heat.columns).toEqual([
      { kind: 'word', word: 'lamp' },
      // Two pieces of one word met it.
      { kind: 'word', word: 'lighthouse' },
      { kind: 'word', word: 'seconds' },
      { kind: 'word', word: 'ships' },
      { kind: 'outside', word: '' },
    ])
  })

  test('has a row for each token of the query, and one for all of each other kind', () => {
    expect(heat.rows.map(({ kind, token, count }) => [kind, token, count])).toEqual([
      ['marker', '[CLS]', 2],
      ['text', 'light', 1],
      ['text', 'house', 1],
      ['text', 'lamp', 1],
      ['expansion', '[MASK]', 3],
    ])
    expect(heat.rows[0].cells).toEqual([null, null, -2, null, 11])
    expect(heat.rows[1].cells).toEqual([null, 92, null, null, null])
  })

  test('adds up, as it is shown', () => {
    expect(heat.score).toBe(Math.round(100 * SCORE))
    expectAddingUp(heat)
  })

  test('gathers the words for which there is no room', () => {
    const words = [...TEXT.matchAll(/\w+/g)].map((match) => match.index)
    const many = words.map((start, i) => ({
      ...token('[MASK]', 0.1 + i / 100, [start, start + 1]),
      start: 0,
      end: 1,
    }))
    const score = many.reduce((sum, { share }) => sum + share, 0)
    const { columns, ...rest } = heatOf('x', TEXT, many, score)
    expect(columns.filter(({ kind }) => kind === 'word')).toHaveLength(12)
    expect(columns.at(-1)).toEqual({ kind: 'others', word: '' })
    expectAddingUp({ columns, ...rest })
  })

  test('adds up for any shares', () => {
    const shares = fc.array(fc.tuple(fc.double({ min: -1, max: 1, noNaN: true }), fc.integer({ min: -1, max: 99 })), {
      minLength: 1,
      maxLength: 64,
    })
    fc.assert(
      fc.property(shares, (shares) => {
        const rows = shares.map(([share, start]) => token('x', share, start < 0 ? null : [start, start + 1]))
        const score = Math.fround(rows.reduce((sum, { share }) => sum + share, 0))
        const heat = heatOf('x', TEXT, rows, score)
        expectAddingUp(heat)
        expect(Math.abs(heat.score / 100 - score)).toBeLessThan(0.006)
      }),
    )
  })

  test('parts are rounded by at most one hundredth', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 }), (parts) => {
        const whole = parts.reduce((sum, part) => sum + part, 0)
        const rounded = apportion(parts, whole)
        expect(total(rounded)).toBe(Math.round(100 * whole) + 0)
        for (const [i, part] of parts.entries()) expect(Math.abs(rounded[i] / 100 - part)).toBeLessThan(0.0101)
      }),
    )
  })

  test('parts of another whole add up to their own', () => {
    expect(apportion([0.5, 0.25], 7)).toEqual([50, 25])
    expect(apportion([], 7)).toEqual([])
  })
})
