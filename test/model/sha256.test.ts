import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Sha256 } from '../../src/model/sha256.ts'

const reference = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

it('is that of Node, whatever the length and however it is cut', () => {
  const lengths = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 70_000 }))
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 300 }), (length, cut) => {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 31 + (i >> 8))
      const hash = new Sha256()
      for (let at = 0; at < length; at += cut) hash.update(bytes.subarray(at, at + cut))
      expect(hash.digest()).toBe(reference(bytes))
    }),
    { numRuns: 100 },
  )
})
