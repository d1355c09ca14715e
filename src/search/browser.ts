import { MaxsiftError } from '../errors.ts'
import { cachedSource } from '../model/cache.ts'
import { blobSource, type FileSource, urlMapSource, urlSource } from '../model/source.ts'
import { httpStore, indexedDBStore, memoryStore } from '../store/index.ts'
import type { Environment } from './environment.ts'

/** A page or a worker: WebGPU of the browser, models over HTTP or from the user, indexes in IndexedDB. */
export const browserEnvironment: Environment = {
  device: () => ({}),

  model(model) {
    if (typeof model === 'string') {
      return model.startsWith(KEPT) ? kept(model.slice(KEPT.length), goneSource) : kept(model, urlSource(model))
    }
    if ('urls' in model) return kept(JSON.stringify(Object.entries(model.urls).sort()), urlMapSource(model.urls))
    const files = model.files.map(({ name, size, lastModified, webkitRelativePath }) => [
      webkitRelativePath || name,
      size,
      lastModified,
    ])
    const key = JSON.stringify(files.sort())
    return { ...kept(key, blobSource(model.files)), address: KEPT + key }
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

/** The address of a model that a person chose as files: it is found again in the model store alone. */
const KEPT = 'kept:'

const goneSource: FileSource = {
  name: 'model',
  open: async () => {
    throw new MaxsiftError('MODEL_FETCH_FAILED', 'The files of the model are no longer kept in this browser.', {
      remedy: 'Choose the files of the model again.',
    })
  },
}

function kept(key: string, source: FileSource): { key: string; source: FileSource } {
  return { key, source: cachedSource(source, key) }
}
