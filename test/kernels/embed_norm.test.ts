import { describe, expect, it } from 'vitest'
import { placeOf, planEmbedNorm } from '../../src/kernels/embed_norm.ts'
import { rowBytes, shardRows, type WeightFormat } from '../../src/kernels/weights.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { embedNorm } from './embed_norm.reference.ts'
import { maxError, random, runPlan, runPlans } from './harness.ts'
import { rowVariants } from './rows.ts'
import { store } from './weights.ts'

const missing = await gpuMissing()
const epsilon = 1e-3

/** The values with zeros after them, up to a multiple of 4. */
const padded = (...values: number[]) =>
  Float32Array.from({ length: Math.ceil(values.length / 4) * 4 }, (_, i) => values[i] ?? 0)

function example(columns: number, vocabulary: number, words: WeightFormat, positions: WeightFormat | 'none') {
  const values = random(columns)
  const word = store(values(vocabulary * columns, 0.5), columns, words)
  const position = positions === 'none' ? null : store(values(16 * columns, 0.5), columns, positions)
  const [types, gamma, beta] = [values(2 * columns), values(columns, 0.5, 1), values(columns)]
  const tokens = [0, vocabulary - 1, 3, 1, 3, 2, vocabulary >> 1].map((id, i) => [id, (i * 5) % 16, i % 2] as const)
  return {
    columns,
    vocabulary,
    tokens,
    packed: Uint32Array.from(tokens.flatMap(([id, place, type]) => [id, placeOf(place, type)])),
    word: word.bytes,
    position: position?.bytes ?? new Uint8Array(),
    affine: padded(
      ...gamma,
      ...beta,
      ...types,
      ...(words === 'I8' ? word.scales : []),
      ...(positions === 'I8' ? position!.scales : []),
    ),
    expected: embedNorm(tokens, {
      columns,
      words: word.values,
      positions: position?.values ?? new Float32Array(16 * columns),
      types,
      gamma,
      beta,
      epsilon,
    }),
    shape: { rows: tokens.length, columns, epsilon, vocabulary, words, positions },
  }
}

describe.skipIf(missing)(`embed_norm${missing ? ` — ${missing}` : ''}`, () => {
  for (const format of ['F32', 'F16', 'BF16', 'I8'] as const) {
    // Rows wider than a workgroup take seconds to compile; how a number is decoded does not depend on the width.
    for (const columns of [4, 30, 130, ...(format === 'F32' ? [1024] : format === 'I8' ? [384] : [])]) {
      it(`${format} × ${columns}`, async () => {
        const device = await openDevice()
        const { shape, packed, word, position, affine, expected } = example(columns, 9, format, format)
        for (const force of rowVariants(columns, device.caps)) {
          const plan = planEmbedNorm({ ...shape, shard: { first: 0, rows: 9 } }, device.caps, force)
          const [out] = await runPlan(device, plan, [packed, word, affine, expected.length, position])
          expect(maxError(new Float32Array(out), expected), JSON.stringify(force)).toBeLessThan(2e-5)
        }
      })
    }
  }

  it('mixes formats of words and positions', async () => {
    const device = await openDevice()
    for (const [words, positions] of [
      ['I8', 'F32'],
      ['F16', 'I8'],
    ] as const) {
      const { shape, packed, word, position, affine, expected } = example(48, 9, words, positions)
      const plan = planEmbedNorm({ ...shape, shard: { first: 0, rows: 9 } }, device.caps)
      const [out] = await runPlan(device, plan, [packed, word, affine, expected.length, position])
      expect(maxError(new Float32Array(out), expected)).toBeLessThan(2e-5)
    }
  })

  it('does without positions', async () => {
    const device = await openDevice()
    for (const columns of [30, 48]) {
      const { shape, packed, word, affine, expected } = example(columns, 9, 'F32', 'none')
      const plan = planEmbedNorm({ ...shape, shard: { first: 0, rows: 9 } }, device.caps)
      const [out] = await runPlan(device, plan, [packed, word, affine, expected.length])
      expect(maxError(new Float32Array(out), expected)).toBeLessThan(2e-5)
    }
  })

  it('reads a word table beyond one binding as shards', async () => {
    const device = await openDevice({ caps: { bindingBytes: 1 << 20 } })
    const { shape, packed, word, position, affine, expected } = example(384, 2000, 'F32', 'F32')
    const stride = rowBytes(384, 'F32')
    const shards = shardRows(2000, stride, device.caps.limits)
    expect(shards.length).toBe(3)
    const steps = shards.map((shard) => ({
      plan: planEmbedNorm({ ...shape, shard }, device.caps),
      buffers: [
        'tokens',
        word.subarray(shard.first * stride, (shard.first + shard.rows) * stride),
        'affine',
        'out',
        'positions',
      ],
    }))
    const [out] = await runPlans(device, steps, { tokens: packed, positions: position, affine, out: expected.length })
    expect(maxError(new Float32Array(out), expected)).toBeLessThan(2e-5)
  })
})
