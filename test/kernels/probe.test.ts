import { describe, expect, it } from 'vitest'
import type { Capabilities } from '../../src/gpu/device.ts'
import { planGemm } from '../../src/kernels/gemm.ts'
import { probeGemm, probeMaxSim } from '../../src/kernels/probe.ts'
import { gpuMissing, openDevice } from '../gpu.ts'

const missing = await gpuMissing()

describe.skipIf(missing)(`probe${missing ? ` — ${missing}` : ''}`, () => {
  it('leaves a software adapter alone', async () => {
    const device = await openDevice()
    await probeGemm(device, { weights: 'I8' })
    await probeMaxSim(device)
    expect(device.counts.submissions).toBe(0)
    expect([device.caps.tile, device.caps.integer]).toEqual([undefined, undefined])
  })

  it('takes what was found before', async () => {
    const kept: Record<string, string> = {}
    const findings = { get: async (question: string) => kept[question], put: async () => {}, clear: async () => {} }
    const device = await openDevice({ findings })
    device.caps.fallback = false
    kept[`gemm F16 ${device.caps.adapter}`] = 'register'
    kept[`maxsim ${device.caps.adapter}`] = 'integer'
    await probeGemm(device, { weights: 'F16' })
    await probeMaxSim(device)
    expect(device.counts.submissions).toBe(0)
    expect(device.caps).toMatchObject({ tile: 'register', integer: device.caps.packedDot || undefined })
  })
})

describe('the tile that was found', () => {
  const caps = { fallback: false, tile: 'large' } as Capabilities
  const tileOf = (m: number, caps: Capabilities, half = false) =>
    planGemm({ m, k: 384, columns: 1536, weights: 'F16', half }, caps).variant.name.split('.')[1]

  it('serves large products', () => {
    expect(tileOf(2000, caps)).toBe('large')
    expect(tileOf(2000, { ...caps, tile: 'register' })).toBe('register')
    expect(tileOf(2000, { ...caps, tile: undefined })).toBe('square')
    expect(tileOf(2000, { ...caps, tile: 'none of ours' })).toBe('square')
  })

  it('leaves small ones to small tiles', () => {
    expect(tileOf(32, caps)).toBe('flat')
    expect(tileOf(160, caps)).toBe('square')
  })

  it('multiplies halves in workgroup memory alone', () => {
    expect(tileOf(2000, { ...caps, tile: 'register' }, true)).toBe('square')
  })
})
