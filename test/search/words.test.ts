import { expect, it } from 'vitest'
import type { DocumentHit } from '../../src/kernels/explain.ts'
import type { RankOptions, Searcher } from '../../src/search/searcher.ts'
import { WordSearch } from '../../src/search/words.ts'
import { addPending, memoryStore, newManifest, writeBatch } from '../../src/store/index.ts'

const COUNT = 1_500

/** Documents that all have one word, and more of it the later they come; stored, not encoded. */
async function filled() {
  const store = memoryStore()
  const documents = Array.from({ length: COUNT }, (_, i) => ({
    id: `d${i}`,
    hash: `${i}`,
    text: 'lamp '.repeat(1 + i),
  }))
  const { batch, put } = await writeBatch(documents, 0)
  const empty = newManifest({ fingerprint: 'f', name: 'm', dim: 4 }, { id: 'f32', parameters: {}, runs: [16] }, 0)
  await store.commit({ base: 0, manifest: { ...addPending(empty, batch), generation: 1 }, put })
  return new WordSearch(store, () => store.manifest())
}

/** By meaning, everything is found that may be, the earliest best. */
function fakeSearcher(isSlow: boolean) {
  const asked: RankOptions[] = []
  const searcher = {
    isSlow,
    async rank(_: string, options: RankOptions) {
      asked.push(options)
      const ids = [...(options.ids ?? Array.from({ length: COUNT }, (_, i) => `d${i}`))].slice(0, options.k)
      const found = ids.map((_, document): DocumentHit => ({ document, score: -document, passages: [] }))
      return {
        found,
        total: COUNT,
        backend: 'onnx',
        snapshot: { catalog: { entries: ids.map((id) => ({ record: { id } })) } },
      }
    },
    hit: async (
      { snapshot }: { snapshot: { catalog: { entries: { record: { id: string } }[] } } },
      { document }: DocumentHit,
    ) => snapshot.catalog.entries[document].record,
  }
  return { asked, searcher: searcher as unknown as Searcher }
}

const wanted = { offset: 0, passages: 1, depth: 10 }

it('compares all documents by meaning, or the best by words where all would take long', async () => {
  const words = await filled()
  const { signal } = new AbortController()
  const quick = fakeSearcher(false)
  expect(await words.hybrid(quick.searcher, 'lamp', wanted, signal)).toMatchObject({ exhaustive: true, total: COUNT })
  expect(quick.asked).toEqual([{ filter: undefined, ids: undefined, k: 100, passages: 1 }])
  const slow = fakeSearcher(true)
  const { exhaustive, hits } = await words.hybrid(slow.searcher, 'lamp', wanted, signal)
  expect(exhaustive).toBe(false)
  expect(hits).toHaveLength(10)
  const ids = [...slow.asked[0].ids!]
  expect(ids).toHaveLength(1_000)
  const { hits: best } = await words.search('lamp', { ...wanted, depth: 1_000 }, signal)
  expect(ids).toEqual(best.map(({ id }) => id))
  expect(slow.asked[0].k).toBe(100)
  // No document has such a word.
  expect(await words.hybrid(slow.searcher, 'zeppelin', wanted, signal)).toMatchObject({ exhaustive: true })
  expect(slow.asked[1].ids).toBeUndefined()
})
