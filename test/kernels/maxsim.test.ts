import { describe, expect, it } from 'vitest'
import type { CodecId } from '../../src/codec/codec.ts'
import type { Device } from '../../src/gpu/device.ts'
import {
  INTEGER_BODIES,
  isInteger,
  type MaxSimBody,
  type MaxSimForce,
  maxSimBodies,
  NONE,
  planMaxSim,
} from '../../src/kernels/maxsim.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { type Fixture, makeFixture } from './fixture.ts'
import { random, runPlan } from './harness.ts'
import { bestTokens, maxSim } from './maxsim.reference.ts'
import { integerMaxSim, splitQueries } from './split.reference.ts'

const missing = await gpuMissing()

const UNWRITTEN = 0x7fc0dead

/** Runs all shards of a fixture and gives scores and partial maxima, as bits and as floats. */
async function run(device: Device, fixture: Fixture, query: Float32Array, force: MaxSimForce, queries = 1) {
  const { codec, dim, layout, shards } = fixture
  const rows = query.length / dim / queries
  const strides = { passages: layout.passageCount, slots: layout.slots }
  const scores = new Uint32Array(queries * layout.passageCount).fill(UNWRITTEN)
  const partials = new Uint32Array(Math.max(1, queries * layout.slots * rows)).fill(UNWRITTEN)
  const given = force.integer ? splitQueries(query, queries, dim) : query
  for (const [i, { data, capacity }] of shards.entries()) {
    const slices = layout.shards[i].slices.view()
    const shape = { queries, rows, dim, bits: codec.bits, slices: slices.length / 4, capacity, ...strides }
    const plan = planMaxSim(shape, device.caps, force)
    const buffers = [given, data, slices, layout.alive.view(), scores.length, partials.length]
    const results = (await runPlan(device, plan, buffers)).map((result) => new Uint32Array(result))
    // Each shard writes its own passages and slots only.
    for (const [all, part] of [
      [scores, results[0]],
      [partials, results[1]],
    ]) {
      part.forEach((word, j) => {
        if (word === UNWRITTEN) return
        expect(all[j]).toBe(UNWRITTEN)
        all[j] = word
      })
    }
  }
  return { scores, partials, floats: new Float32Array(scores.buffer), maxima: new Float32Array(partials.buffer) }
}

/** Signed bytes and scales of a passage, as they lie in its shard. */
function codesOf({ layout, shards, dim }: Fixture, passage: number) {
  const shard = layout.shards.findLastIndex(({ firstPassage }) => firstPassage <= passage)
  const [row, rows] = [layout.passages.at(2 * passage), layout.passages.at(2 * passage + 1)]
  const { buffer } = shards[shard].data
  const scales = new Float32Array(buffer, shards[shard].capacity * dim + row * 4, rows)
  return { codes: new Int8Array(buffer, row * dim, rows * dim), scales }
}

function queryOf(rows: number, dim: number) {
  return random(rows * 7 + dim)(rows * dim, 1 / Math.sqrt(dim))
}

describe.skipIf(missing)(`maxsim${missing ? ` — ${missing}` : ''}`, async () => {
  // One device for all: compiling takes most of the time here.
  const device = missing ? null! : await openDevice()
  // Pairs are the text of `subgroup` twice, and take lavapipe long to compile: in Node they run with test:full.
  const here = (body: MaxSimBody) => body !== 'pair' || 'document' in globalThis
  const bodies = missing ? [] : maxSimBodies(device.caps).filter(here)
  const codecs: CodecId[] = ['f32', 'f16', 'int8']

  it('knows which bodies an adapter can run', async () => {
    const { caps } = await openDevice({ without: ['subgroups'] })
    expect(maxSimBodies(caps)).toEqual(['lane', 'workgroup'])
    const gpu = (min: number, max: number) => maxSimBodies({ ...caps, fallback: false, subgroups: { min, max } })[0]
    expect([gpu(32, 32), gpu(32, 64), gpu(8, 32), gpu(64, 128)]).toEqual(['pair', 'pair', 'subgroup', 'subgroup'])
    expect(maxSimBodies({ ...caps, fallback: false })[0]).toBe('workgroup')
    expect(maxSimBodies({ ...caps, subgroups: { min: 4, max: 4 } })[0]).toBe('broadcast')
    const integer = { ...caps, packedDot: true, integer: true }
    expect([isInteger(8, integer), isInteger(16, integer), isInteger(8, { ...integer, packedDot: false })]).toEqual([
      true,
      false,
      false,
    ])
    expect(isInteger(8, { ...caps, packedDot: true }), 'only what a probe has found').toBe(false)
    const shape = { rows: 1, dim: 16, bits: 8, slices: 1, capacity: 1, passages: 1, slots: 0 } as const
    const nameWith = (subgroups: typeof caps.subgroups) =>
      planMaxSim(shape, { ...integer, fallback: false, subgroups }).variant.name
    expect([nameWith({ min: 32, max: 32 }), nameWith(null)]).toEqual([
      'maxsim.integer.subgroup',
      'maxsim.integer.workgroup',
    ])
    expect(
      planMaxSim({ rows: 1, dim: 16, bits: 8, slices: 1, capacity: 1, passages: 1, slots: 0 }, caps).variant.enable,
    ).toEqual([])
  })

  for (const body of bodies) {
    for (const codec of body === 'pair' ? (['int8'] as const) : codecs) {
      // [query rows, dim]: one row, either side of a tile of rows, several tiles; less than, equal to, more than a
      // tile of dimensions, and a remainder.
      for (const [rows, dim] of [
        [1, 16],
        [31, 20],
        [32, 96],
        [33, 48],
        [65, 128],
        [512, 64],
        [2, 768],
      ]) {
        it(`${body}, ${codec}: ${rows} rows × ${dim}`, async () => {
          // Passages of one, of a workgroup's lanes, of one more, and of several rounds; and an empty one.
          const documents = rows > 65 ? [[3], [65]] : [[1], [63, 64], [65, 0], [], [130], [2]]
          const fixture = makeFixture({ dim, codec, documents })
          const query = queryOf(rows, dim)
          const { floats } = await run(device, fixture, query, { body })
          fixture.passages.forEach((passage, i) => {
            if (passage.length === 0) expect(floats[i]).toBe(NONE)
            else expect(Math.abs(floats[i] - maxSim(query, passage, dim))).toBeLessThan(1e-4)
          })
        })
      }
    }

    it(`${body}: several queries at once score as each alone`, async () => {
      const [queries, rows, dim] = [3, 40, 20]
      const fixture = makeFixture({ dim, codec: 'f16', documents: [[5], [7, 90], [0], [200]], sliceRows: 70 })
      const query = queryOf(queries * rows, dim)
      const together = await run(device, fixture, query, { body }, queries)
      for (let i = 0; i < queries; i++) {
        const one = query.slice(i * rows * dim, (i + 1) * rows * dim)
        const alone = await run(device, fixture, one, { body })
        const passages = fixture.passages.length
        expect(together.scores.slice(i * passages, (i + 1) * passages)).toEqual(alone.scores)
        const maxima = fixture.layout.slots * rows
        expect(together.partials.slice(i * maxima, (i + 1) * maxima)).toEqual(alone.partials)
      }
    })

    it(`${body}: a row of zeros changes no score`, async () => {
      const fixture = makeFixture({ dim: 16, codec: 'int8', documents: [[3], [70]] })
      const query = queryOf(9, 16)
      const zeros = new Float32Array(query.length + 5 * 16)
      zeros.set(query)
      const { floats } = await run(device, fixture, query, { body })
      const padded = await run(device, fixture, zeros, { body })
      padded.floats.forEach((score, i) => {
        expect(Math.abs(score - floats[i])).toBeLessThan(1e-6)
      })
    })

    it(`${body}: slices of a long passage give the maxima of each`, async () => {
      const [rows, dim] = [40, 20]
      const fixture = makeFixture({ dim, codec: 'int8', documents: [[5], [7, 300], [200]], sliceRows: 70 })
      const query = queryOf(rows, dim)
      const { floats, scores, maxima } = await run(device, fixture, query, { body })
      expect(fixture.layout.slots).toBe(8)
      expect([...scores].map((word) => word === UNWRITTEN)).toEqual([false, false, true, true])
      expect(Math.abs(floats[1] - maxSim(query, fixture.passages[1], dim))).toBeLessThan(1e-4)
      for (const [passage, first, slots] of [
        [2, 0, 5],
        [3, 5, 3],
      ]) {
        bestTokens(query, fixture.passages[passage], dim).forEach(({ token, similarity }, row) => {
          const slot = first + Math.floor(token / 70)
          expect(Math.abs(maxima[slot * rows + row] - similarity)).toBeLessThan(1e-5)
          for (let s = first; s < first + slots; s++) {
            expect(maxima[s * rows + row]).toBeLessThanOrEqual(maxima[slot * rows + row])
          }
        })
      }
    })

    if (body === 'pair') continue
    it(`${body}: a document that is not alive is left alone`, async () => {
      const documents = Array.from({ length: 70 }, (_, i) => [1 + (i % 3), 2])
      const fixture = makeFixture({ dim: 16, codec: 'f16', documents })
      const dead = new Set([0, 31, 32, 33, 69])
      for (const document of dead) fixture.layout.setAlive(document, false)
      const query = queryOf(3, 16)
      const { scores } = await run(device, fixture, query, { body })
      scores.forEach((word, i) => {
        expect(word === UNWRITTEN).toBe(dead.has(Math.floor(i / 2)))
      })
    })

    it(`${body}: several shards under a limit of 1 MiB, and a folded grid`, async () => {
      const device = await openDevice({ caps: { bindingBytes: 1 << 20, groups: 5 } })
      const dim = 96
      const documents = Array.from({ length: 35 }, (_, i) => [80 + i])
      const { bindingBytes } = device.caps.limits
      const fixture = makeFixture({ dim, codec: 'f32', documents, bindingBytes })
      expect(fixture.shards.length).toBe(2)
      for (const { data } of fixture.shards) expect(data.byteLength).toBeLessThanOrEqual(bindingBytes)
      const query = queryOf(4, dim)
      const { floats } = await run(device, fixture, query, { body })
      fixture.passages.forEach((passage, i) => {
        expect(Math.abs(floats[i] - maxSim(query, passage, dim))).toBeLessThan(1e-4)
      })
    })

    it(`${body}: compares maxima after scaling`, async () => {
      // The second token has the larger codes, the first the larger products.
      const tokens = [new Float32Array(16).fill(0.5), new Float32Array(16).fill(0.01)]
      tokens[0].set([2])
      const passage = Float32Array.of(...tokens[0], ...tokens[1])
      const fixture = makeFixture({ dim: 16, codec: 'int8', documents: [[2]], vectors: () => passage })
      const query = new Float32Array(16).fill(0.25)
      query[0] = 0
      const { floats } = await run(device, fixture, query, { body })
      expect(floats[0]).toBeCloseTo(15 * 0.25 * 0.5, 1)
    })

    it(`${body}: all similarities negative`, async () => {
      const fixture = makeFixture({
        dim: 16,
        codec: 'f32',
        documents: [[3]],
        vectors: () => Float32Array.from({ length: 48 }, (_, i) => 1 + Math.floor(i / 16)),
      })
      const query = new Float32Array(33 * 16).fill(-1)
      const { floats } = await run(device, fixture, query, { body })
      expect(floats[0]).toBeCloseTo(-33 * 16, 2)
    })
  }

  for (const body of bodies.filter((body) => INTEGER_BODIES.includes(body))) {
    // Either side of a tile of rows and of dimensions, and several of both.
    for (const [queries, rows, dim] of [
      [1, 31, 20],
      [2, 32, 96],
      [2, 33, 128],
      [1, 65, 132],
      [1, 2, 768],
    ]) {
      it(`${body}, integer: ${queries} × ${rows} rows × ${dim}`, async () => {
        const documents = [[1], [63, 64], [65, 0], [], [130], [2]]
        const fixture = makeFixture({ dim, codec: 'int8', documents })
        const query = queryOf(queries * rows, dim)
        const { floats } = await run(device, fixture, query, { body, integer: true }, queries)
        floats.forEach((score, i) => {
          const passage = i % fixture.passages.length
          const one = Math.floor(i / fixture.passages.length) * rows * dim
          const own = query.subarray(one, one + rows * dim)
          const { codes, scales } = codesOf(fixture, passage)
          if (scales.length === 0) {
            expect(score).toBe(NONE)
            return
          }
          // Every product is exact: what is left is the rounding of the sum over rows.
          expect(Math.abs(score - integerMaxSim(own, codes, scales, dim))).toBeLessThan(1e-6 * rows)
          expect(Math.abs(score - maxSim(own, fixture.passages[passage], dim))).toBeLessThan(1e-5 * rows)
        })
      })
    }

    it(`${body}, integer: slices of a long passage, all similarities negative, a row of zeros`, async () => {
      const fixture = makeFixture({
        dim: 16,
        codec: 'int8',
        documents: [[3], [200]],
        sliceRows: 70,
        vectors: (rows) => Float32Array.from({ length: rows * 16 }, (_, i) => 1 + (Math.floor(i / 16) % 70)),
      })
      const query = new Float32Array(33 * 16).fill(-1)
      query.fill(0, 16, 32)
      const { floats, maxima } = await run(device, fixture, query, { body, integer: true })
      expect(floats[0]).toBeCloseTo(-32 * 16, 2)
      expect(maxima.length).toBe(3 * 33)
      maxima.forEach((best, i) => {
        expect(best).toBeCloseTo(i % 33 === 1 ? 0 : -16, 4)
      })
    })
  }
})
