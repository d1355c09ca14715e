import { describe, expect, it } from 'vitest'
import { compileFilter } from '../../src/search/filter.ts'
import type { Filter } from '../../src/search/types.ts'

const documents: Record<string, Record<string, unknown> | undefined> = {
  a: { lang: 'en', year: 2020, tags: ['x', 'y'] },
  b: { lang: 'ja', year: 2022, tags: ['y'] },
  c: { year: '2021-05-01', draft: true },
  none: undefined,
  hostile: JSON.parse('{"__proto__": "p", "constructor": 1}'),
}

function matches(filter: Filter): string[] {
  const test = compileFilter(filter)
  return Object.keys(documents).filter((id) => test(documents[id]))
}

describe('filter', () => {
  it.each<[string, Filter, string[]]>([
    ['no field', {}, ['a', 'b', 'c', 'none', 'hostile']],
    ['a value', { lang: 'en' }, ['a']],
    ['a list of values', { lang: ['en', 'ja'] }, ['a', 'b']],
    ['an empty list', { lang: [] }, []],
    ['a member of a list in the document', { tags: 'x' }, ['a']],
    ['two fields, both to match', { tags: 'y', year: 2022 }, ['b']],
    ['a range', { year: { gte: 2020, lte: 2021 } }, ['a']],
    ['a range of strings', { year: { gte: '2021-01-01' } }, ['c']],
    ['not', { lang: { not: 'en' } }, ['b', 'c', 'none', 'hostile']],
    ['not any of', { lang: { not: ['en', 'ja'] } }, ['c', 'none', 'hostile']],
    ['a missing field', { lang: null }, ['c', 'none', 'hostile']],
    ['a boolean', { draft: true }, ['c']],
    ['constructor as a field', { constructor: 1 } as Filter, ['hostile']],
    ['__proto__ as a field', JSON.parse('{"__proto__": "p"}'), ['hostile']],
    ['no inherited field', { toString: null } as unknown as Filter, ['a', 'b', 'c', 'none', 'hostile']],
  ])('%s', (_, filter, expected) => expect(matches(filter)).toEqual(expected))

  it.each([
    ['a function', (() => true) as unknown as Filter],
    ['a function as a condition', { lang: () => true } as unknown as Filter],
    ['a list', [] as unknown as Filter],
    ['an unknown operator', { year: { gt: 3 } } as unknown as Filter],
    ['an object in a list', { year: [{}] } as unknown as Filter],
    ['a range of nothing', { year: { gte: null } } as unknown as Filter],
    ['NaN as a bound', { year: { gte: Number.NaN } }],
  ])('refuses %s', (_, filter) => {
    expect(() => compileFilter(filter)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
