import { describe, expect, it } from 'vitest'
import { planSplit, splitBytes } from '../../src/kernels/split.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { random, runPlan } from './harness.ts'
import { splitQueries } from './split.reference.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`split${missing ? ` — ${missing}` : ''}`, async () => {
  const device = missing ? null! : await openDevice()

  for (const [queries, rows, dim] of [
    [1, 32, 96],
    [3, 40, 20],
    [2, 1, 16],
  ]) {
    it(`${queries} queries of ${rows} rows × ${dim}`, async () => {
      const query = random(rows)(queries * rows * dim, 0.1)
      // Zeros, and what is too small for a reciprocal.
      query.fill(0, 0, dim)
      if (rows > 1) query.fill(1e-38, dim, 2 * dim)
      const bytes = splitBytes({ queries, rows, dim })
      const [out] = await runPlan(device, planSplit({ queries, rows, dim }), [query, bytes / 4])
      const expected = splitQueries(query, queries, dim)
      expect(out.byteLength).toBe(expected.byteLength)
      const [actual, wanted] = [new Int8Array(out), new Int8Array(expected.buffer)]
      const [scales, wantedScales] = [new Float32Array(out), new Float32Array(expected.buffer)]
      const columns = dim / 2 + 1
      for (let at = 0; at < expected.length; at++) {
        const column = Math.floor(at / 32) % columns
        if (column === columns - 1) expect(scales[at]).toBe(wantedScales[at])
        else if (column % 2 === 0)
          // On an edge the high byte may fall to either side, and the low one makes up for it.
          for (let i = 4 * at; i < 4 * at + 4; i++) {
            const value = 254 * actual[i] + actual[i + 128]
            expect(Math.abs(value - (254 * wanted[i] + wanted[i + 128]))).toBeLessThanOrEqual(1)
          }
      }
    })
  }

  it('is within half a step of what it stands for', async () => {
    const [rows, dim] = [5, 96]
    const query = random(1)(rows * dim)
    const [out] = await runPlan(device, planSplit({ rows, dim }), [query, splitBytes({ rows, dim }) / 4])
    const [bytes, scales] = [new Int8Array(out), new Float32Array(out)]
    for (let row = 0; row < rows; row++) {
      const scale = scales[(dim / 2) * 32 + row]
      for (let i = 0; i < dim; i++) {
        const at = (2 * (i >> 2) * 32 + row) * 4 + (i & 3)
        const value = scale * (254 * bytes[at] + bytes[at + 128])
        expect(Math.abs(value - query[row * dim + i])).toBeLessThanOrEqual(0.501 * scale)
      }
    }
  })
})
