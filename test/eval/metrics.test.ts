import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { METRICS, type Measures, meanMeasures, measure, trecOrder } from '../../src/eval/metrics.ts'

interface Golden {
  name: string
  grades: [string, number][]
  ranking: [string, number][]
  measures: Measures
}

const text = await readFile(new URL('goldens/metrics.jsonl', import.meta.url), 'utf8')
const goldens: Golden[] = text
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

const scored = (entries: readonly (readonly [string, number])[]) => entries.map(([id, score]) => ({ id, score }))

describe('measures', () => {
  it.each(goldens)('equal pytrec_eval: $name', ({ grades, ranking, measures }) => {
    const found = measure(scored(ranking), new Map(grades))
    expect(Object.keys(found)).toEqual([...METRICS])
    for (const metric of METRICS) expect(Math.abs(found[metric] - measures[metric]), metric).toBeLessThan(1e-6)
  })

  const ids = fc.string({ maxLength: 3 })
  const grade = fc.integer({ min: -2, max: 5 })
  const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -1e9, max: 1e9, noNaN: true }))
  const ranking = fc.uniqueArray(fc.tuple(ids, score), { selector: ([id]) => id }).map(scored)
  const grades = fc.uniqueArray(fc.tuple(ids, grade), { selector: ([id]) => id }).map((all) => new Map(all))

  it('lie between 0 and 1, whatever the order of what was found', () => {
    fc.assert(
      fc.property(ranking, grades, (found, judged) => {
        const measures = measure(found, judged)
        for (const metric of METRICS) {
          expect(measures[metric]).toBeGreaterThanOrEqual(0)
          expect(measures[metric]).toBeLessThanOrEqual(1 + 1e-12)
        }
        expect(measure([...found].reverse(), judged)).toEqual(measures)
        expect(measures['success@1']).toBeLessThanOrEqual(measures['success@3'])
        expect(measures['success@3']).toBeLessThanOrEqual(measures['success@5'])
        expect(measures['success@1']).toBeLessThanOrEqual(measures['mrr@10'])
      }),
    )
  })

  it('are 1 for the relevant documents in the order of their grades', () => {
    fc.assert(
      fc.property(grades, (judged) => {
        const relevant = [...judged].filter(([, value]) => value > 0)
        fc.pre(relevant.length > 0)
        const measures = measure(scored(relevant), judged)
        for (const metric of METRICS) expect(measures[metric]).toBeCloseTo(1, 12)
      }),
    )
  })

  it('do not change by what is not relevant and comes last', () => {
    fc.assert(
      fc.property(ranking, grades, ids, (found, judged, id) => {
        fc.pre(!found.some((each) => each.id === id) && !(judged.get(id)! > 0))
        expect(measure([...found, { id, score: -2e9 }], judged)).toEqual(measure(found, judged))
      }),
    )
  })

  it('fall when a relevant document gives way to one that is not', () => {
    fc.assert(
      fc.property(ranking, grades, (found, judged) => {
        const order = trecOrder(found)
        const at = order.findIndex(({ id }, i) => judged.get(id)! > 0 && !(judged.get(order[i + 1]?.id)! > 0))
        fc.pre(at >= 0 && at < 9 && at + 1 < order.length)
        const swapped = order.map(({ id }, i) => ({ id, score: -(i === at ? at + 1 : i === at + 1 ? at : i) }))
        const [before, after] = [measure(found, judged), measure(swapped, judged)]
        for (const metric of METRICS) expect(after[metric]).toBeLessThanOrEqual(before[metric])
        for (const metric of ['ndcg@10', 'map'] as const) expect(after[metric]).toBeLessThan(before[metric])
      }),
    )
  })

  it('have means over queries, and zeros over no query', () => {
    const one = measure([{ id: 'a', score: 1 }], new Map([['a', 1]]))
    const zero = measure([], new Map([['a', 1]]))
    expect(meanMeasures([one, zero, zero, zero])['ndcg@10']).toBe(0.25)
    expect(meanMeasures([]).map).toBe(0)
  })

  it('refuse a document that occurs twice, and scores that are none', () => {
    const twice = scored([
      ['a', 1],
      ['a', 2],
    ])
    expect(() => measure(twice, new Map())).toThrow('twice')
    expect(() => measure(scored([['a', Number.NaN]]), new Map())).toThrow('not a number')
  })
})

describe('trecOrder', () => {
  it('sorts equal scores by the bytes of the ids, descending', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: 'binary' })), (ids) => {
        const sorted = ids.toSorted((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)))
        expect(trecOrder(ids.map((id) => ({ id, score: 0.1 }))).map(({ id }) => id)).toEqual(sorted)
      }),
    )
  })
})
