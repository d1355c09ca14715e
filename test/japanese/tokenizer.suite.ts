/** Equality with `BertJapaneseTokenizer` over the real vocabulary; make.py made the goldens. */
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Tokenizer } from '../../src/text/tokenizer.ts'
import type { Splitter } from '../../src/text/words.ts'
import { digest, digests, golden, missing, openMorphemes, openTokenizer, readJson, shared, wordsOf } from './goldens.ts'
import { expectJSQuAD } from './jsquad.ts'
import { randomTexts } from './random-texts.ts'

describe.skipIf(missing !== null)(`ids of BertJapaneseTokenizer${missing ? ` (not run: ${missing})` : ''}`, () => {
  let morphemes: Splitter
  let wordPieces: Tokenizer
  let characters: Tokenizer

  beforeAll(async () => {
    morphemes = await openMorphemes()
    wordPieces = await openTokenizer(morphemes)
    characters = await openTokenizer(morphemes, { subword_tokenizer_type: 'character' })
  })

  it('hard strings', () => {
    for (const { text, ids, characters: single } of golden('cases')) {
      expect(wordPieces.tokenize(text).ids, JSON.stringify(text)).toEqual(ids)
      expect(characters.tokenize(text).ids, JSON.stringify(text)).toEqual(single)
    }
  })

  it('random texts', () => {
    const expected = golden('random')
    const all = randomTexts(golden('pieces'), 1000)
    expect(all.at(-1)).toBe(expected.last)
    const differing = all.filter((text, i) => digest(wordPieces.tokenize(text).ids) !== digests(expected.ids)[i])
    expect(differing).toEqual([])
    const single = digests(expected.characters)
    expect(all.filter((text, i) => digest(characters.tokenize(text).ids) !== single[i])).toEqual([])
  })

  // All of them: test/full/japanese.test.ts.
  it('every tenth question and passage of JSQuAD', () => expectJSQuAD(morphemes, 10))

  it('of the tests of transformers', async () => {
    const { toy_vocab, cases } = readJson(join(shared, 'reference/ja-tokenizer-cases.json'))
    const toy = await openTokenizer(morphemes, {}, `${toy_vocab.join('\n')}\n[PAD]\n[MASK]\n`)
    const [whole] = cases
    expect(toy.tokenize(whole.text).ids).toEqual(whole.ids)
    const words = cases.find(({ kind }: { kind: string }) => kind.includes('unidic_lite'))
    expect(wordsOf(morphemes, words.text)).toEqual(words.tokens)
  })

  it('gives each token the range of the text that it stands for', () => {
    const text = ' ｱｯﾌﾟﾙストアでiPhone８ が\n発売された　㍿𠮷野家😀'
    const { ids, starts, ends, words } = wordPieces.tokenize(text)
    const ranges = ids.map((id, i) => [wordPieces.tokenOf(id), text.slice(starts[i], ends[i])])
    expect(ranges).toEqual([
      // A voicing mark comes from the letter that it is composed with, as in all tokenizers here.
      ['アップル', 'ｱｯﾌﾟﾙ'],
      ['ストア', 'ストア'],
      ['で', 'で'],
      ['iPhone', 'iPhone'],
      ['8', '８'],
      ['が', 'が'],
      ['発売', '発売'],
      ['さ', 'さ'],
      ['れ', 'れ'],
      ['た', 'た'],
      ['株式', '㍿'],
      ['会社', '㍿'],
      ['[UNK]', '𠮷'],
      ['野', '野'],
      ['##家', '家'],
      ['[UNK]', '😀'],
    ])
    expect(words.every((word, i) => i === 0 || word - words[i - 1] <= 1)).toBe(true)
  })
})
