/** What the engine makes of texts with tokenizers of other families: inputs, words, passages. */
import { describe, expect, it } from 'vitest'
import { splitPrompt } from '../../src/model/rules.ts'
import type { EncodingRules } from '../../src/model/spec.ts'
import { encodeText } from '../../src/text/encode.ts'
import * as families from '../../src/text/families.ts'
import { splitPassages } from '../../src/text/passages.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { familyGolden } from './family-checkpoint.ts'

const NAMES = ['unigram-xlmr', 'unigram-first', 'unigram-bytes', 'bpe-roberta', 'bpe-modern', 'bpe-gemma']
const open = (name: string) => new Tokenizer({ json: familyGolden(name).tokenizer, families })

const rules = (maxLength: number): EncodingRules => ({ maxLength, prompt: '', marker: null, expansion: null, skip: [] })

describe('words', () => {
  const words = (name: string, text: string) => {
    const tokenizer = open(name)
    const { ids, starts, ends } = encodeText(tokenizer, rules(200), text)
    const found: string[] = []
    ids.forEach((id, row) => {
      if (starts[row] < 0 || starts[row] === ends[row]) return
      const on = row > 0 && starts[row] === ends[row - 1] && tokenizer.continuesWord(id, ids[row - 1])
      const piece = text.slice(starts[row], ends[row])
      if (on) found[found.length - 1] += piece
      else found.push(piece)
    })
    return found
  }

  it.each(['unigram-xlmr', 'unigram-first', 'bpe-roberta', 'bpe-modern'])(
    'of %s are whole, without what is around them',
    (name) => {
      const found = words(name, 'the (quoted) lighthouse, "seen" from Übung')
      for (const word of ['the', 'quoted', 'lighthouse', 'seen', 'from', 'Übung']) expect(found).toContain(word)
      for (const word of found) expect(word).toMatch(/^([\p{L}\p{M}]+|[^\p{L}]+)$/u)
    },
  )

  it('are single pieces where a script has no spaces', () => {
    expect(Math.max(...words('unigram-xlmr', '灯台は九秒に一度回ります。').map((word) => word.length))).toBeLessThan(6)
  })
})

describe('a marker before a text', () => {
  // Byte-level tokenizers give a word after a blank another piece than at the start; others begin only there with `▁`.
  it.each(NAMES)('leaves the text of %s the tokens that it has after one', (name) => {
    const { tokenizer: json } = familyGolden(name)
    const tokenizer = new Tokenizer({
      json: { ...json, added_tokens: [...json.added_tokens, { id: 9_999, content: '[M]', normalized: false }] },
      families,
    })
    for (const prompt of ['[M]', '[M] ', '[M] query: ']) {
      for (const text of ['lighthouse keeper', ' two', '']) {
        const { ids } = encodeText(tokenizer, { ...rules(200), ...splitPrompt(tokenizer, prompt) }, text)
        const whole = [...tokenizer.prefix, ...tokenizer.tokenize(prompt + text).ids, ...tokenizer.suffix]
        expect([...ids], `${prompt}${text}`).toEqual(whole)
        expect(ids).toContain(9_999)
      }
    }
  })
})

describe('passages', () => {
  const prose = familyGolden('unigram-xlmr')
    .cases.map(([text]: [string]) => text)
    .join('\n')
  const japanese = '灯台は九秒に一度回ります。新しい本を読む。東京の天気は晴れです。パンを焼く。'.repeat(20)

  it.each(NAMES)('of %s fit into the model, and together hold all of the text', (name) => {
    const tokenizer = open(name)
    for (const text of [prose, japanese, 'word'.repeat(500), 'é'.repeat(300)]) {
      for (const maxLength of [12, 40]) {
        const passages = splitPassages(text, { tokenizer, rules: rules(maxLength) })
        const cut = passages.filter(
          ({ start, end }) => encodeText(tokenizer, rules(maxLength), text.slice(start, end)).truncated,
        )
        // One character can have more tokens than there is room for.
        expect(cut.map(({ start, end }) => text.slice(start, end)).filter((part) => part.length > 2)).toEqual([])
        let at = 0
        for (const { start, end } of passages) {
          expect(text.slice(at, start).trim()).toBe('')
          at = Math.max(at, end)
        }
        expect(text.slice(at).trim()).toBe('')
      }
    }
  })

  it('of a language without spaces end with its sentences', () => {
    const passages = splitPassages(japanese, { tokenizer: open('unigram-xlmr'), rules: rules(40) })
    expect(passages.length).toBeGreaterThan(5)
    for (const { end } of passages) expect(japanese[end - 1]).toBe('。')
  })
})
