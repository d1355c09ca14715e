import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowBytes } from '../../src/kernels/codes.ts'
import { Layout, type Words } from '../../src/kernels/layout.ts'
import { PARTIAL } from '../../src/kernels/maxsim.ts'

/** Records of four words. */
const recordsOf = (words: Words) =>
  Array.from({ length: words.length / 4 }, (_, i) => [...words.view().subarray(4 * i, 4 * i + 4)])
const sorted = (records: number[][]) => records.map((record) => record.join(' ')).sort()

const documents = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 4 }), { maxLength: 40 })

describe('layout', () => {
  it('covers every token vector once, in order, within the limits', () => {
    fc.assert(
      fc.property(documents, fc.integer({ min: 30, max: 100 }), fc.integer({ min: 1, max: 40 }), (input, most, cut) => {
        const bindingBytes = most * rowBytes(8, 16) + 3
        const layout = new Layout({ dim: 16, bits: 8, bindingBytes, sliceRows: cut })
        const places = input.map((rows) => layout.add(rows))
        expect(layout.shardRows).toBe(most)
        expect(layout.documentCount).toBe(input.length)
        expect(layout.passageCount).toBe(input.flat().length)

        // Places run through each shard without gap or overlap, as the passage table says.
        const ends: number[] = []
        let passage = 0
        input.forEach((rows, document) => {
          expect(layout.starts.at(document)).toBe(passage)
          rows.forEach((count, i) => {
            const { shard, row } = places[document][i]
            expect(row).toBe(ends[shard] ?? 0)
            ends[shard] = row + count
            expect([...layout.passages.view().subarray(2 * passage, 2 * passage + 2)]).toEqual([row, count])
            const { firstPassage, passages } = layout.shards[shard]
            expect(passage >= firstPassage && passage < firstPassage + passages).toBe(true)
            passage++
          })
        })
        expect(layout.starts.at(input.length)).toBe(passage)
        layout.shards.forEach((shard, i) => {
          expect(shard.rows).toBe(ends[i])
          expect(shard.rows).toBeLessThanOrEqual(most)
        })

        // Slices cover each passage in its order; those of a long one have slots of their own, listed once to merge.
        const covered = new Map<number, number>()
        const slotOwner = new Map<number, number>()
        const merges = layout.merges.view()
        for (let i = 0; i < merges.length; i += 4) {
          for (let s = 0; s < merges[i + 1]; s++) slotOwner.set(merges[i] + s, merges[i + 2])
        }
        expect(slotOwner.size).toBe(layout.slots)
        for (const shard of layout.shards) {
          const slices = shard.slices.view()
          for (let i = 0; i < slices.length; i += 4) {
            const [row, rows, target, document] = slices.subarray(i, i + 4)
            const owner = target >= PARTIAL ? slotOwner.get(target - PARTIAL)! : target
            const done = covered.get(owner) ?? 0
            expect(rows).toBeLessThanOrEqual(cut)
            expect(row).toBe(layout.passages.at(2 * owner) + done)
            covered.set(owner, done + rows)
            expect(layout.starts.at(document) <= owner && owner < layout.starts.at(document + 1)).toBe(true)
          }
        }
        input.flat().forEach((rows, p) => {
          expect(covered.get(p)).toBe(rows)
        })
      }),
    )
  })

  it('has the longest of the work items that came together first', () => {
    fc.assert(
      fc.property(documents, documents, (first, second) => {
        const layout = new Layout({ dim: 16, bits: 8, bindingBytes: 60 * rowBytes(8, 16), sliceRows: 20 })
        const items = () =>
          layout.shards.flatMap(({ slices }, shard) => recordsOf(slices).map((item) => [shard, ...item]))
        for (const rows of first) layout.add(rows)
        const [some, before] = [layout.shards.map(({ slices }) => slices.length / 4), items()]
        layout.balance()
        expect(sorted(items())).toEqual(sorted(before))
        const early = layout.shards.map(({ slices }) => recordsOf(slices))
        for (const rows of second) layout.add(rows)
        const all = items()
        layout.balance()
        expect(sorted(items())).toEqual(sorted(all))
        layout.shards.forEach(({ slices }, shard) => {
          const [old, recent] = [
            recordsOf(slices).slice(0, some[shard] ?? 0),
            recordsOf(slices).slice(some[shard] ?? 0),
          ]
          expect(old).toEqual(early[shard] ?? [])
          for (const run of [old, recent]) {
            const lengths = run.map(([, rows]) => rows)
            expect(lengths).toEqual([...lengths].sort((a, b) => b - a))
          }
        })
      }),
    )
  })

  it('keeps one bit a document', () => {
    const layout = new Layout({ dim: 16, bits: 8, bindingBytes: 1 << 20 })
    for (let i = 0; i < 70; i++) layout.add([1])
    expect([...layout.alive.view()]).toEqual([0xffffffff, 0xffffffff, 63])
    for (const document of [0, 31, 64]) layout.setAlive(document, false)
    expect([...layout.alive.view()]).toEqual([0x7ffffffe, 0xffffffff, 62])
    expect([0, 1, 31, 32, 64].map((document) => layout.isAlive(document))).toEqual([false, true, false, true, false])
    layout.setAlive(31, true)
    layout.setAlive(31, true)
    expect(layout.isAlive(31)).toBe(true)
  })

  it('refuses a passage that no shard can hold, and appends nothing', () => {
    const layout = new Layout({ dim: 16, bits: 32, bindingBytes: 640 })
    expect(() => layout.add([4, 11])).toThrow(expect.objectContaining({ code: 'OUT_OF_MEMORY' }))
    expect(layout.documentCount).toBe(0)
    expect(layout.passageCount).toBe(0)
    expect(layout.add([10])).toEqual([{ shard: 0, row: 0 }])
  })

  it('gives the tail of a table for an upload', () => {
    const layout = new Layout({ dim: 16, bits: 8, bindingBytes: 1 << 20 })
    layout.add([3])
    const before = layout.passages.length
    layout.add([4, 5])
    expect([...layout.passages.view(before)]).toEqual([3, 4, 7, 5])
  })
})
