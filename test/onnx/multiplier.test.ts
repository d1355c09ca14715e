import { describe, expect, it } from 'vitest'
import { type CodecId, codecOf } from '../../src/codec/codec.ts'
import { codesOf } from '../../src/cpu/codes.ts'
import { errorOf } from '../../src/cpu/estimate.ts'
import { type CpuEncoder, CpuResidents } from '../../src/cpu/residents.ts'
import { TokenVectors } from '../../src/cpu/token-vectors.ts'
import { runtimeMultiplier } from '../../src/onnx/multiplier.ts'
import type { Backend } from '../../src/search/backend.ts'
import { random } from '../kernels/harness.ts'
import { onnxMissing, onnxRuntime } from './runtime.ts'

const missing = await onnxMissing()

describe.skipIf(missing)(`products by ONNX Runtime${missing ? ` — ${missing}` : ''}`, () => {
  it.each([
    [16, 1, 1],
    [96, 32, 2_048],
    [384, 24, 700],
    [768, 128, 65],
  ])('are those of the numbers: dim %i, %i rows, %i vectors', async (dim, rows, tokens) => {
    const values = random(dim + rows)
    const query = values(rows * dim, 1 / Math.sqrt(dim))
    const multiply = runtimeMultiplier((await onnxRuntime())!)(query, dim)
    for (const id of ['int8', 'f16', 'f32'] as const) {
      const codec = codecOf({ id })
      const held = new TokenVectors(codec, dim, tokens + 3)
      held.set(2, codesOf(codec, values(tokens * dim, 1 / Math.sqrt(dim)), dim).codes)
      const products = await multiply(held.values.subarray(2 * dim, (tokens + 2) * dim))
      expect(products).toHaveLength(tokens * rows)
      const bound = errorOf(query, dim) / rows
      for (let at = 0; at < products.length; at += 1 + (at % 17)) {
        const [token, row] = [Math.floor(at / rows), at % rows]
        let dot = 0
        for (let i = 0; i < dim; i++) dot += held.values[(token + 2) * dim + i] * query[row * dim + i]
        const scale = held.scales?.[token + 2] ?? 1
        expect(Math.abs(products[at] - dot) * scale).toBeLessThan(2 * bound)
      }
    }
  })

  it.each<CodecId>(['int8', 'f32'])('leave what is found as it is: %s', async (codecId) => {
    const dim = 96
    const codec = codecOf({ id: codecId })
    const values = random(4)
    const multiplier = runtimeMultiplier((await onnxRuntime())!)
    const backend = {} as Backend
    const [plain, fast] = [null, multiplier].map((each) => new CpuResidents(backend, codec, dim, each))
    const documents = Array.from({ length: 200 }, (_, i) => [
      codesOf(codec, values((20 + (i % 60)) * dim, 1 / Math.sqrt(dim)), dim),
    ])
    // The same documents again: all scores come twice.
    for (const residents of [plain, fast]) await residents.append([...documents, ...documents])
    const query = values(32 * dim, 1 / Math.sqrt(dim))
    const encoder = { spec: {}, vectors: async () => [query] } as unknown as CpuEncoder
    const input = { ids: new Uint32Array(32), attend: new Uint8Array(32), keep: new Uint32Array(32) }
    const [expected, found] = await Promise.all(
      [plain, fast].map((residents) =>
        residents.search(encoder, input, { k: 21, best: 1, explain: true, alive: residents.layout.alive.view() }),
      ),
    )
    expect(found).toEqual(expected)
    expect(found[1].document).toBe(found[0].document + 200)
  })
})
