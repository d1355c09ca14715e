import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../src/lexical/fold.ts'
import { LexicalIndex } from '../../src/lexical/index.ts'
import { locateRuns, locateTerms } from '../../src/lexical/locate.ts'
import { documentTerms, runs } from '../../src/lexical/terms.ts'

describe('the places of terms', () => {
  it.each([
    ['The Lamps’ glow', ['The:the', 'Lamps:lamp', 'glow:glow']],
    ['E\u0301lan ﬁbre', ['E\u0301lan:elan', 'ﬁbre:fibre']],
    ["the keeper's don't", ['the:the', 'keeper:keeper', "don't:dont"]],
    ['in 北京市!', ['in:in', '北京:北京', '京市:京市', '市:市']],
    ['ｶﾞｲﾄﾞ', ['ｶﾞｲ:ガイ', 'ｲﾄﾞ:イド', 'ﾄﾞ:ド']],
    ['\u1100\u1161\u11a8 \u3131\u314f', ['\u1100\u1161\u11a8:각', '\u3131\u314f:가']],
    ['𠮷野', ['𠮷野:𠮷野', '野:野']],
    ['go 🚀 now', ['go:go', '🚀:🚀', 'now:now']],
  ])('%s', (text, expected) => {
    const found = locateTerms(text, true)
    expect(found.map(({ term, start, end }) => `${text.slice(start, end)}:${term}`)).toEqual(expected)
  })

  it('are those of all terms of a text, in order and within it', () => {
    const unit = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(' ', 'é', 'ß', '北', 'か', "don't ", '🚀', '\u1100', '\u1161', '\u314f', 'ᄀ', 'ｶ', 'ﾞ'),
    )
    fc.assert(
      fc.property(fc.array(unit), (parts) => {
        const text = parts.join('')
        const found = locateTerms(text, false)
        expect(found.map(({ term }) => term)).toEqual(runs(fold(text)).flatMap((run) => documentTerms(run, false)))
        found.forEach(({ start, end }, i) => {
          expect(start).toBeGreaterThanOrEqual(i === 0 ? 0 : found[i - 1].start)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(text.length)
        })
        expect(locateRuns(text).map((run) => run.text)).toEqual(runs(fold(text)).map((run) => run.text))
      }),
    )
  })
})

describe('explanations', () => {
  const passages = [
    { title: 'Lamps', text: 'The keeper lights the lamp. One lamp burns.' },
    { text: '北京市的灯塔 and a keeper' },
    { text: 'Nothing of that.' },
  ]
  const index = new LexicalIndex()
  for (const passage of passages) index.add(passage)

  it.each(['the lamp keeper', 'keepr lamps', '北京 keeper', '"the lamp" burns', 'to be', 'lam'])(
    'of %s add up to the score, and name what is met',
    (query) => {
      for (const typing of [false, true])
        for (const { ordinal, score } of index.search(query, { depth: 10, typing })) {
          const words = index.explain(query, ordinal, { typing })
          expect(words.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 12)
          for (const { share, matches } of words) {
            if (matches.length > 0) expect(share).toBeGreaterThan(0)
            for (const { start, end } of matches) expect(passages[ordinal].text.slice(start, end)).toMatch(/\S/)
          }
        }
    },
  )

  it('give the words of the query as they were typed, and all their places', () => {
    const query = 'The LAMP, keeper?'
    const words = index.explain(query, 0)
    expect(words.map(({ start, end }) => query.slice(start, end))).toEqual(['LAMP', 'keeper'])
    const { text } = passages[0]
    expect(words.map(({ matches }) => matches.map(({ start, end }) => text.slice(start, end)))).toEqual([
      ['lamp', 'lamp'],
      ['keeper'],
    ])
  })
})
