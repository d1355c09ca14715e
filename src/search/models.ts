/** How a model that is named, or given, becomes a source of files; and which ones are kept. */
import { MaxsiftError } from '../errors.ts'
import { DESCRIPTION, isCommit, placeOnHub } from '../model/address.ts'
import { bundledSource } from '../model/bundled.ts'
import { cachedSource, type ModelStore } from '../model/cache.ts'
import type { Keep } from '../model/hub.ts'
import { blobSource, type FileSource, urlMapSource, urlSource } from '../model/source.ts'
import { addressOf, keyOf, type PackagedModel } from './default-model.ts'
import type { Environment } from './environment.ts'
import type { ModelEntry } from './types.ts'

/** The address of a model that a person chose as files: it is found again in the model store alone. */
const KEPT = 'kept:'

/** How `keyOf` writes a model of the package. */
const PACKAGED = /^([\w.-]+)@([\da-f]{64})$/

/** Opens models over HTTP or from the user; a store keeps what comes. */
export function modelsBy(store: ModelStore): Environment['model'] {
  return (model, { integrity, hub } = {}) => {
    const keep: Keep = (source, key) => cachedSource(source, key, { store, integrity, hub })
    const kept = (key: string, source: FileSource) => ({ key, source: keep(source, key) })
    if (typeof model === 'string') {
      if (model.startsWith(KEPT)) return kept(model.slice(KEPT.length), goneSource('model'))
      const place = placeOnHub(model)
      if (!place || !hub) return kept(model, urlSource(model))
      return { key: model, source: laterSource(place.name, async () => (await hub()).hubSource(place, keep)) }
    }
    if ('fingerprint' in model) {
      const { name, files } = model
      const source = files ? bundledSource(name, files) : goneSource(name)
      return { ...kept(keyOf(model), source), address: addressOf(model) }
    }
    if ('urls' in model) return kept(JSON.stringify(Object.entries(model.urls).sort()), urlMapSource(model.urls))
    const files = model.files.map(({ name, size, lastModified, webkitRelativePath }) => [
      webkitRelativePath || name,
      size,
      lastModified,
    ])
    const key = JSON.stringify(files.sort())
    return { ...kept(key, blobSource(model.files)), address: KEPT + key }
  }
}

const goneSource = (name: string): FileSource => ({
  name,
  open: async () => {
    throw new MaxsiftError('MODEL_FETCH_FAILED', 'The files of the model are no longer kept in this browser.', {
      remedy: 'Choose the files of the model again.',
    })
  },
})

/** A source that is made when a file of it is wanted. */
function laterSource(name: string, make: () => Promise<FileSource>): FileSource {
  let making: Promise<FileSource> | undefined
  let made: FileSource | undefined
  return {
    name,
    get address() {
      return made?.address
    },
    async open(path, signal, start) {
      making ??= make().catch((error) => {
        making = undefined
        throw error
      })
      made = await making
      return made.open(path, signal, start)
    },
  }
}

/** The models in a store. Where a branch or tag leads to is no model. */
export async function listModels(store?: ModelStore): Promise<ModelEntry[]> {
  const entries: ModelEntry[] = []
  for (const { key, name, files } of (await store?.list()) ?? []) {
    files.delete(DESCRIPTION)
    if (files.size === 0) continue
    const bytes = [...files.values()].reduce((sum, file) => sum + file.bytes, 0)
    const revision = placeOnHub(key)?.revision
    entries.push({ model: key, name, bytes, ...(revision && { revision: decodeURIComponent(revision) }) })
  }
  return entries
}

/**
 * Removes a model from the store: by the key that it is listed with, or by its address. On a hub, what names no commit
 * means all of them. Without a model, all are removed.
 */
export async function removeModel(store?: ModelStore, model?: string): Promise<void> {
  const place = model === undefined ? null : placeOnHub(model)
  for (const { key } of (await store?.list()) ?? []) {
    const other = placeOnHub(key)
    // Where branches and tags lead to goes with any commit: it is found out again.
    const isPart = place && other?.repository === place.repository && !(isCommit(place) && isCommit(other))
    if (model === undefined || key === model || isPart) await store?.remove(key)
  }
}

/**
 * Removes from the store what other versions of the package brought in the place of a model.
 * @param used Fingerprints of models that an index may still need; asked for only where there are others.
 */
export async function removeOthers(
  { name, fingerprint }: PackagedModel,
  used: () => Promise<ReadonlySet<string>>,
  store?: ModelStore,
): Promise<void> {
  const others = ((await store?.list()) ?? []).flatMap(({ key }) => {
    const [, of, other] = PACKAGED.exec(key) ?? []
    return of === name && other !== fingerprint ? [{ key, other }] : []
  })
  const needed = others.length > 0 ? await used() : new Set()
  for (const { key, other } of others) if (!needed.has(other)) await store?.remove(key)
}
