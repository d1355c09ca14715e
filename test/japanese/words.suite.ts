/** Equality with MeCab (fugashi) and unidic-lite; make.py made the goldens. */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Splitter } from '../../src/text/words.ts'
import { digest, digests, golden, openMorphemes, wordsOf } from './goldens.ts'
import { randomTexts } from './random-texts.ts'

describe('words of MeCab', () => {
  let split: Splitter
  const pieces: string[] = golden('pieces')

  beforeAll(async () => {
    split = await openMorphemes()
  })

  it('of hard strings', () => {
    for (const { text, words } of golden('cases')) expect(wordsOf(split, text), JSON.stringify(text)).toEqual(words)
  })

  it('of random texts', () => {
    const { last, words } = golden('random')
    const texts = randomTexts(pieces, 1000)
    expect(texts.at(-1)).toBe(last)
    const wanted = digests(words)
    expect(texts.filter((text, i) => digest(wordsOf(split, text)) !== wanted[i])).toEqual([])
  })

  it('of 100 kB and more, with and without a break', () => {
    const texts = {
      mixed: randomTexts(pieces, 1000).join(''),
      kanji: '漢字'.repeat(17000),
      katakana: 'アイウエオ'.repeat(7000),
      latin: 'a'.repeat(100000),
      known: '東京都に住む'.repeat(6000),
      // Ways of five phases never meet.
      periodic: 'が'.repeat(40000),
    }
    for (const [name, text] of Object.entries(texts)) {
      const words = wordsOf(split, text)
      expect([name, words.length, digest(words)]).toEqual([name, ...golden('long')[name]])
    }
  })

  it('lose nothing but white space, whatever the text', () => {
    // Halves of surrogate pairs and U+0000 too, for which MeCab has no answer.
    const unit = fc.oneof(
      fc.constantFrom(...pieces, '\0', '\ud800', '\udc00'),
      fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
    )
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 30 }), (parts) => {
        const text = parts.join('')
        let [at, rest, empty] = [0, '', 0]
        split(text, 0, text.length, (from, to) => {
          rest += text.slice(at, from)
          if (to <= from) empty++
          at = to
        })
        expect(empty).toBe(0)
        expect(rest + text.slice(at)).toMatch(/^[ \t\n\v]*$/)
      }),
      { numRuns: 100 },
    )
  })

  it('of a part of a text are those of the part alone', () => {
    const text = '吾輩は猫である。名前はまだ無い。'
    const words: string[] = []
    split(text, 2, 12, (from, to) => words.push(text.slice(from, to)))
    expect(words).toEqual(wordsOf(split, text.slice(2, 12)))
  })
})
