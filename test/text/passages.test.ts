import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { EncodingRules } from '../../src/model/spec.ts'
import { encodeText } from '../../src/text/encode.ts'
import { splitPassages } from '../../src/text/passages.ts'
import { plainSentenceEnds, sentences } from '../../src/text/sentences.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'

const { tokenizer: json } = JSON.parse(readFileSync(new URL('../goldens/text/uncased.json', import.meta.url), 'utf8'))
const tokenizer = new Tokenizer({ json })

const rules = (maxLength: number, prompt = ''): EncodingRules => ({
  maxLength,
  prompt,
  marker: tokenizer.idOf('[unused1]') as number,
  expansion: null,
  skip: [],
})

const split = (text: string, maxLength: number, title?: string) =>
  splitPassages(text, { tokenizer, rules: rules(maxLength), title }).map(({ start, end }) => text.slice(start, end))

describe('passages', () => {
  it('of a text that fits are one, without the white space around it', () => {
    expect(split('  hello world.\n', 20)).toEqual(['hello world.'])
    expect(split('', 20)).toEqual([])
    expect(split(' \n\t\u3000 ', 20)).toEqual([])
  })

  it('end with sentences, and short ones are repeated', () => {
    // Three markers leave 32 tokens: nine sentences of 3 tokens and one more fit, of which the last comes again.
    const text = Array.from({ length: 24 }, (_, i) => `Hello ${'abcdefghijklmnopqrstuvwxyz'[i]}.`).join(' ')
    const passages = split(text, 35)
    expect(passages[0]).toBe(text.slice(0, 'Hello a.'.length * 10 + 9))
    expect(passages[1].startsWith('Hello j. Hello k.')).toBe(true)
    expect(passages.at(-1)?.endsWith('Hello x.')).toBe(true)
  })

  it('end with a paragraph that fills more than half, without overlap', () => {
    const sentence = 'hello world hello world.'
    const text = `${[sentence, sentence].join(' ')}\n\n${[sentence, sentence].join(' ')}`
    expect(split(text, 3 + 16)).toEqual([`${sentence} ${sentence}`, `${sentence} ${sentence}`])
  })

  it('cut a sentence that is too long at words', () => {
    expect(split('hello world '.repeat(7).trim(), 3 + 6)).toEqual([
      'hello world hello world hello world',
      'hello world hello world hello world',
      'hello world',
    ])
  })

  it('cut a word that is too long at characters, not within an emoji', () => {
    expect(split('zyxwvutsrq', 3 + 4).join('')).toBe('zyxwvutsrq')
    const emoji = '😀'.repeat(400)
    const passages = split(emoji, 3 + 4)
    expect(passages.join('')).toBe(emoji)
    for (const passage of passages) expect(passage).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/)
  })

  it('leave room for the title and the prompt', () => {
    const text = 'hello world '.repeat(20)
    const title = 'the quick fine cafe'
    const given = rules(16, 'hello: ')
    for (const { start, end } of splitPassages(text, { tokenizer, rules: given, title })) {
      expect(encodeText(tokenizer, given, `${title} ${text.slice(start, end)}`).truncated).toBe(false)
    }
  })

  it('still cover the text where the title leaves no room', () => {
    expect(split('hello world hello', 6, 'hello '.repeat(50)).join(' ')).toBe('hello world hello')
  })

  it('cover any text, each fits, and each brings something new', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'hello',
        'world',
        ' ',
        '. ',
        '! ',
        '\n\n',
        '中',
        '😀',
        'supercalifragilistic',
        '\u0000',
        '\u200b',
        'é',
        '。',
        '\ud800',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 120 }), fc.integer({ min: 4, max: 40 }), (parts, maxLength) => {
        const text = parts.join('')
        const passages = splitPassages(text, { tokenizer, rules: rules(maxLength) })
        let covered = 0
        passages.forEach(({ start, end }, i) => {
          expect(end).toBeGreaterThan(covered)
          expect(text.slice(covered, Math.max(covered, start)).trim()).toBe('')
          const part = text.slice(start, end)
          expect(part.trim()).toBe(part)
          if (i > 0) expect(start).toBeGreaterThan(passages[i - 1].start)
          // One character can be more tokens than there is room for: with three letters of Hangul in it, say.
          if ([...part].length > 1) expect(encodeText(tokenizer, rules(maxLength), part).truncated).toBe(false)
          covered = end
        })
        expect(text.slice(covered).trim()).toBe('')
      }),
      { numRuns: 400 },
    )
  })

  it.each<[string, string, number?]>([
    ['without a space', 'x', 1_000_000],
    ['of blanks', ' ', 1_000_000],
    ['of short sentences', 'Hello there. How are you? '],
    ['of punctuation', '.,'],
    ['of Han', '中文'],
    ['of line ends', '\n'],
    ['of dropped characters', '\u0000'],
    ['of one long sentence', 'hello world '],
  ])(
    'are linear in a long text %s',
    (_, unit, length = 200_000) => {
      const text = unit.repeat(length / unit.length)
      const passages = splitPassages(text, { tokenizer, rules: rules(300) })
      expect(passages.reduce((sum, { start, end }) => sum + end - start, 0)).toBeLessThan(text.length * 1.2)
      expect(Math.max(0, ...passages.map(({ start, end }) => end - start))).toBeLessThanOrEqual(300 * 16)
    },
    20_000,
  )
})

describe('sentences', () => {
  it('follow each other without a gap, and know where paragraphs begin', () => {
    const text = 'One. Two!\n\nThree? 四。五。'
    expect(sentences(text).map(({ start, end, paragraph }) => [text.slice(start, end), paragraph])).toEqual([
      ['One. ', true],
      ['Two!\n\n', false],
      ['Three? ', true],
      ['四。', false],
      ['五。', false],
    ])
  })

  it('can be found without the platform', () => {
    const cut = (text: string) => {
      const ends = plainSentenceEnds(text)
      return ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end))
    }
    expect(cut('One. (Two!) Three 3.14 四。五')).toEqual(['One. ', '(Two!) ', 'Three 3.14 四。', '五'])
    expect(cut('no end')).toEqual(['no end'])
  })
})
