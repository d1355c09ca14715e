import { describe, expect, test, vi } from 'vitest'
import { type IndexEvents, listIndexes, type Progress } from '../../src/index.ts'
import { checkpointFolder, readCheckpoint } from '../goldens/checkpoints.ts'
import { CHECKPOINT, DOCUMENTS, failureOf, type Setup } from './setup.ts'

const other = `/${checkpointFolder('bert')}`

export function lifecycle({ base, open, filled, name, worker }: Setup): void {
  describe('opening', () => {
    test('what an index says of itself', async () => {
      const own = name()
      const index = await filled(DOCUMENTS, { name: own })
      const info = await index.info()
      expect(info).toMatchObject({
        name: own,
        documents: 12,
        passages: 12,
        pending: 0,
        store: 'memory',
        writable: true,
        codec: 'int8',
        dim: 48,
        backend: base.backend,
        model: { name: expect.any(String), fingerprint: expect.any(String), bytes: expect.any(Number) },
        adapter: expect.any(String),
      })
      expect(info.tokens).toBeGreaterThan(12 * 4)
      expect(info.gpuBytes).toBeGreaterThanOrEqual(info.tokens * 48)
      expect(info.generation).toBeGreaterThan(0)
    })

    /** As a chosen folder gives them; copying such a file loses its path in some browsers, and here. */
    const chooseFiles = async () =>
      Array.from(await readCheckpoint(CHECKPOINT), ([path, bytes]) =>
        Object.defineProperty(new File([bytes], path.split('/').at(-1)!), 'webkitRelativePath', {
          value: `chosen/${path}`,
        }),
      )

    test('the model may be a list of files or of addresses, and is the same model', async () => {
      const chosen = await chooseFiles()
      const folder = new URL(`/${checkpointFolder(CHECKPOINT)}`, document.baseURI)
      expect(structuredClone(chosen[0]).webkitRelativePath).toBe('')
      const paths = [...(await readCheckpoint(CHECKPOINT)).keys()]
      const urls = Object.fromEntries(paths.map((path) => [path, new URL(path, folder)]))
      const { model } = await (await open()).info()
      for (const same of [{ files: chosen }, { urls }]) {
        expect((await (await open({ model: same })).info()).model.fingerprint).toBe(model.fingerprint)
      }
    })

    test('a model chosen as files is there again on the next visit', async () => {
      const own = name()
      const first = await open({ name: own, store: 'indexeddb', model: { files: await chooseFiles() } })
      await first.add(DOCUMENTS.slice(0, 2))
      await first.close()
      const second = await open({ name: own, store: 'indexeddb', model: undefined })
      expect((await second.search('moons')).hits).toHaveLength(2)
      await second.destroy()
    })

    test('without a model it is the one of the package, which the index finds again', async () => {
      const own = name()
      const seen: Progress[] = []
      const onProgress = (progress: Progress) => seen.push(progress)
      const first = await open({ name: own, store: 'indexeddb', model: undefined, onProgress })
      expect(await first.info()).toMatchObject({ documents: 0, model: { name: 'maxsift-small-en' } })
      expect(seen.some(({ stage, loaded, total }) => stage === 'model' && loaded === total)).toBe(true)
      await first.add(DOCUMENTS)
      const { hits } = await first.search('bright moons')
      expect(hits).toHaveLength(10)
      await first.close()
      const second = await open({ name: own, store: 'indexeddb', model: undefined })
      expect((await second.search('bright moons')).hits).toEqual(hits)
      // By another address it is the same model.
      const { fingerprint } = (await second.info()).model
      expect((await (await open()).info()).model.fingerprint).toBe(fingerprint)
      await second.destroy()
    })

    test('loading a model tells its bytes', async () => {
      const seen: Progress[] = []
      const index = await open({ model: other, onProgress: (progress) => seen.push(progress) })
      const loaded = seen.filter(({ stage }) => stage === 'model').map((progress) => progress.loaded)
      expect(loaded.length).toBeGreaterThan(0)
      expect(loaded).toEqual([...loaded].sort((a, b) => a - b))
      expect((await index.search('moons')).hits).toEqual([])
    })

    test('a model that is not there', async () => {
      const error = await failureOf(open({ model: '/no/such/model/' }))
      expect(error).toMatchObject({ name: 'MaxsiftError', code: expect.stringMatching(/^MODEL_/) })
      expect(error.remedy).not.toBe('')
      // Nothing is left over: the next one opens.
      await open()
    })

    test('an abort while the model loads', async () => {
      const control = new AbortController()
      const result = open({ model: `/${checkpointFolder('answerai')}`, signal: control.signal })
      setTimeout(() => control.abort(), 5)
      await result.then(
        // Fast enough to be done before: then there is nothing to abort.
        (index) => index.close(),
        (error) => expect(error).toBe(control.signal.reason),
      )
      const index = await open({ model: `/${checkpointFolder('answerai')}` })
      expect(await index.add(DOCUMENTS)).toMatchObject({ added: 12 })
    })
  })

  describe('handles', () => {
    test('two handles on one index see the same, and each closes for itself', async () => {
      const own = name()
      const a = await open({ name: own })
      const b = await open({ name: own })
      await a.add(DOCUMENTS.slice(0, 4))
      expect((await b.search('moons')).total).toBe(4)
      await b.add(DOCUMENTS.slice(4, 6))
      await b.close()
      await b.close()
      await expect(b.search('moons')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      expect((await a.search('moons')).total).toBe(6)
    })

    test('a change is told to every handle', async () => {
      const own = name()
      const handles = [await open({ name: own }), await open({ name: own })]
      const seen: IndexEvents['change'][][] = [[], []]
      handles.forEach((handle, i) => {
        handle.addEventListener('change', ({ detail }) => seen[i].push(detail))
      })
      await handles[0].add(DOCUMENTS)
      await handles[1].remove(['d1', 'd2'])
      const { generation } = await handles[0].info()
      for (const changes of seen) {
        await vi.waitFor(() => expect(changes.at(-1)).toEqual({ generation, documents: 10 }))
        const generations = changes.map((change) => change.generation)
        expect(generations).toEqual([...new Set(generations)].sort((a, b) => a - b))
      }
    })

    test('destroy() takes the index from all handles', async () => {
      const own = name()
      const [a, b] = [await open({ name: own, store: 'indexeddb' }), await open({ name: own, store: 'indexeddb' })]
      await a.add(DOCUMENTS)
      await b.destroy()
      await expect(a.search('moons')).rejects.toMatchObject({ name: 'MaxsiftError' })
      await expect(b.search('moons')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await a.close()
      expect((await listIndexes({ worker })).map((entry) => entry.name)).not.toContain(own)
      const again = await open({ name: own, store: 'indexeddb' })
      expect((await again.search('moons')).total).toBe(0)
      await again.destroy()
    })

    test('an index in memory is gone with its last handle', async () => {
      const own = name()
      const index = await filled(DOCUMENTS, { name: own })
      expect((await listIndexes({ worker })).map((entry) => entry.name)).not.toContain(own)
      await index.close()
      expect((await (await open({ name: own })).search('moons')).total).toBe(0)
    })

    test('adding through two handles at once', async () => {
      const own = name()
      const [a, b] = [await open({ name: own }), await open({ name: own })]
      const results = await Promise.all([a.add(DOCUMENTS.slice(0, 8)), b.add(DOCUMENTS.slice(4))])
      expect(results[0].added + results[1].added).toBe(12)
      expect(results[0].unchanged + results[1].unchanged).toBe(4)
      expect((await a.search('moons')).total).toBe(12)
    })
  })

  describe('abort of add', () => {
    test('what was committed stays and is searchable; the rest can be added again', async () => {
      const index = await open()
      const control = new AbortController()
      let given = 0
      async function* documents() {
        for (let i = 0; i < 1000; i++) {
          if (i === 150) control.abort()
          given++
          yield { id: `n${i}`, text: `Document number ${i}.` }
        }
      }
      const error = await failureOf(index.add(documents(), { signal: control.signal }))
      expect(error).toBe(control.signal.reason)
      expect(given).toBeLessThan(400)
      const { total } = await index.search('document')
      expect(total).toBeGreaterThanOrEqual(64)
      expect(total).toBeLessThanOrEqual(given)
      const all = Array.from({ length: 160 }, (_, i) => ({ id: `n${i}`, text: `Document number ${i}.` }))
      const again = await index.add(all)
      expect(again.added + again.unchanged + again.updated).toBe(160)
      expect((await index.search('document')).total).toBe(160)
      expect(await index.info()).toMatchObject({ documents: 160, pending: 0 })
    })

    test('an iterable that never answers', async () => {
      const index = await open()
      const control = new AbortController()
      async function* stuck() {
        yield DOCUMENTS[0]
        await new Promise(() => {})
      }
      const result = index.add(stuck(), { signal: control.signal })
      await index.search('moons')
      control.abort()
      await expect(result).rejects.toBe(control.signal.reason)
      expect(await index.add(DOCUMENTS)).toMatchObject({ truncated: 0 })
      expect((await index.search('moons')).total).toBe(12)
    })
  })
}
