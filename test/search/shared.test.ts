import { expect, it, vi } from 'vitest'
import { Shared } from '../../src/search/shared.ts'

it('makes a value once and lets go of it with its last user', async () => {
  const dispose = vi.fn()
  const make = vi.fn(async () => 'value')
  const shared = new Shared<string>(dispose)
  expect(await Promise.all([shared.acquire('k', make), shared.acquire('k', make)])).toEqual(['value', 'value'])
  expect(make).toHaveBeenCalledTimes(1)
  await shared.release('k')
  expect(dispose).not.toHaveBeenCalled()
  await shared.release('k')
  expect(dispose).toHaveBeenCalledExactlyOnceWith('value')
  await shared.acquire('k', make)
  expect(make).toHaveBeenCalledTimes(2)
})

it('tries again after a failure', async () => {
  const shared = new Shared<string>(() => {})
  await expect(shared.acquire('k', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(shared.size).toBe(0)
  expect(await shared.acquire('k', async () => 'yes')).toBe('yes')
})

it('goes on for the others when one user gives up, and stops when all have', async () => {
  const shared = new Shared<string>(() => {})
  let made: (value: string) => void = () => {}
  const signals: AbortSignal[] = []
  const make = (signal: AbortSignal) => {
    signals.push(signal)
    return new Promise<string>((resolve, reject) => {
      made = resolve
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  }
  const first = new AbortController()
  const second = new AbortController()
  const a = shared.acquire('k', make, first.signal)
  const b = shared.acquire('k', make, second.signal)
  first.abort()
  await expect(a).rejects.toMatchObject({ name: 'AbortError' })
  expect(signals[0].aborted).toBe(false)
  made('value')
  expect(await b).toBe('value')

  const third = new AbortController()
  const c = shared.acquire('other', make, third.signal)
  third.abort()
  await expect(c).rejects.toMatchObject({ name: 'AbortError' })
  expect(signals[1].aborted).toBe(true)
})
