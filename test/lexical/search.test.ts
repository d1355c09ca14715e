import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fold } from '../../src/lexical/fold.ts'
import { LexicalIndex, type LexicalOptions, type LexicalPassage, quotedFilter } from '../../src/lexical/index.ts'

function indexOf(passages: readonly (string | LexicalPassage)[], options?: LexicalOptions): LexicalIndex {
  const index = new LexicalIndex(options)
  for (const passage of passages) index.add(typeof passage === 'string' ? { text: passage } : passage)
  return index
}

/** Ordinals of what is found, best first. */
const find = (index: LexicalIndex, query: string, typing = false) =>
  index.search(query, { depth: 100, typing }).map(({ ordinal }) => ordinal)

describe('scores', () => {
  it('are those of BM25, the title counted as often as it weighs', () => {
    const index = indexOf([{ title: 'Red lamp', text: 'it burns' }, 'red red sea', 'blue sea wave storm'])
    const lengths = [2 * 2 + 2, 3, 4]
    const mean = (6 + 3 + 4) / 3
    const idf = (n: number) => Math.log(1 + (3 - n + 0.5) / (n + 0.5))
    const part = (count: number, i: number) => count / (count + 1.2 * (0.25 + (0.75 * lengths[i]) / mean))
    const found = index.search('red sea lamp', { depth: 10 })
    expect(found.map(({ ordinal }) => ordinal)).toEqual([0, 1, 2])
    expect(found[0].score).toBeCloseTo(idf(2) * part(2, 0) + idf(1) * part(2, 0), 12)
    expect(found[1].score).toBeCloseTo(idf(2) * part(2, 1) + idf(2) * part(1, 1), 12)
    expect(found[2].score).toBeCloseTo(idf(2) * part(1, 2), 12)
    expect(index.search('red sea lamp', { depth: 2 })).toEqual(found.slice(0, 2))
    expect(index.search('red sea lamp', { depth: 2, accept: (ordinal) => ordinal > 0 })).toEqual(found.slice(1))
    expect(index.search('red', { depth: 0 })).toEqual([])
  })

  it('that are equal leave passages in the order in which they were added', () => {
    expect(find(indexOf(['lamp', 'sea', 'lamp', 'lamp']), 'lamp')).toEqual([0, 2, 3])
  })

  it('of a word in the title are higher, unless the title is to weigh nothing more', () => {
    const passages = ['sea lamp', { title: 'lamp', text: 'sea' }]
    expect(find(indexOf(passages), 'lamp')).toEqual([1, 0])
    expect(find(indexOf(passages, { titleBoost: 1 }), 'lamp')).toEqual([0, 1])
  })

  it('do not favour passages for the mere number of matched terms', () => {
    const filler = Array.from({ length: 30 }, (_, i) => (i % 2 ? 'common words here' : 'words here and common ones'))
    const index = indexOf(['common words of no use', 'zeppelin', ...filler])
    expect(find(index, 'zeppelin common words')[0]).toBe(1)
  })
})

describe('words', () => {
  it.each([
    ['Latin', ['Le café d’Élodie', 'Tea room'], 'CAFE elodie', [0]],
    ['accents that only the query has', ['Le cafe', 'Tea'], 'café', [0]],
    ['English endings', ['He was burning lamps', 'sea'], 'lamp burns', [0]],
    ['Cyrillic', ['Ёлка и свечи', 'Море'], 'елка', [0]],
    ['Greek', ['Η ΟΔΟΣ', 'θάλασσα'], 'οδός', [0]],
    ['Arabic', ['كِتَابٌ قديم', 'بحر'], 'كتاب', [0]],
    ['Hebrew', ['שָׁלוֹם', 'ים'], 'שלום', [0]],
    ['Devanagari', ['हिन्दी भाषा', 'समुद्र'], 'हिन्दी', [0]],
    ['Han', ['我住在北京市', '上海'], '北京', [0]],
    ['one Han character', ['我住在北京', '上海'], '京', [0]],
    ['one Han character amid others', ['我住在北京市', '上海'], '北', [0]],
    ['Kana', ['梅雨の季節', 'コーヒー'], 'こーひー コーヒ', [1]],
    ['Hangul with a particle', ['서울에서 만나요', '부산'], '서울', [0]],
    ['one Hangul syllable', ['서울에서', '부산'], '산', [1]],
    ['Thai', ['ภาษาไทย', 'ทะเล'], 'ไทย', [0]],
    ['emoji', ['on 🔥 today', 'on ❤️ today'], '🔥', [0]],
    ['emoji with and without their variation', ['on 🔥 today', 'on ❤️ today'], '❤', [1]],
    ['digits', ['in 1984', 'in 1985'], '1985', [1]],
    ['Han beyond the first plane', ['𠮷野家', '吉野'], '𠮷', [0]],
  ])('%s', (_, passages, query, expected) => {
    expect(find(indexOf(passages), query)).toEqual(expected)
  })

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'])('%s', (word) => {
    const index = indexOf(['lamp', `the ${word} of it`, { title: word, text: 'sea' }])
    expect(find(index, word)).toEqual([2, 1])
    expect(find(index, `"${word}"`)).toEqual([2, 1])
    expect(find(index, word.slice(0, -1), true)).toEqual([2, 1])
    expect(find(indexOf(['lamp']), word)).toEqual([])
    index.remove(2)
    expect(find(index, word)).toEqual([1])
  })

  it.each(['', '  ', '"', '""', '" "', '… — !', '\u0000', '\uD800'])('nothing for %j', (query) => {
    for (const passages of [[], [''], ['lamp', '']]) {
      for (const typing of [false, true]) expect(find(indexOf(passages), query, typing)).toEqual([])
    }
  })

  it('that English can do without count where there are no others', () => {
    const index = indexOf(['to be or not', 'lamp', 'lamp to be'])
    expect(find(index, 'lamp to')).toEqual([1, 2])
    expect(find(index, 'to be')).toEqual([2, 0])
    expect(find(indexOf(['es war', 'die Lampe'], { english: false }), 'die Lampe')).toEqual([1])
  })

  it('that occur nowhere stand for those one or two letters away', () => {
    const index = indexOf(['harbour', 'lantern', 'orchestra', 'sea', '1984'])
    expect(find(index, 'harbor')).toEqual([0])
    expect(find(index, 'lentern')).toEqual([1])
    expect(find(index, 'orchetsra')).toEqual([2])
    expect(find(index, 'laxxern')).toEqual([])
    expect(find(index, 'see')).toEqual([])
    expect(find(index, '1985')).toEqual([])
    // What is there is meant.
    expect(find(indexOf(['lamp', 'lamb']), 'lamb')).toEqual([1])
  })
})

describe('while typing', () => {
  const index = indexOf(['burning lamps', 'libraries', 'lamppost', 'lam', '東京都', 'lantern'])

  it.each([
    ['la', [3, 0, 2, 5]],
    ['lam', [3, 0, 2]],
    ['lamp', [0, 2]],
    ['burnin', [0]],
    ['burni', [0]],
    ['librarie', [1]],
    ['lanterm', [5]],
    ['lant ', []],
    ['"lant"', []],
    ['lant sea', []],
    ['東', [4]],
    ['東京', [4]],
  ])('%j', (query, expected) => {
    const found = find(index, query, true)
    expect(found.slice(0, 1)).toEqual(expected.slice(0, 1))
    expect([...found].sort()).toEqual([...expected].sort())
  })

  it('only the last word may go on, and only where it is asked for', () => {
    expect(find(index, 'lan lamp', true)).not.toContain(5)
    expect(find(index, 'lan')).not.toContain(5)
  })

  it('a word is found from its first letter to its last', () => {
    const words = ['libraries', 'running', 'happily', 'stopped', 'caresses', 'element', 'être', 'ёлка', '京都', '서울']
    for (const word of words) {
      const characters = [...word]
      const one = indexOf(['ocean', word])
      for (let i = 1; i <= characters.length; i++) expect(find(one, characters.slice(0, i).join(''), true)).toEqual([1])
    }
  })
})

describe('quoted spans', () => {
  const passages = [
    'The blue sea, at night',
    'A sea so blue',
    { title: 'Blue: Sea', text: 'waves' },
    'blue seas',
    "Newton's laws",
    'C++ and C',
    'Café noir',
    '東京都に住む',
    'state-of-the-art',
    'to be or not to be',
    { title: 'deep blue', text: 'sea bed' },
    "they don't",
    '東京tower',
    'ba a a',
    'fire 🔥 place',
  ]
  const index = indexOf(passages)

  it.each([
    ['"blue sea"', [0, 2]],
    ['“Blue  SEA”', [0, 2]],
    ['waves "blue sea"', [0, 2]],
    ['"blue sea" night', [0, 2]],
    ['"blue sea" "night"', [0]],
    ['"newton"', [4]],
    ['"newton\'s laws"', [4]],
    ['"ewton"', []],
    ['"C++"', [5]],
    ['"c"', [5]],
    ['"cafe noir"', [6]],
    ['"CAFÉ"', [6]],
    ['"京都"', [7]],
    ['"東都"', []],
    ['"state of the art"', [8]],
    ['"state-of-the-art"', [8]],
    ['"to be"', [9]],
    ['"don"', []],
    ['"don’t"', [11]],
    ['"(.*"', []],
    ['"tower"', [12]],
    ['"a a"', [13]],
    ['"fire place"', []],
    ['"fire 🔥 place"', [14]],
    ['blue "', [0, 1, 2, 3, 10]],
    ['"blue sea', [0, 1, 2, 3, 10]],
  ])('%s', (query, expected) => {
    expect(find(index, query).sort((a, b) => a - b)).toEqual(expected)
  })

  it('are a filter for passages found in another way, too', () => {
    const holds = quotedFilter('waves "blue sea" “AT night”')!
    expect(passages.map((passage) => holds(typeof passage === 'string' ? { text: passage } : passage))).toEqual(
      passages.map((_, i) => i === 0),
    )
    // Symbols are no words, but can be quoted.
    expect(quotedFilter('"++"')!({ text: 'C++' })).toBe(true)
    for (const query of ['waves', '"waves', '""', '" "', '']) expect(quotedFilter(query)).toBeNull()
  })

  const word = fc.constantFrom('red', 'sea', 'lamp', 'the', 'to', 'Élan', '東京', '京', '서울', '🔥', '__proto__', 'x')

  it('find all passages that hold them, and no others', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(word, { maxLength: 6 })),
        fc.array(word, { minLength: 1, maxLength: 2 }),
        (texts, span) => {
          const found = find(indexOf(texts.map((words) => words.join(' '))), `"${span.join(' ')}"`)
          const holds = (words: string[]) =>
            words.some((_, i) =>
              span.every((part, j) =>
                // Scripts without blanks have no words of which a part would not count.
                span.length === 1 && part === '京' ? /京/.test(words[i + j] ?? '') : words[i + j] === part,
              ),
            )
          const sure = texts.flatMap((words, i) => (holds(words) ? [i] : []))
          if (!span.includes('京')) expect(found.sort((a, b) => a - b)).toEqual(sure)
          else expect(found).toEqual(expect.arrayContaining(sure))
        },
      ),
    )
  })
})

describe('removal', () => {
  it('is told what there is', () => {
    const index = indexOf(['lamp', 'sea'])
    expect(index.size).toBe(2)
    expect([index.remove(0), index.remove(0), index.remove(7)]).toEqual([true, false, false])
    expect(index.size).toBe(1)
    expect(find(index, 'lamp')).toEqual([])
    expect(index.add({ text: 'lamp' })).toBe(2)
    expect(find(index, 'lamp')).toEqual([2])
    expect([index.remove(1), index.remove(2), index.size]).toEqual([true, true, 0])
    expect(find(index, 'lamp sea', true)).toEqual([])
  })

  it('minds no changes to the object that was added', () => {
    const index = new LexicalIndex()
    const passage = { text: 'lamp' }
    index.add(passage)
    index.add({ text: 'sea' })
    passage.text = 'sea'
    index.remove(0)
    expect(find(index, 'sea lamp')).toEqual([1])
  })

  const text = fc
    .array(fc.constantFrom('lamp', 'lamps', 'lam', 'sea', 'the', '東京', '京', 'été', '🔥', 'constructor'), {
      maxLength: 8,
    })
    .map((words) => words.join(' '))
  const passage = fc.record({ title: text, text })
  const queries = ['lamp', 'lamps sea', 'la', '京', '東京 sea', 'the', '"lamp sea"', 'ete 🔥', 'constuctor', 'sea sea']

  it('leaves an index as if the passages had never been there', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(passage, fc.boolean())), (passages) => {
        const index = new LexicalIndex()
        const kept = new LexicalIndex()
        const ordinals = passages.map(([passage]) => index.add(passage))
        const places = new Map<number, number>()
        passages.forEach(([passage, keep], i) => {
          if (keep) places.set(kept.add(passage), ordinals[i])
          else index.remove(ordinals[i])
        })
        for (const query of queries) {
          for (const typing of [false, true]) {
            const expected = kept
              .search(query, { depth: 100, typing })
              .map(({ ordinal, score }) => ({ ordinal: places.get(ordinal), score }))
            expect(index.search(query, { depth: 100, typing })).toEqual(expected)
          }
        }
      }),
    )
  })
})

it('answers any query over any texts, best first, each passage once', () => {
  const anything = fc.string({ unit: 'grapheme' })
  fc.assert(
    fc.property(fc.array(anything), anything, fc.boolean(), (texts, query, typing) => {
      const index = indexOf([...texts, query])
      const found = index.search(query, { depth: 1_000, typing })
      expect(found).toEqual([...found].sort((a, b) => b.score - a.score || a.ordinal - b.ordinal))
      expect(new Set(found.map(({ ordinal }) => ordinal)).size).toBe(found.length)
      for (const { score } of found) expect(score > 0 && Number.isFinite(score)).toBe(true)
      if (!query.includes('"') && /[\p{L}\p{N}]/u.test(fold(query))) {
        expect(found.map(({ ordinal }) => ordinal)).toContain(texts.length)
      }
    }),
  )
})

it('finds a text by the whole of it in quotation marks', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
  })
  fc.assert(
    fc.property(text, (text) => {
      fc.pre(!/["“”„‟＂]/u.test(text) && /[\p{L}\p{N}]/u.test(fold(text)))
      expect(find(indexOf(['lamp', `(${text})`]), `"${text}"`)).toContain(1)
    }),
    { numRuns: 500 },
  )
})
