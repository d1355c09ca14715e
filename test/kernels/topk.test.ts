import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NONE } from '../../src/kernels/maxsim.ts'
import { EMPTY, planTopCandidates, planTopDocuments, selectTopK, topKCandidates } from '../../src/kernels/topk.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { random, runPlan } from './harness.ts'
import { type Scored, topDocuments } from './topk.reference.ts'

const missing = await gpuMissing()

interface Case {
  documents: (number | null)[][]
  alive: boolean[]
}

/** A case as the kernels take it. The passages of dead documents hold what an earlier search left: high scores. */
function tables({ documents, alive }: Case) {
  const starts = [0]
  const scores: number[] = []
  const bits = new Uint32Array(Math.max(1, Math.ceil(documents.length / 32)))
  documents.forEach((passages, i) => {
    scores.push(...passages.map((score) => (alive[i] ? (score ?? NONE) : 1e6)))
    starts.push(scores.length)
    if (alive[i]) bits[i >>> 5] |= 1 << (i & 31)
  })
  return { scores: Float32Array.from(scores), starts: Uint32Array.from(starts), alive: bits }
}

function cpu(input: Case, k: number): Scored[] {
  const { scores, starts, alive } = tables(input)
  const best = selectTopK(scores, starts, alive, k)
  return Array.from(best.documents, (document, i) => ({ document, score: best.scores[i] }))
}

/** Ties, negative scores, zero of both signs, empty documents, empty passages. */
const score = fc.constantFrom(-3, -0.5, -0, 0, 0.25, 0.5, 1, 30.5, null)
const cases: fc.Arbitrary<Case> = fc
  .array(fc.record({ passages: fc.array(score, { maxLength: 4 }), alive: fc.boolean() }), {
    minLength: 1,
    maxLength: 80,
  })
  .map((documents) => ({ documents: documents.map((d) => d.passages), alive: documents.map((d) => d.alive) }))

describe('selectTopK', () => {
  it('agrees with sorting everything', () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 1, max: 100 }), (input, k) => {
        expect(cpu(input, k)).toEqual(topDocuments(input.documents, input.alive, k))
      }),
    )
  })

  it('takes an index without documents', () => {
    expect(selectTopK(new Float32Array(0), Uint32Array.of(0), new Uint32Array(0), 10).documents.length).toBe(0)
  })
})

describe.skipIf(missing)(`topk${missing ? ` — ${missing}` : ''}`, async () => {
  const device = missing ? null! : await openDevice({ caps: { groups: 3 } })

  async function gpu(input: Case, k: number): Promise<Scored[]> {
    const { scores, starts, alive } = tables(input)
    const candidates = topKCandidates(input.documents.length, k)
    const first = planTopDocuments(input.documents.length, k, device.caps)
    // An index whose documents are all empty has no scores; a binding has at least one.
    const bound = scores.length === 0 ? new Float32Array(1) : scores
    const [some] = await runPlan(device, first, [bound, starts, alive, candidates * 2])
    const [best] = await runPlan(device, planTopCandidates(candidates, k), [new Uint32Array(some), k * 2])
    const words = new Uint32Array(best)
    const values = new Float32Array(best)
    const hits: Scored[] = []
    for (let i = 0; i < k; i++) {
      if (words[2 * i] !== EMPTY) hits.push({ document: words[2 * i], score: values[2 * i + 1] })
      else expect(words.filter((_, j) => j >= 2 * i && j % 2 === 0).every((word) => word === EMPTY)).toBe(true)
    }
    return hits
  }

  it('agrees with sorting everything', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 128 }), async (input, k) => {
        const hits = await gpu(input, k)
        // The sign of a zero is not part of the order, and max(−0, 0) may be either.
        const expected = topDocuments(input.documents, input.alive, k)
        expect(hits.map((hit) => hit.document)).toEqual(expected.map((hit) => hit.document))
        expect(hits.map((hit) => hit.score + 0)).toEqual(expected.map((hit) => hit.score + 0))
      }),
      { numRuns: 30 },
    )
  })

  // More than one block, a folded grid, several rounds of the second level, and not a multiple of anything.
  for (const [documents, k] of [
    [1, 128],
    [1024, 10],
    [1025, 1],
    [7001, 10],
    [20011, 128],
  ]) {
    it(`${documents} documents, ${k} best, many ties`, async () => {
      const values = random(documents)(documents * 2).map((value) => Math.round(value * 50) / 64)
      const input: Case = {
        documents: Array.from({ length: documents }, (_, i) => [values[2 * i], values[2 * i + 1]].slice(i % 2)),
        alive: Array.from({ length: documents }, (_, i) => documents === 1 || i % 7 !== 3),
      }
      const expected = topDocuments(input.documents, input.alive, k)
      expect(await gpu(input, k)).toEqual(expected)
      expect(cpu(input, k)).toEqual(expected)
    })
  }

  it('gives nothing when all documents are dead', async () => {
    expect(await gpu({ documents: [[1], [2], [3]], alive: [false, false, false] }, 5)).toEqual([])
  })
})
