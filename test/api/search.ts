import { describe, expect, test } from 'vitest'
import { loadGolden } from '../goldens/checkpoints.ts'
import { CHECKPOINT, DOCUMENTS, failureOf, idsOf, LONG_TEXT, type Setup } from './setup.ts'

export function search({ base, open, filled }: Setup): void {
  describe('search', () => {
    test('scores are those of the reference, best first', async () => {
      const golden = await loadGolden(CHECKPOINT)
      const documents = golden.documents.map(({ text }, i) => ({ id: String(i), text }))
      const index = await filled(documents, { codec: 'f32', splitPassages: false })
      const kept = documents.filter(({ text }) => text.trim() !== '')
      for (const [q, { text, kept: rows }] of golden.queries.entries()) {
        if (text.trim() === '') continue
        const { hits, total } = await index.search(text, { limit: 100 })
        expect(total).toBe(documents.length)
        expect(idsOf({ hits }).sort()).toEqual(kept.map(({ id }) => id).sort())
        for (const { id, score, relevance } of hits) {
          expect(Math.abs(score - golden.scores[q][Number(id)]), `query ${q}, document ${id}`).toBeLessThan(1e-3)
          expect(relevance).toBeCloseTo(score / rows.length, 5)
          expect(relevance).toBeLessThanOrEqual(1 + 1e-5)
        }
        const scores = hits.map(({ score }) => score)
        expect(scores).toEqual([...scores].sort((a, b) => b - a))
      }
    })

    test.each(['int8', 'f16'] as const)('scores with codec %s are near those with f32', async (codec) => {
      const exact = await filled(DOCUMENTS, { codec: 'f32' })
      const coded = await filled(DOCUMENTS, { codec })
      expect(await coded.info()).toMatchObject({ codec })
      const [a, b] = await Promise.all([exact, coded].map((index) => index.search('bright moons', { limit: 12 })))
      const scores = new Map(a.hits.map(({ id, score }) => [id, score]))
      for (const { id, score } of b.hits) expect(Math.abs(score - scores.get(id)!)).toBeLessThan(0.1)
    })

    test('what comes with the hits', async () => {
      const index = await filled(DOCUMENTS)
      const result = await index.search('moons')
      expect(result).toMatchObject({ total: 12, mode: 'semantic', backend: base.backend })
      expect(result.elapsed).toBeGreaterThanOrEqual(0)
      expect(result.hits).toHaveLength(10)
      for (const hit of result.hits) {
        expect(hit.passages).toEqual([hit.passage])
        expect(hit).not.toHaveProperty('explain')
      }
    })

    test('words, meaning or both', async () => {
      const index = await filled(DOCUMENTS)
      const words = await index.search('moons of "Jupiter"', { mode: 'lexical', explain: true })
      expect(words).toMatchObject({ total: 12, mode: 'lexical', backend: null, pending: false })
      expect(idsOf(words).sort()).toEqual(['d2', 'd8'])
      for (const { score, explain } of words.hits)
        expect(explain!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 5)
      const both = await index.search('Jupiter moons', { mode: 'hybrid', limit: 12 })
      expect(both).toMatchObject({ total: 12, mode: 'hybrid', backend: base.backend })
      const ranks = both.hits.map(({ fusion }) => fusion!.score)
      expect(ranks).toEqual([...ranks].sort((a, b) => b - a))
      const byWords = both.hits.filter(({ fusion }) => fusion!.lexical !== undefined)
      expect(idsOf({ hits: byWords }).sort()).toEqual(['d2', 'd8'])
      expect((await index.search('moons', { mode: 'auto' })).mode).toBe('hybrid')
      const wrong = failureOf(index.search('moons', { mode: 'psychic' as 'auto' }))
      expect(await wrong).toMatchObject({ code: 'INVALID_ARGUMENT' })
      const beyond = await index.search('moons', { mode: 'hybrid', offset: 2 ** 40 })
      expect(beyond).toMatchObject({ hits: [], total: 12 })
    })

    test('an index that does not wait for its model answers by words, and tells when it is ready', async () => {
      const index = await open({ waitForModel: false })
      const ready = new Promise<CustomEvent>((resolve) => index.addEventListener('ready', resolve))
      // The other tests have the model loaded already, so that it may be there first.
      expect(['lexical', 'hybrid']).toContain((await index.search('moons')).mode)
      await index.add(DOCUMENTS)
      expect((await ready).detail).toMatchObject({ backend: base.backend, adapter: expect.any(String) })
      const { mode, total } = await index.search('moons')
      expect([mode, total]).toEqual(['hybrid', 12])
    })

    test('limit and offset cut the list of documents', async () => {
      const index = await filled([...DOCUMENTS, { id: 'long', text: LONG_TEXT }])
      const all = idsOf(await index.search('moons', { limit: 1000 }))
      expect(all).toHaveLength(13)
      expect(await index.search('moons', { limit: 0 })).toMatchObject({ hits: [], total: 13 })
      expect(idsOf(await index.search('moons', { limit: 3 }))).toEqual(all.slice(0, 3))
      expect(idsOf(await index.search('moons', { limit: 4, offset: 5 }))).toEqual(all.slice(5, 9))
      expect(idsOf(await index.search('moons', { limit: 10, offset: 11 }))).toEqual(all.slice(11))
      expect(await index.search('moons', { offset: 13 })).toMatchObject({ hits: [], total: 13 })
      expect(await index.search('moons', { offset: 2 ** 40 })).toMatchObject({ hits: [], total: 13 })
      for (const wrong of [{ limit: -1 }, { limit: 0.5 }, { offset: -1 }, { passages: 0 }, { passages: 9 }]) {
        expect(await failureOf(index.search('moons', wrong))).toMatchObject({ code: 'INVALID_ARGUMENT' })
      }
    })

    test('equal scores keep the order of insertion', async () => {
      const index = await filled(
        ['z', 'b', 'a', 'y', 'c'].map((id) => ({ id, text: 'Jupiter has four bright moons.' })),
      )
      const { hits } = await index.search('moons')
      expect(new Set(hits.map(({ score }) => score)).size).toBe(1)
      expect(idsOf({ hits })).toEqual(['z', 'b', 'a', 'y', 'c'])
      expect(idsOf(await index.search('moons', { offset: 1, limit: 3 }))).toEqual(['b', 'a', 'y'])
    })

    test.each(['', '   ', '\n\t'])('an empty query (%j) has no hits', async (query) => {
      const index = await filled(DOCUMENTS)
      expect((await index.search(query, { explain: true })).hits).toEqual([])
    })

    test('an empty index has no hits', async () => {
      const index = await open()
      expect(await index.search('moons', { explain: true })).toMatchObject({ hits: [], total: 0 })
      await index.add([{ id: 'empty', text: '' }])
      expect(await index.search('moons')).toMatchObject({ hits: [] })
      await index.remove(['empty'])
      expect(await index.search('moons')).toMatchObject({ hits: [], total: 0 })
    })

    const odd = {
      'names of every object': 'constructor __proto__ toString',
      punctuation: '?!...',
      emoji: '🌊',
      'half a character': '\ud800',
      NUL: 'a\u0000b',
      Hebrew: 'שלום',
      Han: '東京',
      'one endless word': 'x'.repeat(1e5),
      'endless words': 'word '.repeat(2e4),
    }
    test.each(Object.entries(odd))('a query of %s gives finite scores', async (_, query) => {
      const index = await filled(DOCUMENTS)
      const { hits } = await index.search(query, { explain: true })
      expect(hits).toHaveLength(10)
      for (const { score } of hits) expect(Number.isFinite(score)).toBe(true)
    })

    test('searches at once give what they give one by one', async () => {
      const index = await filled([...DOCUMENTS, { id: 'long', text: LONG_TEXT }])
      const queries = ['moons', 'bread and salt', 'the last train', 'lighthouse', 'water boils', 'road']
      const together = await Promise.all(queries.map((query) => index.search(query)))
      for (const [i, query] of queries.entries()) {
        const { hits } = await index.search(query)
        expect(idsOf(together[i])).toEqual(idsOf({ hits }))
        for (const [k, { score }] of hits.entries()) expect(together[i].hits[k].score).toBeCloseTo(score, 4)
      }
    })

    test('an abort rejects with its reason, and the next search answers', async () => {
      const index = await filled(DOCUMENTS)
      const gone = AbortSignal.abort('why')
      await expect(index.search('moons', { signal: gone })).rejects.toBe('why')
      const control = new AbortController()
      const results = ['moons', 'bread', 'train'].map((query) =>
        failureOf(index.search(query, { signal: control.signal })),
      )
      const other = index.search('water')
      control.abort()
      for (const error of await Promise.all(results)) expect(error).toBe(control.signal.reason)
      expect((await other).hits).toHaveLength(10)
    })
  })

  describe('explain and highlights', () => {
    const query = 'Which planet has bright moons?'

    test('the shares of the query’s tokens add up to the score', async () => {
      const index = await filled([...DOCUMENTS, { id: 'titled', title: 'Jupiter', text: 'It has four bright moons.' }])
      const { hits } = await index.search(query, { explain: true, limit: 20 })
      expect(hits).toHaveLength(13)
      for (const { score, relevance, explain, passage } of hits) {
        const shares = explain!.map(({ share }) => share)
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(score, 3)
        expect(score / explain!.length).toBeCloseTo(relevance, 5)
        for (const { kind, start, end, match } of explain!) {
          if (kind === 'text') expect(query.slice(start, end)).not.toBe('')
          else expect([start, end]).toEqual([-1, -1])
          if (match.start === -1) expect(match.end).toBe(-1)
          else expect(passage.text.slice(match.start, match.end)).not.toBe('')
          expect(match.token).toEqual(expect.any(String))
        }
      }
    })

    test('each part of the query is explained once, in order', async () => {
      const index = await filled(DOCUMENTS)
      const [{ explain }] = (await index.search(query, { explain: true, limit: 1 })).hits
      const text = explain!.filter(({ kind }) => kind === 'text')
      expect(text.map(({ start, end }) => query.slice(start, end)).join('')).toBe('Whichplanethasbrightmoons?')
      expect(explain!.filter(({ kind }) => kind === 'marker').length).toBeGreaterThan(0)
      expect(explain!.filter(({ kind }) => kind === 'expansion').length).toBeGreaterThan(0)
    })

    test('explaining changes neither hits nor scores', async () => {
      const index = await filled(DOCUMENTS)
      const plain = await index.search(query)
      const explained = await index.search(query, { explain: true })
      expect(explained.hits.map(({ id, score }) => [id, score])).toEqual(plain.hits.map(({ id, score }) => [id, score]))
    })

    test('highlights are words in the passage, in order, with weights up to 1', async () => {
      const index = await filled([...DOCUMENTS, { id: 'long', title: 'Moons', text: LONG_TEXT }])
      const { hits } = await index.search('bright moons', { passages: 3, limit: 20 })
      let seen = 0
      for (const { text, highlights } of hits.flatMap(({ passages }) => passages)) {
        let last = 0
        for (const [start, end, weight] of highlights) {
          seen++
          expect(start).toBeGreaterThanOrEqual(last)
          expect(end).toBeGreaterThan(start)
          expect(end).toBeLessThanOrEqual(text.length)
          expect(text.slice(start, end).trim()).toBe(text.slice(start, end))
          expect(weight).toBeGreaterThan(0)
          expect(weight).toBeLessThanOrEqual(1)
          last = end
        }
        expect(highlights.reduce((sum, [, , weight]) => sum + weight, 0)).toBeLessThanOrEqual(1 + 1e-4)
      }
      expect(seen).toBeGreaterThan(0)
    })
  })
}
