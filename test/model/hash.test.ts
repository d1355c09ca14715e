import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { BlockHash, sha256 } from '../../src/model/hash.ts'

const reference = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex')

it('hashes blocks of 4 MiB, however the stream was cut', async () => {
  const bytes = Uint8Array.from({ length: 9_000_000 }, (_, i) => (i * 31) >> 3)
  const blocks = [0, 1, 2].map((i) => reference(bytes.subarray(i << 22, (i + 1) << 22)))
  for (const size of [1_000_003, 1 << 22, 9_000_000]) {
    const hash = new BlockHash()
    for (let at = 0; at < bytes.length; at += size) await hash.update(bytes.subarray(at, at + size))
    expect(await hash.digest()).toBe(reference(blocks.join('')))
  }
})

it('has a hash of nothing', async () => {
  expect(await new BlockHash().digest()).toBe(reference(''))
  expect(await sha256(new Uint8Array(0))).toBe(reference(''))
})
