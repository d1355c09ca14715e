import { describe, expect, it } from 'vitest'
import { LuceneBm25, MiniSearchBm25, PassageSearch } from '../../src/eval/lexical.ts'

const text = (text: string) => ({ title: '', text })

describe('LuceneBm25', () => {
  it('gives the scores of the formula', () => {
    const index = new LuceneBm25()
    for (const words of ['red lamp', 'red red sea', 'blue sea wave storm', '']) index.add(text(words))
    const idf = (n: number) => Math.log(1 + (4 - n + 0.5) / (n + 0.5))
    const mean = (2 + 3 + 4) / 4
    const part = (count: number, length: number) => count / (count + 1.2 * (0.25 + (0.75 * length) / mean))
    const found = index.search('red sea red', 10)
    expect(found.map(({ ordinal }) => ordinal)).toEqual([1, 0, 2])
    expect(found[0].score).toBeCloseTo(2 * idf(2) * part(2, 3) + idf(2) * part(1, 3), 12)
    expect(found[1].score).toBeCloseTo(2 * idf(2) * part(1, 2), 12)
    expect(found[2].score).toBeCloseTo(idf(2) * part(1, 4), 12)
    expect(index.search('red sea red', 1)).toEqual(found.slice(0, 1))
    expect(index.search('the of lamps', 10)).toMatchObject([{ ordinal: 0 }])
    expect(index.search('constructor __proto__', 10)).toEqual([])
  })

  it('counts the title once, and knows nothing of misspellings and quotation marks', () => {
    const index = new LuceneBm25()
    index.add({ title: 'sea', text: 'lamp' })
    index.add(text('lamp sea'))
    const [a, b] = index.search('sea "sea lamp"', 10)
    expect([a.ordinal, b.ordinal]).toEqual([0, 1])
    expect(a.score).toBe(b.score)
    expect(index.search('lamb', 10)).toEqual([])
  })
})

describe('MiniSearchBm25', () => {
  it('finds what holds a term, each once, best first', () => {
    const index = new MiniSearchBm25()
    for (const words of ['red lamp', 'constructor', 'red red sea', '梅雨の季節', 'red lamp']) index.add(text(words))
    expect(index.search('red seas', 10).map(({ ordinal }) => ordinal)).toEqual([2, 0, 4])
    expect(index.search('Constructor', 10)).toMatchObject([{ ordinal: 1 }])
    expect(index.search('季節は梅雨', 10)).toMatchObject([{ ordinal: 3 }])
    expect(index.search('red', 2)).toHaveLength(2)
    expect(index.search('the', 10)).toEqual([])
  })
})

describe('PassageSearch', () => {
  it('is lexical search as the package has it', () => {
    const index = new PassageSearch()
    index.add(text('lamp sea'))
    index.add({ title: 'Sea', text: 'lamp' })
    expect(index.search('sea', 10).map(({ ordinal }) => ordinal)).toEqual([1, 0])
    expect(index.search('"lamp sea"', 10)).toMatchObject([{ ordinal: 0 }])
  })
})
