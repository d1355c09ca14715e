import { describe, expect, it } from 'vitest'
import type { Capabilities } from '../../src/gpu/device.ts'
import { ACTIVATIONS, partsOf, planGemm, TILES } from '../../src/kernels/gemm.ts'
import { rowBytes, shardRows, type WeightFormat } from '../../src/kernels/weights.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { activations, gemm } from './gemm.reference.ts'
import { maxError, random, runPlan, runPlans } from './harness.ts'
import { store } from './weights.ts'

const missing = await gpuMissing()
const { f16 = false, subgroups = null } = missing ? {} : (await openDevice()).caps
const tiles = (Object.keys(TILES) as (keyof typeof TILES)[]).filter((tile) => tile !== 'broadcast' || subgroups)
const formats = ['F32', 'F16', 'BF16', 'I8'] as const

function example(m: number, k: number, n: number, format: WeightFormat) {
  const values = random(m + k + n)
  const a = values(m * k)
  const weights = store(values(n * k, 1 / Math.sqrt(k)), k, format)
  const bias = values(n)
  const affine = Float32Array.of(...bias, ...(format === 'I8' ? weights.scales : []))
  return { a, w: weights.bytes, affine, residual: values(m * n), product: { a, w: weights.values, bias, k } }
}

describe.skipIf(missing)(`gemm${missing ? ` — ${missing}` : ''}`, () => {
  for (const tile of tiles) {
    // These are the texts of the others with larger numbers, and take long to compile: the format that does most.
    const large = tile === 'large' || tile === 'register'
    for (const format of large ? (['I8'] as const) : formats) {
      it(`${tile}, ${format}`, async () => {
        const device = await openDevice()
        for (const [m, k, n] of [
          [1, 4, 4],
          [33, 132, 68],
          [70, 64, 132],
        ]) {
          const { a, w, affine, product } = example(m, k, n, format)
          const expected = gemm(product)
          const plan = planGemm({ m, k, columns: n, weights: format }, device.caps, { tile })
          const [out] = await runPlan(device, plan, [a, w, affine, m * n])
          expect(maxError(new Float32Array(out), expected), `${m} × ${k} × ${n}`).toBeLessThan(1e-5)
        }
      })

      if (large) continue
      it(`${tile}, ${format}, lengths that are no multiple of 4`, async () => {
        const device = await openDevice()
        for (const [m, k, n] of [
          [1, 1, 1],
          [9, 30, 35],
          [34, 67, 90],
        ]) {
          const { a, w, affine, product } = example(m, k, n, format)
          const plan = planGemm({ m, k, columns: n, weights: format }, device.caps, { tile })
          const [out] = await runPlan(device, plan, [a, w, affine, m * n])
          expect(maxError(new Float32Array(out), gemm(product)), `${m} × ${k} × ${n}`).toBeLessThan(1e-5)
        }
      })
    }

    if (large) continue
    it(`${tile}, with activation and residual`, async () => {
      const device = await openDevice()
      for (const [m, k, n] of [
        [11, 8, 36],
        [11, 6, 35],
      ]) {
        const { a, w, affine, residual, product } = example(m, k, n, 'F32')
        const shape = { m, k, columns: n, weights: 'F32', activation: 'gelu', residual: true } as const
        const [out] = await runPlan(device, planGemm(shape, device.caps, { tile }), [a, w, affine, m * n, residual])
        const expected = gemm({ ...product, activation: 'gelu', residual })
        expect(maxError(new Float32Array(out), expected), `${n} columns`).toBeLessThan(1e-5)
      }
    })

    if (tile === 'flat') continue
    it(`${tile}, with a gate`, async () => {
      const device = await openDevice()
      for (const [m, k, n] of [
        [11, 8, 36],
        [11, 6, 35],
      ]) {
        const { a, w, affine, residual, product } = example(m, k, n, 'F32')
        const shape = { m, k, columns: n, weights: 'F32', activation: 'gelu', residual: 'gate' } as const
        const [out] = await runPlan(device, planGemm(shape, device.caps, { tile }), [a, w, affine, m * n, residual])
        const expected = gemm({ ...product, activation: 'gelu' }).map((value, i) => value * residual[i])
        expect(maxError(new Float32Array(out), expected), `${n} columns`).toBeLessThan(1e-5)
      }
    })
  }

  it('comes in parts, which add up', async () => {
    const device = await openDevice()
    for (const tile of tiles) {
      for (const [m, k, n, parts] of [
        [9, 264, 36, 2],
        [5, 70, 35, 3],
        // More parts than there are steps: the last ones are zero.
        [3, 40, 8, 4],
      ]) {
        if (tile === 'large' && n % 4 > 0) continue
        const { a, w, affine, product } = example(m, k, n, 'I8')
        const plan = planGemm({ m, k, columns: n, weights: 'I8', parts }, device.caps, { tile })
        const [out] = await runPlan(device, plan, [a, w, affine, parts * m * n])
        const values = new Float32Array(out)
        const sums = Float32Array.from({ length: m * n }, (_, i) => {
          let sum = 0
          for (let part = 0; part < parts; part++) sum += values[part * m * n + i]
          return sum
        })
        expect(maxError(sums, gemm(product)), `${tile}, ${m} × ${k} × ${n}, ${parts} parts`).toBeLessThan(1e-5)
      }
    }
  })

  // Not a case for SwiftShader, which has no `shader-f16`: lavapipe, in Node, is there for it.
  const it16 = f16 || !('document' in globalThis) ? it.skipIf(!f16) : () => {}
  it16(`multiplies in f16 and adds in f32${f16 ? '' : ' — this adapter has no shader-f16'}`, async () => {
    const device = await openDevice()
    for (const tile of ['square', 'flat'] as const) {
      for (const [m, k, n] of [
        [70, 264, 132],
        [9, 30, 35],
      ]) {
        const { a, w, affine, residual, product } = example(m, k, n, 'F16')
        const shape = { m, k, columns: n, weights: 'F16', residual: true, half: true } as const
        const [out] = await runPlan(device, planGemm(shape, device.caps, { tile }), [a, w, affine, m * n, residual])
        const error = maxError(new Float32Array(out), gemm({ ...product, residual }))
        // Sums of k products of about 1/√k, each off by 2^-11 or so.
        expect(error, `${tile}, ${m} × ${k} × ${n}`).toBeLessThan(4e-3)
        expect(error, 'f16 must have been used').toBeGreaterThan(2e-5)
      }
    }
  })

  it('keeps activations exact and finite from one end to the other', async () => {
    const device = await openDevice()
    const x = Float32Array.of(
      ...Array.from({ length: 401 }, (_, i) => (i - 200) / 20),
      -1e4,
      -100,
      -30,
      30,
      100,
      1e4,
      0,
    )
    for (const activation of Object.keys(ACTIVATIONS) as (keyof typeof ACTIVATIONS)[]) {
      const plan = planGemm({ m: x.length, k: 1, columns: 1, weights: 'F32', activation }, device.caps, {
        tile: 'flat',
      })
      const [out] = await runPlan(device, plan, [x, Float32Array.of(1, 0, 0, 0), Float32Array.of(0), x.length])
      const actual = new Float32Array(out)
      // Relative where the values are large.
      x.forEach((value, i) => {
        const expected = activations[activation](value)
        expect(
          Math.abs(actual[i] - expected) / Math.max(1, Math.abs(expected)),
          `${activation}(${value})`,
        ).toBeLessThan(5e-7)
      })
    }
  })

  it('writes each shard of a weight matrix beyond one binding into its columns', async () => {
    const device = await openDevice({ caps: { bindingBytes: 1 << 20 } })
    for (const [m, k, columns, format] of [
      [5, 384, 1500, 'F32'],
      [5, 1022, 1030, 'I8'],
    ] as const) {
      const { a, w, affine, residual, product } = example(m, k, columns, format)
      const stride = rowBytes(k, format)
      const shards = shardRows(columns, stride, device.caps.limits)
      expect(shards.length).toBeGreaterThan(1)
      const steps = shards.map((shard) => ({
        plan: planGemm({ m, k, columns, shard, weights: format, activation: 'gelu', residual: true }, device.caps, {
          tile: 'flat',
        }),
        buffers: [
          'a',
          w.subarray(shard.first * stride, (shard.first + shard.rows) * stride),
          'affine',
          'out',
          'residual',
        ],
      }))
      const [out] = await runPlans(device, steps, { a, affine, out: m * columns, residual })
      expect(maxError(new Float32Array(out), gemm({ ...product, activation: 'gelu', residual }))).toBeLessThan(1e-5)
    }
  })

  it('reads halves too small to be normal', async () => {
    const device = await openDevice()
    const w = store(
      Float32Array.from({ length: 32 }, (_, i) => (i - 16) * 2 ** -20),
      8,
      'F16',
    )
    const a = Float32Array.from({ length: 8 }, () => 1)
    const plan = planGemm({ m: 1, k: 8, columns: 4, weights: 'F16' }, device.caps)
    const [out] = await runPlan(device, plan, [a, w.bytes, new Float32Array(4), 4])
    expect(maxError(new Float32Array(out), gemm({ a, w: w.values, bias: new Float32Array(4), k: 8 }))).toBeLessThan(
      1e-9,
    )
  })
})

describe('parts of a product', () => {
  const caps = { fallback: false } as Capabilities
  it('are several for few rows and a long k', () => {
    expect(partsOf({ m: 32, k: 1536, columns: 384 }, caps)).toBe(4)
    expect(partsOf({ m: 1, k: 768, columns: 768 }, caps)).toBe(3)
  })

  it('is one where the workgroups are many, k is short, or barriers are dear', () => {
    expect(partsOf({ m: 4000, k: 1536, columns: 384 }, caps)).toBe(1)
    expect(partsOf({ m: 32, k: 384, columns: 384 }, caps)).toBe(1)
    expect(partsOf({ m: 32, k: 1536, columns: 384 }, { ...caps, fallback: true })).toBe(1)
  })
})
