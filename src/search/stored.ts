import { MaxsiftError } from '../errors.ts'
import { bytesOf, indexedDBStore, listStores, liveDocuments, refsOf } from '../store/index.ts'
import type { IndexEntry } from './types.ts'

/** The indexes that this origin keeps, open or not. */
export async function listStored(signal?: AbortSignal): Promise<IndexEntry[]> {
  const entries: IndexEntry[] = []
  for (const name of await listStores()) {
    try {
      const store = await indexedDBStore(name, { signal })
      const manifest = await store.manifest(signal).finally(() => store.close())
      if (!manifest) continue
      entries.push({
        name,
        documents: manifest.segments.reduce((sum, segment) => sum + liveDocuments(segment), 0),
        bytes: bytesOf(refsOf(manifest).values()),
        generation: manifest.generation,
        model: manifest.model.name,
      })
    } catch (error) {
      // One that cannot be read must not hide the others, nor itself: it is there to be removed.
      if (!(error instanceof MaxsiftError)) throw error
      entries.push({ name, documents: 0, bytes: 0, generation: 0, model: '', problem: error.code })
    }
  }
  return entries
}

/** Fingerprints of the models that stored indexes were built with. @throws MaxsiftError where one cannot be read */
export async function usedModels(): Promise<Set<string>> {
  const used = new Set<string>()
  for (const name of await listStores()) {
    const store = await indexedDBStore(name)
    const manifest = await store.manifest().finally(() => store.close())
    if (manifest) used.add(manifest.model.fingerprint)
  }
  return used
}
