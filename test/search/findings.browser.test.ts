import { afterEach, expect, it, vi } from 'vitest'
import { webFindings } from '../../src/search/findings.ts'

afterEach(async () => {
  vi.useRealTimers()
  await webFindings.clear()
})

it('findings are kept for a month', async () => {
  await webFindings.put('gemm F16 some gpu', 'large')
  expect(await webFindings.get('gemm F16 some gpu')).toBe('large')
  expect(await webFindings.get('gemm F16 another gpu')).toBeUndefined()
  vi.useFakeTimers({ now: Date.now() + 31 * 24 * 60 * 60 * 1000, toFake: ['Date'] })
  expect(await webFindings.get('gemm F16 some gpu')).toBeUndefined()
})

it('nothing is left of them', async () => {
  await webFindings.put('maxsim', 'integer')
  await webFindings.clear()
  expect(await caches.has('maxsift-gpu')).toBe(false)
  expect(await webFindings.get('maxsim')).toBeUndefined()
})
