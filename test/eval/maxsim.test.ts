import { describe, expect, it } from 'vitest'
import { type CodecId, codecOf } from '../../src/codec/codec.ts'
import { maxSim, packQueries, throughCodec } from '../../src/eval/maxsim.ts'
import { planMaxSim } from '../../src/kernels/maxsim.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { makeFixture } from '../kernels/fixture.ts'
import { random, runPlan } from '../kernels/harness.ts'
import { maxSim as reference } from '../kernels/maxsim.reference.ts'

const missing = await gpuMissing()
const CODECS: CodecId[] = ['f32', 'f16', 'int8']

/** Rows of each text. */
const QUERIES = [1, 4, 5, 32, 33]
const PASSAGES = [1, 2, 7, 0, 64, 91]

function startsOf(rows: readonly number[]): Uint32Array {
  const starts = new Uint32Array(rows.length + 1)
  rows.forEach((count, i) => {
    starts[i + 1] = starts[i] + count
  })
  return starts
}

function vectorsOf(rows: readonly number[], dim: number, seed: number) {
  const starts = startsOf(rows)
  return { dim, starts, values: random(seed)(starts[rows.length] * dim, 1 / Math.sqrt(dim)) }
}

describe('maxSim on the CPU', () => {
  for (const codec of CODECS) {
    it.each([16, 20, 96, 384])(
      `${codec}: is the sum of the largest products of what the codes stand for, dim %i`,
      (dim) => {
        const queries = vectorsOf(QUERIES, dim, 3)
        const passages = vectorsOf(PASSAGES, dim, 5)
        const scores = maxSim(packQueries(queries), throughCodec(passages, codecOf({ id: codec })))
        const by = codecOf({ id: codec })
        QUERIES.forEach((_, q) => {
          const query = queries.values.subarray(queries.starts[q] * dim, queries.starts[q + 1] * dim)
          PASSAGES.forEach((count, p) => {
            const given = passages.values.slice(passages.starts[p] * dim, passages.starts[p + 1] * dim)
            const score = scores[q * PASSAGES.length + p]
            if (count === 0) expect(score).toBe(Number.NEGATIVE_INFINITY)
            else
              expect(Math.abs(score - reference(query, by.decode(by.encode(given, dim), dim), dim))).toBeLessThan(1e-5)
          })
        })
      },
    )
  }

  it('scores a single vector against single vectors: the dot product, also a negative one', () => {
    const queries = { dim: 16, starts: Uint32Array.of(0, 1), values: new Float32Array(16).fill(0.25) }
    const passages = { dim: 16, starts: Uint32Array.of(0, 1, 2), values: new Float32Array(32).fill(-0.25) }
    passages.values.fill(0.25, 16, 24)
    expect([...maxSim(packQueries(queries), { ...passages, scales: null })]).toEqual([-1, 0])
  })
})

describe.skipIf(missing)(`maxSim on the CPU${missing ? ` — ${missing}` : ''}`, () => {
  it.each(CODECS)('gives the sums of the kernel: %s', async (codec) => {
    const device = await openDevice()
    const dim = 96
    const passages = vectorsOf(PASSAGES, dim, 5)
    let next = 0
    const vectors = (rows: number) => {
      next += rows
      return passages.values.slice((next - rows) * dim, next * dim)
    }
    const fixture = makeFixture({ dim, codec, documents: PASSAGES.map((rows) => [rows]), vectors })
    const [{ data, capacity }] = fixture.shards
    const slices = fixture.layout.shards[0].slices.view()
    for (const rows of QUERIES) {
      const query = vectorsOf([rows], dim, rows)
      const strides = { passages: fixture.layout.passageCount, slots: fixture.layout.slots }
      const shape = { rows, dim, bits: fixture.codec.bits, slices: slices.length / 4, capacity, ...strides }
      const buffers = [query.values, data, slices, fixture.layout.alive.view(), PASSAGES.length, rows]
      const [scores] = await runPlan(device, planMaxSim(shape, device.caps), buffers)
      const found = maxSim(packQueries(query), throughCodec(passages, fixture.codec))
      new Float32Array(scores).forEach((score, p) => {
        if (PASSAGES[p] > 0) expect(Math.abs(found[p] - score)).toBeLessThan(1e-4)
      })
    }
  })
})
