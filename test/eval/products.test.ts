import { describe, expect, it } from 'vitest'
import type { Vectors } from '../../src/eval/maxsim.ts'
import { packQueries } from '../../src/eval/maxsim.ts'
import { productScorer } from '../../src/node/eval/products.ts'
import { type ScoringTask, scoreDocuments } from '../../src/node/eval/score.ts'
import { random } from '../kernels/harness.ts'
import { onnxMissing, onnxRuntime } from '../onnx/runtime.ts'

const DIM = 16
const missing = await onnxMissing()

/** Queries of 0 to 9 rows; together more than are multiplied at once. */
const lengths = Array.from({ length: 400 }, (_, i) => i % 10)
const starts = Uint32Array.from([0, ...lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b, 0))])
const queries: Vectors = { dim: DIM, values: random(1)(starts[400] * DIM, 0.2), starts }

/** Documents of 1, 0, 2 and 1 passages; the last one without rows. */
const task: Omit<ScoringTask, 'codec'> = {
  dim: DIM,
  values: random(2)(24 * DIM, 0.2),
  starts: Uint32Array.of(0, 5, 9, 24, 24),
  owners: Uint32Array.of(0, 2, 2, 3),
  documents: 4,
}

describe.skipIf(missing)(`productScorer${missing ? ` — ${missing}` : ''}`, () => {
  it.each(['f32', 'f16', 'int8'] as const)('scores as plain JavaScript does: %s', async (codec) => {
    const { score, close } = productScorer((await onnxRuntime())!, queries)
    const found = await score({ ...task, codec })
    await close()
    const expected = scoreDocuments(packQueries(queries), { ...task, codec })
    expect(found).toHaveLength(expected.length)
    found.forEach((value, i) => {
      if (Number.isFinite(expected[i])) expect(Math.abs(value - expected[i])).toBeLessThan(1e-5)
      else expect(value).toBe(expected[i])
    })
  })
})
