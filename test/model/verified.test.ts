import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { verified } from '../../src/model/verified.ts'
import { pinOf } from './files.ts'

const MIB = 1 << 20

/** Bytes that follow from a seed, no two blocks alike. */
const noise = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 17 + (i >> 16)) & 255)

/** A stream in chunks of these lengths, in turn. */
function streamOf(bytes: Uint8Array, lengths: readonly number[], canceled = vi.fn()) {
  let at = 0
  let turn = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at === bytes.length) return controller.close()
      const length = Math.max(1, lengths[turn++ % lengths.length])
      controller.enqueue(bytes.slice(at, at + length))
      at = Math.min(bytes.length, at + length)
    },
    cancel: canceled,
  })
}

async function read(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(body).arrayBuffer())
}

const refusal = { code: 'INTEGRITY_MISMATCH', message: expect.stringContaining('weights') }

describe('a verified stream', () => {
  it('is the stream, however it is cut', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 3 * MIB }), { minLength: 1, maxLength: 4 })
    const sizes = fc.constantFrom(1, 5_000, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 77)
    await fc.assert(
      fc.asyncProperty(sizes, lengths, async (size, cuts) => {
        const bytes = noise(size)
        const out = await read(verified(streamOf(bytes, cuts.concat(MIB)), await pinOf(bytes), 'weights'))
        expect(Buffer.compare(out, bytes)).toBe(0)
      }),
      { numRuns: 12 },
    )
  })

  it('hands out nothing of a block that is not the expected one, and reads no further', async () => {
    const bytes = noise(3 * MIB + 5)
    const pin = await pinOf(bytes)
    bytes[MIB + 1000] ^= 1
    const canceled = vi.fn()
    const reader = verified(streamOf(bytes, [100_000], canceled), pin, 'weights').getReader()
    const first = await reader.read()
    expect(first.value?.length).toBe(MIB)
    await expect(reader.read()).rejects.toMatchObject(refusal)
    expect(canceled).toHaveBeenCalled()
    await expect(reader.read()).rejects.toMatchObject(refusal)
  })

  it.each([
    ['nothing', (bytes: Uint8Array) => bytes.subarray(0, 0)],
    ['one byte less', (bytes: Uint8Array) => bytes.subarray(0, -1)],
    ['one byte more', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['its end alone', (bytes: Uint8Array) => bytes.subarray(MIB)],
    ['other bytes', (bytes: Uint8Array) => bytes.map((byte) => byte ^ 1)],
  ])('refuses %s', async (_, change) => {
    const bytes = noise(MIB + 100)
    await expect(
      read(verified(streamOf(change(bytes), [65_536]), await pinOf(bytes), 'weights')),
    ).rejects.toMatchObject(refusal)
  })

  it('passes errors and cancelling on', async () => {
    const failing = new ReadableStream({
      pull: () => {
        throw new Error('broke off')
      },
    })
    await expect(read(verified(failing, await pinOf(noise(10)), 'weights'))).rejects.toThrow('broke off')
    const canceled = vi.fn()
    const bytes = noise(2 * MIB)
    await verified(streamOf(bytes, [1000], canceled), await pinOf(bytes), 'weights').cancel('enough')
    expect(canceled).toHaveBeenCalledWith('enough')
  })
})
