import { MaxsiftError } from '../errors.ts'
import { cachedSource } from '../model/cache.ts'
import { blobSource, urlMapSource, urlSource } from '../model/source.ts'
import { httpStore, indexedDBStore, memoryStore } from '../store/index.ts'
import type { Environment } from './environment.ts'

/** A page or a worker: WebGPU of the browser, models over HTTP or from the user, indexes in IndexedDB. */
export const browserEnvironment: Environment = {
  device: () => ({}),

  model(model) {
    if (typeof model === 'string') return cached(model, urlSource(model))
    if ('urls' in model) return cached(JSON.stringify(Object.entries(model.urls).sort()), urlMapSource(model.urls))
    const files = model.files.map(({ name, size, lastModified, webkitRelativePath }) => [
      webkitRelativePath || name,
      size,
      lastModified,
    ])
    return cached(JSON.stringify(files.sort()), blobSource(model.files))
  },

  async store({ name, source, store }, signal) {
    if (source !== undefined) return { store: httpStore(source) }
    if (store === 'memory') return { store: memoryStore() }
    try {
      return { store: await indexedDBStore(name, { signal }) }
    } catch (error) {
      // No IndexedDB here, or a broken one: the index works, but only as long as the page. Never silently.
      if (!(error instanceof MaxsiftError && error.code === 'STORE_LOST')) throw error
      return { store: memoryStore(), fallback: error }
    }
  },
}

function cached(key: string, source: Parameters<typeof cachedSource>[0]) {
  return { key, source: cachedSource(source, key) }
}
