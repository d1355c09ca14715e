import { expect, it } from 'vitest'
import { Turns } from '../../src/search/turns.ts'

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 5))

it('runs one at a time, urgent ones first', async () => {
  const turns = new Turns()
  const order: string[] = []
  let running = 0
  const task = (name: string) => async () => {
    expect(++running).toBe(1)
    await pause()
    order.push(name)
    running -= 1
  }
  await Promise.all([
    turns.take(false, task('a')),
    turns.take(false, task('b')),
    turns.take(false, task('c')),
    turns.take(true, task('search')),
  ])
  expect(order).toEqual(['a', 'search', 'b', 'c'])
})

it('goes on after a task that fails', async () => {
  const turns = new Turns()
  const failing = turns.take(false, async () => {
    await pause()
    throw new Error('no')
  })
  const next = turns.take(false, async () => 'yes')
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('yes')
})

it('lets go of an aborted one that waits', async () => {
  const turns = new Turns()
  const controller = new AbortController()
  const first = turns.take(false, pause)
  const aborted = turns.take(false, pause, controller.signal)
  const last = turns.take(false, async () => 'ran')
  controller.abort()
  await expect(aborted).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
  await first
  expect(await last).toBe('ran')
})
