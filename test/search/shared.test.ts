import { expect, it, vi } from 'vitest'
import { Shared } from '../../src/search/shared.ts'

it('makes a value once and lets go of it with its last user', async () => {
  const dispose = vi.fn()
  const make = vi.fn(async () => 'value')
  const shared = new Shared<string>(dispose)
  const [a, b] = await Promise.all([shared.acquire('k', make), shared.acquire('k', make)])
  expect([a.value, b.value]).toEqual(['value', 'value'])
  expect(make).toHaveBeenCalledTimes(1)
  await a.release()
  await a.release()
  expect(dispose).not.toHaveBeenCalled()
  await b.release()
  expect(dispose).toHaveBeenCalledExactlyOnceWith('value')
  await shared.acquire('k', make)
  expect(make).toHaveBeenCalledTimes(2)
})

it('tries again after a failure', async () => {
  const shared = new Shared<string>(() => {})
  await expect(shared.acquire('k', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect([...shared]).toEqual([])
  expect((await shared.acquire('k', async () => 'yes')).value).toBe('yes')
})

it('leaves an evicted value to those who have it, and makes another for those who come', async () => {
  const dispose = vi.fn()
  const shared = new Shared<string>(dispose)
  const old = await shared.acquire('k', async () => 'old')
  shared.evict('k')
  const fresh = await shared.acquire('k', async () => 'new')
  expect(fresh.value).toBe('new')
  await old.release()
  expect(dispose).toHaveBeenCalledExactlyOnceWith('old')
  expect((await shared.acquire('k', async () => 'third')).value).toBe('new')
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
  expect((await b).value).toBe('value')

  const third = new AbortController()
  const c = shared.acquire('other', make, third.signal)
  third.abort()
  await expect(c).rejects.toMatchObject({ name: 'AbortError' })
  expect(signals[1].aborted).toBe(true)
})
