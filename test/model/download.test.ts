/** Downloads over connections that break. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { fetchFile } from '../../src/model/download.ts'
import { HubServer, hurry } from './hub-server.ts'

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255)
const PATH = 'model.safetensors'

let hub: HubServer
beforeEach(async () => {
  hub = await HubServer.start(new Map([[PATH, BYTES]]))
  hurry()
})
afterEach(() => {
  vi.unstubAllGlobals()
  hub.stop()
})

const url = () => new URL(`${hub.address}/owner/small/resolve/main/${PATH}`)

async function read(signal?: AbortSignal): Promise<Uint8Array> {
  const file = await fetchFile(url(), signal)
  return new Uint8Array(await new Response(file!.body).arrayBuffer())
}
const isWhole = (bytes: Uint8Array) => Buffer.compare(bytes, BYTES) === 0

it('goes on where the connection ended, at the address that it had first', async () => {
  hub.faults.set(PATH, [{ cut: 100_000 }, { cut: 50_000 }, { stall: 30_000 }, { status: 503 }])
  expect(isWhole(await read())).toBe(true)
  const ranges = hub.asked.map((each) => each.split(' ')[1])
  expect(ranges[0]).toBeUndefined()
  expect(ranges).toHaveLength(5)
  const starts = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range)?.[1]))
  expect(starts.toSorted((a, b) => a - b)).toEqual(starts)
  expect(starts[0]).toBeGreaterThan(0)
  expect(starts.at(-1)).toBeLessThanOrEqual(180_000)
})

it.each(['ranges', 'etags'] as const)('starts over where the server has no %s', async (lacking) => {
  hub[lacking] = false
  hub.faults.set(PATH, [{ cut: 100_000 }, { cut: 200_000 }])
  expect(isWhole(await read())).toBe(true)
  expect(hub.asked).toHaveLength(3)
})

it.each(['ranges', 'etags'] as const)('does not mix two files where the server has no %s', async (lacking) => {
  hub[lacking] = false
  hub.faults.set(PATH, [{ cut: 100_000 }])
  const file = await fetchFile(url())
  hub.commits.push(new Map([[PATH, BYTES.map((byte, i) => (i === 5 ? byte ^ 1 : byte))]]))
  const reading = new Response(file!.body).arrayBuffer()
  await expect(reading).rejects.toMatchObject({
    code: 'MODEL_FETCH_FAILED',
    message: expect.stringContaining('changed'),
  })
})

it('does not mix two files where the rest is of another', async () => {
  hub.faults.set(PATH, [{ cut: 100_000 }])
  const file = await fetchFile(url())
  hub.commits.push(new Map([[PATH, BYTES.toReversed()]]))
  const reading = new Response(file!.body).arrayBuffer()
  await expect(reading).rejects.toMatchObject({
    code: 'MODEL_FETCH_FAILED',
    message: expect.stringContaining('changed'),
  })
})

it('gives up in the end, saying how far it came', async () => {
  hub.faults.set(PATH, [{ cut: 1_000 }, ...Array(20).fill({ cut: 0 })])
  await expect(read()).rejects.toMatchObject({
    code: 'MODEL_FETCH_FAILED',
    message: `${url()} broke off while it was read`,
    detail: { loaded: 1_000 },
  })
  expect(hub.asked).toHaveLength(6)
})

it('has no limit on breaks as long as it gets on', async () => {
  const long = new Uint8Array(9 << 20).fill(7)
  hub.commits.push(new Map([[PATH, long]]))
  hub.faults.set(PATH, Array(8).fill({ cut: (1 << 20) + 1000 }))
  expect((await read()).length).toBe(long.length)
})

it('a refusal in the middle is told as such', async () => {
  hub.faults.set(PATH, [{ cut: 1_000 }, { status: 403 }])
  await expect(read()).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED', detail: { status: 403 } })
})

it('an abort ends the pause between two tries', async () => {
  const control = new AbortController()
  hub.faults.set(PATH, Array(20).fill({ cut: 10 }))
  const reading = read(control.signal)
  setTimeout(() => control.abort(), 3_000)
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
})

it('gives the start alone, and says how long the whole is', async () => {
  const file = await fetchFile(url(), undefined, { start: 1000 })
  expect(file?.size).toBe(BYTES.length)
  expect(Buffer.compare(new Uint8Array(await new Response(file!.body).arrayBuffer()), BYTES.subarray(0, 1000))).toBe(0)
  hub.ranges = false
  const whole = await fetchFile(url(), undefined, { start: 1000 })
  expect(isWhole(new Uint8Array(await new Response(whole!.body).arrayBuffer()))).toBe(true)
})

it('a file that goes on after its length is refused', async () => {
  const file = await fetchFile(url(), undefined, { size: BYTES.length - 1 })
  await expect(new Response(file!.body).arrayBuffer()).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
})

it('a server that takes the request and never answers is given up', async () => {
  const silent: Server = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = new URL(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/x`)
  await expect(fetchFile(address)).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
  silent.closeAllConnections()
  silent.close()
})
