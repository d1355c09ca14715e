import { beforeAll, describe, expect, test } from 'vitest'
import { createIndex, type Filter, type SearchIndex } from '../../src/index.ts'
import { checkpointFolder } from '../goldens/checkpoints.ts'
import { CHECKPOINT, failureOf, idsOf, type Setup } from './setup.ts'

const METAS: Record<string, Record<string, unknown> | undefined> = {
  a: { lang: 'de', year: 1999, tags: ['sea', 'light'], draft: false },
  b: { lang: 'en', year: 2005, tags: ['sea'], draft: true },
  c: { lang: 'en', year: 2020, tags: [], date: '2020-05-01', note: null },
  d: { lang: 'fr', year: '2020', date: '2021-01-31', tags: 'sea' },
  e: undefined,
}

export function filters({ base, worker, name }: Setup): void {
  describe('filter and ids', () => {
    let index: SearchIndex
    beforeAll(async () => {
      index = await createIndex({
        name: name(),
        model: `/${checkpointFolder(CHECKPOINT)}`,
        store: 'memory',
        worker,
        ...base,
      })
      await index.add(Object.entries(METAS).map(([id, meta]) => ({ id, text: `Document ${id}.`, meta })))
      return () => index.close()
    })

    const cases: [Filter, string][] = [
      [{}, 'abcde'],
      [{ lang: 'en' }, 'bc'],
      [{ lang: ['en', 'fr'] }, 'bcd'],
      [{ lang: [] }, ''],
      [{ lang: 'it' }, ''],
      [{ lang: null }, 'e'],
      [{ lang: ['de', null] }, 'ae'],
      [{ note: null }, 'abcde'],
      [{ draft: true }, 'b'],
      [{ draft: false }, 'a'],
      [{ year: 2020 }, 'c'],
      [{ year: '2020' }, 'd'],
      [{ year: { gte: 2000 } }, 'bc'],
      [{ year: { gte: 2005, lte: 2005 } }, 'b'],
      [{ year: { lte: 2005 } }, 'ab'],
      [{ date: { gte: '2020-01-01', lte: '2020-12-31' } }, 'c'],
      [{ date: { gte: '2021' } }, 'd'],
      [{ lang: { not: 'en' } }, 'ade'],
      [{ lang: { not: ['en', 'de'] } }, 'de'],
      [{ lang: { not: null } }, 'abcd'],
      [{ year: { gte: 2000, not: 2005 } }, 'c'],
      [{ tags: 'sea' }, 'abd'],
      [{ tags: ['light', 'dark'] }, 'a'],
      [{ tags: { not: 'sea' } }, 'ce'],
      [{ lang: 'en', year: { gte: 2010 } }, 'c'],
      [{ lang: 'en', tags: 'light' }, ''],
      [{ constructor: null as never }, 'abcde'],
      [{ toString: 'x' as never }, ''],
    ]
    test.each(cases)('%j lets %j through', async (filter, expected) => {
      const { hits, total } = await index.search('document', { filter })
      expect(idsOf({ hits }).sort().join('')).toBe(expected)
      expect(total).toBe(expected.length)
    })

    test('scores and order are those without a filter', async () => {
      const all = await index.search('document')
      const some = await index.search('document', { filter: { lang: { not: null } } })
      expect(some.hits.map(({ id, score }) => [id, score])).toEqual(
        all.hits.filter(({ id }) => id !== 'e').map(({ id, score }) => [id, score]),
      )
      const limited = await index.search('document', { filter: { lang: { not: null } }, limit: 2, offset: 1 })
      expect(idsOf(limited)).toEqual(idsOf(some).slice(1, 3))
      expect(limited.total).toBe(4)
    })

    test('ids limits the search to these documents', async () => {
      const of = async (ids: string[], filter?: Filter) => idsOf(await index.search('document', { ids, filter })).sort()
      expect(await of(['b', 'd'])).toEqual(['b', 'd'])
      expect(await of(['b', 'b', 'no such id', '__proto__'])).toEqual(['b'])
      expect(await of([])).toEqual([])
      expect(await of(['a', 'b', 'c'], { lang: 'en' })).toEqual(['b', 'c'])
    })

    const wrong: [string, unknown][] = [
      ['a function', () => true],
      ['a function in a field', { lang: () => true }],
      ['a list', ['en']],
      ['a string', 'en'],
      ['an unknown operator', { year: { gt: 5 } }],
      ['an object as value', { lang: { not: { a: 1 } } }],
      ['a range of truth values', { draft: { gte: false } }],
    ]
    test.each(wrong)('%s is refused', async (_, filter) => {
      const error = await failureOf(index.search('document', { filter: filter as Filter }))
      expect(error).toMatchObject({ name: 'MaxsiftError', code: 'INVALID_ARGUMENT' })
      expect(error.message).toContain('filter')
    })
  })
}
