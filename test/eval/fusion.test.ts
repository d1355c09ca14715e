import { describe, expect, it } from 'vitest'
import {
  type Collection,
  evaluate,
  fusedSystem,
  type Outcome,
  rememberedSystem,
  type System,
} from '../../src/eval/index.ts'
import { FUSIONS, fuse } from '../../src/lexical/index.ts'

const queries = ['q0', 'q1', 'q2'].map((id) => ({ id, text: id }))

const collection: Collection = {
  name: 'shelf',
  split: 'test',
  queries,
  unjudged: 0,
  judgements: new Map(queries.map(({ id }) => [id, new Map([['a', 1]])])),
  // Not in the order of the alphabet.
  ids: { documents: new Set(['d', 'a', 'c', 'b']), queries: new Set(queries.map(({ id }) => id)) },
  hash: '',
  async *documents() {},
}

/** Ranks as it is told, and counts how often it did. */
function fake(name: string, rankings: Record<string, Record<string, number>>, outcome: Outcome) {
  const system = {
    name,
    about: name,
    asked: 0,
    async rank(queries: readonly { id: string; text: string }[], take: Parameters<System['rank']>[1]) {
      system.asked++
      for (const query of queries) {
        take(
          query,
          Object.entries(rankings[query.id] ?? {}).map(([id, score]) => ({ id, score })),
        )
      }
      return outcome
    },
  }
  return system
}

const bytes = { token: 100, passage: 1_000, collection: 4_000 }
const makeBoth = () => ({
  semantic: fake(
    'm/int8',
    { q0: { c: 5, a: 4, d: 1 }, q1: { b: 2, a: 1 } },
    { bytes, seconds: { encode: 9, search: 2 } },
  ),
  lexical: fake('lexical', { q0: { b: 7, a: 6 }, q2: { a: 1 } }, { bytes: null, seconds: { index: 3, search: 1 } }),
})

describe('fusedSystem', () => {
  it.each(FUSIONS)('%s: fuses query by query, by the order of the collection', async (by) => {
    const { semantic, lexical } = makeBoth()
    const found = new Map<string, readonly { id: string; score: number }[]>()
    const system = fusedSystem(by, semantic, lexical, collection)
    const outcome = await system.rank(queries, (query, ranking) => found.set(query.id, ranking))
    expect(system.name).toBe(`hybrid-${by}`)
    const [d, a, c, b] = [0, 1, 2, 3]
    const placed = (...pairs: [number, number][]) => pairs.map(([ordinal, score]) => ({ ordinal, score }))
    const expected = {
      q0: fuse(by, placed([c, 5], [a, 4], [d, 1]), placed([b, 7], [a, 6])),
      q1: fuse(by, placed([b, 2], [a, 1]), []),
      q2: fuse(by, [], placed([a, 1])),
    }
    expect(expected.q0[0].ordinal).toBe(by === 'rrf' ? a : c)
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(
        Object.entries(expected).map(([query, ranking]) => [
          query,
          ranking.map(({ ordinal, score }) => ({ id: ['d', 'a', 'c', 'b'][ordinal], score })),
        ]),
      ),
    )
    expect(outcome).toEqual({ bytes, seconds: { encode: 9, index: 3, search: 3 } })
  })

  it('and what it fuses are asked once for one table', async () => {
    const { semantic, lexical } = makeBoth()
    const [a, b] = [semantic, lexical].map(rememberedSystem)
    const systems = [b, a, ...FUSIONS.map((by) => fusedSystem(by, a, b, collection))]
    const results = []
    for (const system of systems) results.push(await evaluate(collection, system))
    expect([semantic.asked, lexical.asked]).toEqual([1, 1])
    expect(results.map(({ system }) => system)).toEqual(['lexical', 'm/int8', 'hybrid-rrf', 'hybrid-score'])
    expect(results[0].measures['mrr@10']).toBeCloseTo((1 / 2 + 0 + 1) / 3, 12)
    expect(results[1].measures['mrr@10']).toBeCloseTo((1 / 2 + 1 / 2) / 3, 12)
    expect(results[2].measures['mrr@10']).toBeCloseTo((1 + 1 / 2 + 1) / 3, 12)
    expect(results[1].outcome.bytes).toBe(bytes)
    // What did not answer the same queries is asked again.
    await a.rank(queries.slice(0, 1), () => {})
    expect(semantic.asked).toBe(2)
  })

  it('does not keep an answer that never came', async () => {
    const { semantic, lexical } = makeBoth()
    const refused = new Error('cut off')
    let broken = true
    const remembered = rememberedSystem({
      ...semantic,
      rank: (queries, take) => (broken ? Promise.reject(refused) : semantic.rank(queries, take)),
    })
    const system = fusedSystem('rrf', remembered, lexical, collection)
    await expect(evaluate(collection, system)).rejects.toBe(refused)
    broken = false
    expect((await evaluate(collection, system)).unanswered).toBe(0)
  })
})
