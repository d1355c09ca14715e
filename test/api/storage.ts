import { describe, expect, test, vi } from 'vitest'
import { createIndex, importIndex, listIndexes, removeAll, removeIndex } from '../../src/index.ts'
import { checkpointFolder } from '../goldens/checkpoints.ts'
import { CHECKPOINT, DOCUMENTS, failureOf, idsOf, LONG_TEXT, type Setup } from './setup.ts'

const model = `/${checkpointFolder(CHECKPOINT)}`
const other = `/${checkpointFolder('bert')}`

/** The machine may have other work. */
const patience = { timeout: 30_000, interval: 200 }

/** A second engine beside the one under test, as another tab of the page would have. */
const elsewhere = new URL('./worker.ts?elsewhere', import.meta.url)

export function storage({ base, open, filled, name, worker }: Setup): void {
  describe('storage', () => {
    const stored = { store: 'indexeddb' } as const

    test('an index that is closed comes back as it was', async () => {
      const own = name()
      const first = await filled([...DOCUMENTS, { id: 'long', title: 'Long', text: LONG_TEXT, meta: { n: 1 } }], {
        name: own,
        ...stored,
      })
      await first.remove(['d4'])
      await first.add([{ id: 'd5', text: 'Another text.' }])
      const options = { limit: 20, passages: 3, explain: true } as const
      const before = await first.search('bright moons', options)
      const info = await first.info()
      await first.close()
      // By an engine that knows nothing but what is stored.
      const second = await open({ name: own, ...stored, worker: elsewhere })
      const after = await second.search('bright moons', options)
      expect(after.hits).toHaveLength(12)
      expect(after.hits).toEqual(before.hits)
      expect(await second.info()).toEqual({ ...info, gpuBytes: expect.any(Number) })
      expect(await second.add(DOCUMENTS.slice(0, 4))).toMatchObject({ unchanged: 4 })
      await second.destroy()
    })

    test('two engines on one index follow each other', async () => {
      const own = name()
      const here = await open({ name: own, ...stored })
      const there = await open({ name: own, ...stored, worker: elsewhere })
      const heard = vi.fn()
      there.addEventListener('change', ({ detail }) => heard(detail.documents))
      await here.add(DOCUMENTS.slice(0, 4))
      await vi.waitFor(() => expect(heard).toHaveBeenLastCalledWith(4), patience)
      expect((await there.search('moons')).total).toBe(4)
      // Both write at once: neither loses what the other has written.
      await Promise.all([here.add(DOCUMENTS.slice(4, 8)), there.add(DOCUMENTS.slice(8)), there.remove(['d0'])])
      for (const index of [here, there]) {
        await vi.waitFor(async () => expect((await index.search('moons')).total).toBe(11), patience)
      }
      const [a, b] = await Promise.all([here, there].map((index) => index.search('moons', { limit: 20 })))
      expect(a.hits.map(({ id, score }) => [id, score])).toEqual(b.hits.map(({ id, score }) => [id, score]))
      await there.close()
      await here.destroy()
    })

    test('listIndexes() tells what is stored', async () => {
      const own = name()
      const index = await filled(DOCUMENTS, { name: own, ...stored })
      const { generation, bytes, model } = await index.info()
      const entry = async () => (await listIndexes({ worker })).find((each) => each.name === own)
      expect(await entry()).toEqual({ name: own, documents: 12, bytes, generation, model: model.name })
      expect(bytes).toBeGreaterThan(12 * 48)
      await index.destroy()
      expect(await entry()).toBeUndefined()
    })

    test('an index is not opened with another model', async () => {
      const own = name()
      const index = await filled(DOCUMENTS, { name: own, ...stored })
      const mismatch = { name: 'MaxsiftError', code: 'MODEL_MISMATCH' }
      expect(await failureOf(open({ name: own, ...stored, model: other })), 'while it is open').toMatchObject(mismatch)
      await index.close()
      expect(await failureOf(open({ name: own, ...stored, model: other })), 'when it is closed').toMatchObject(mismatch)
      const again = await open({ name: own, ...stored })
      expect((await again.search('moons')).total).toBe(12)
      await again.destroy()
    })

    test('an exported index is imported under another name, with the same hits', async () => {
      const first = await filled([...DOCUMENTS, { id: 'long', text: LONG_TEXT, meta: { a: [1] } }])
      await first.remove(['d4'])
      const before = await first.search('bright moons', { limit: 20 })
      const file = await first.export()
      expect(file).toBeInstanceOf(Blob)
      for (const [bytes, store] of [
        [file, 'indexeddb'],
        [await file.arrayBuffer(), 'memory'],
      ] as const) {
        const copy = await importIndex(bytes, { name: name(), model, worker, store, ...base })
        expect((await copy.search('bright moons', { limit: 20 })).hits, store).toEqual(before.hits)
        expect(await copy.add([DOCUMENTS[4]])).toMatchObject({ added: 1 })
        await copy.destroy()
      }
    })

    test('an import replaces the index of that name wholly; a damaged file leaves it as it is', async () => {
      const own = name()
      const source = await filled(DOCUMENTS.slice(0, 3))
      const bytes = new Uint8Array(await (await source.export()).arrayBuffer())
      const index = await filled(DOCUMENTS.slice(3), { name: own, ...stored })
      await index.close()
      const load = (file: Uint8Array<ArrayBuffer>) =>
        importIndex(file, { name: own, model, worker, ...stored, ...base })
      const flipped = bytes.slice()
      flipped[bytes.length >> 1] ^= 0x10
      const damaged = [bytes.slice(0, 0), bytes.slice(0, 20), bytes.slice(0, bytes.length - 5), flipped, bytes.slice(1)]
      for (const file of [...damaged, new TextEncoder().encode('{"not": "an index"}')]) {
        const error = await failureOf(load(file))
        expect(error.code).toMatch(/^(INVALID_INDEX_FILE|INDEX_VERSION_MISMATCH|STORE_CORRUPT)$/)
      }
      const untouched = await open({ name: own, ...stored })
      expect(idsOf(await untouched.search('moons', { limit: 20 })).sort()).toEqual(
        DOCUMENTS.slice(3)
          .map(({ id }) => id)
          .sort(),
      )
      await untouched.close()
      const replaced = await load(bytes)
      expect(idsOf(await replaced.search('moons')).sort()).toEqual(['d0', 'd1', 'd2'])
      await replaced.destroy()
    })

    test('a file of another model is refused', async () => {
      const index = await filled(DOCUMENTS)
      const file = await index.export()
      const error = await failureOf(importIndex(file, { name: name(), model: other, worker, store: 'memory', ...base }))
      expect(error).toMatchObject({ code: 'MODEL_MISMATCH' })
    })

    test('removeIndex() removes one index, open or not', async () => {
      const [one, two] = [name(), name()]
      for (const own of [one, two]) await (await filled(DOCUMENTS, { name: own, ...stored })).close()
      const opened = await open({ name: one, ...stored })
      await removeIndex(one, { worker })
      await removeIndex('no such index', { worker })
      await expect(opened.search('moons')).rejects.toMatchObject({ name: 'MaxsiftError' })
      const names = (await listIndexes({ worker })).map((entry) => entry.name)
      expect(names).toContain(two)
      expect(names).not.toContain(one)
      await removeIndex(two, { worker })
      expect((await listIndexes({ worker })).map((entry) => entry.name)).not.toContain(two)
      expect(await failureOf(removeIndex('', { worker }))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    })

    test('removeAll() leaves nothing', async () => {
      for (let i = 0; i < 2; i++) await (await filled(DOCUMENTS, stored)).close()
      expect((await listIndexes({ worker })).length).toBeGreaterThanOrEqual(2)
      await removeAll({ worker })
      expect(await listIndexes({ worker })).toEqual([])
      const index = await createIndex({ name: name(), model, worker, ...base })
      expect((await index.search('moons')).total).toBe(0)
      await index.destroy()
    })
  })
}
