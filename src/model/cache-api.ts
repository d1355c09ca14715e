/** The model store of a browser. */
import type { KeptModel, ModelStore } from './cache.ts'

const CACHE = 'maxsift-models'

/** Entries need addresses; this one, of a reserved name, exists nowhere. */
const ROOT = 'https://maxsift.invalid/'

const SIZE = 'x-maxsift-size'
const HASH = 'x-maxsift-sha256'
const NAME = 'x-maxsift-name'

const address = (key: string, path = '') =>
  `${ROOT}${encodeURIComponent(key)}/${path.split('/').map(encodeURIComponent).join('/')}`

/** Undefined where there is no Cache API (no secure context, Node) or this page may not use it. */
export async function openCache(name = CACHE): Promise<Cache | undefined> {
  try {
    return await globalThis.caches?.open(name)
  } catch {
    return undefined
  }
}

export const webStore: ModelStore = {
  async open(key, path) {
    const response = await (await openCache())?.match(address(key, path))
    if (!response) return undefined
    if (response.status === 404) return null
    const size = response.headers.get(SIZE)
    const sha256 = response.headers.get(HASH) ?? undefined
    return { size: size === null ? null : Number(size), sha256, body: response.body ?? new Blob([]).stream() }
  },

  async put(key, path, file, name) {
    const cache = await openCache()
    // Headers are Latin.
    const headers: Record<string, string> = { [NAME]: encodeURIComponent(name) }
    if (file?.size != null) headers[SIZE] = String(file.size)
    if (file?.sha256) headers[HASH] = file.sha256
    await cache?.put(address(key, path), new Response(file?.body ?? null, { status: file ? 200 : 404, headers }))
  },

  async list() {
    const models = new Map<string, KeptModel>()
    const cache = await openCache()
    for (const request of (await cache?.keys()) ?? []) {
      const [key, ...parts] = request.url.slice(ROOT.length).split('/').map(decodeURIComponent)
      const response = await cache?.match(request.url)
      if (!response) continue
      const { status, headers } = response
      const model = models.get(key) ?? { key, name: decodeURIComponent(headers.get(NAME) ?? key), files: new Map() }
      models.set(key, model)
      if (status === 404) continue
      const bytes = headers.has(SIZE) ? Number(headers.get(SIZE)) : (await response.blob()).size
      model.files.set(parts.join('/'), { bytes })
    }
    return [...models.values()]
  },

  async remove(key, path) {
    const cache = await openCache()
    for (const request of (await cache?.keys()) ?? []) {
      const { url } = request
      if (path === undefined ? url.startsWith(address(key)) : url === address(key, path)) await cache?.delete(request)
    }
  },
}
