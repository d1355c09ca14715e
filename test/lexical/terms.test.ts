import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../src/lexical/fold.ts'
import { documentTerms, isStopWord, queryTerms, runs } from '../../src/lexical/terms.ts'

const ofDocument = (text: string, english = true) => runs(fold(text)).flatMap((run) => documentTerms(run, english))
const ofQuery = (text: string, english = true) => runs(fold(text)).flatMap((run) => queryTerms(run, english))

describe('fold', () => {
  it.each([
    ['Élan ÉLAN e\u0301lan', 'elan elan elan'],
    ['Straße STRASSE STRAẞE', 'strasse strasse strasse'],
    ['Łódź Tromsø Ærø cœur', 'lodz tromso aero coeur'],
    ['Ёлка йод', 'елка иод'],
    ['ΟΔΟΣ οδός', 'οδοσ οδοσ'],
    ['İstanbul', 'istanbul'],
    ['كِتَابٌ كتـــاب أحمد', 'كتاب كتاب احمد'],
    ['שָׁלוֹם', 'שלום'],
    ['ｶﾞｲﾄﾞ か\u3099 か', 'ガイド が か'],
    ['한국어', '한국어'],
    ['हिन्दी', 'हिन्दी'],
    ['ﬁbre ＡＢＣ', 'fibre abc'],
    ['co\u00ADoperate don’t', "cooperate don't"],
  ])('%s', (text, expected) => {
    expect(fold(text)).toBe(expected)
  })

  it('changes nothing the second time, nor by case or composition', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fold(fold(text))).toBe(fold(text))
        expect(fold(text.normalize('NFD'))).toBe(fold(text))
        expect(fold(text.toUpperCase())).toBe(fold(text))
      }),
    )
  })
})

describe('terms', () => {
  it.each([
    ['Lamps BURNING all night.', ['lamp', 'burn', 'all', 'night']],
    ["Newton's laws don’t rest", ['newton', 'law', 'dont', 'rest']],
    ['p53 and 1,000 µm', ['p53', 'and', '1', '000', 'μm']],
    ['Élan vital; naïve', ['elan', 'vital', 'naive']],
    ['梅雨の季節', ['梅雨', '雨の', 'の季', '季節', '節']],
    ['ｶﾞｲﾄﾞ、コーヒー。', ['ガイ', 'イド', 'ド', 'コー', 'ーヒ', 'ヒー', 'ー']],
    ['東京tower 京', ['東京', '京', 'tower', '京']],
    ['𠮷野家', ['𠮷野', '野家', '家']],
    ['한국어 поиск', ['한국', '국어', '어', 'поиск']],
    ['Ελλάδα كتاب हिन्दी', ['ελλαδα', 'كتاب', 'हिन्दी']],
    ['ภาษา', ['ภา', 'าษ', 'ษา', 'า']],
    ['fire🔥🔥 👩🏽‍🚀 🇫🇷 ❤️', ['fire', '🔥', '🔥', '👩', '🚀', '🇫🇷', '❤']],
    ['… — 。「」', []],
    ['', []],
  ])('of a document: %j', (text, terms) => {
    expect(ofDocument(text)).toEqual(terms)
  })

  it.each([
    ['梅雨の季節', ['梅雨', '雨の', 'の季', '季節']],
    ['京', ['京']],
    ['lamps', ['lamp']],
  ])('of a query: %j', (text, terms) => {
    expect(ofQuery(text)).toEqual(terms)
  })

  it('leaves endings as they are where the language is another', () => {
    expect(ofDocument('Lamps burning', false)).toEqual(['lamps', 'burning'])
  })

  it('knows stop words, whatever their case', () => {
    expect(runs(fold('The lamp IS')).map(isStopWord)).toEqual([true, false, true])
  })

  it('lose no letter, no digit and no emoji, but in English endings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const joined = ofDocument(text, false).join('')
        for (const character of fold(text).match(/[\p{L}\p{N}\p{Emoji_Presentation}]/gu) ?? []) {
          if (!/\p{Emoji_Modifier}/u.test(character)) expect(joined).toContain(character)
        }
      }),
    )
  })

  it('of a query are among those of a document with the same text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const document = ofDocument(text)
        for (const term of ofQuery(text)) expect(document).toContain(term)
      }),
    )
  })
})
