/** The default model over its life in a browser: fetched, kept, deployed elsewhere, replaced by another version. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { webStore } from '../../src/model/cache-api.ts'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { fingerprint, streamTensors } from '../../src/model/stream.ts'
import type { Pin } from '../../src/model/verified.ts'
import { keyOf, type PackagedModel } from '../../src/search/default-model.ts'
import { Host } from '../../src/search/host.ts'
import { removeModel } from '../../src/search/models.ts'
import type { OpenOptions } from '../../src/search/service.ts'
import { defaultModel as first } from '../../src/worker/default-model.ts'
import { type CheckpointName, checkpointFolder, readCheckpoint } from '../goldens/checkpoints.ts'
import { gpuMissing } from '../gpu.ts'
import { pinOf, utf8 } from '../model/files.ts'
import { call, mapSource } from './harness.ts'

const missing = await gpuMissing()

/** A checkpoint as the build would describe it, its files below this address. */
async function described(name: CheckpointName): Promise<PackagedModel> {
  const files = await readCheckpoint(name)
  const checkpoint = await openCheckpoint(mapSource(name, files))
  const hashes = await streamTensors(checkpoint, () => {})
  const list: { texts: Record<string, string>; pins: Record<string, Pin> } = { texts: {}, pins: {} }
  for (const [path, bytes] of files) {
    if (hashes.has(path)) list.pins[path] = await pinOf(bytes)
    else list.texts[path] = new TextDecoder().decode(bytes)
  }
  const bytes = utf8(JSON.stringify(list))
  return {
    name: first().name,
    fingerprint: await fingerprint(checkpoint, hashes),
    files: {
      list: { url: URL.createObjectURL(new Blob([bytes])), ...(await pinOf(bytes)) },
      urls: Object.fromEntries(
        [...hashes.keys()].map((path) => [path, new URL(`/${checkpointFolder(name)}${path}`, document.baseURI).href]),
      ),
    },
  }
}

const documents = [
  { id: 'a', text: 'The lamp of the old lighthouse turns.' },
  { id: 'b', text: 'Jupiter has four bright moons.' },
]

/** The same version, as another deployment names its files. */
let moved: PackagedModel
let second: PackagedModel
beforeAll(async () => {
  moved = await described('pylate')
  second = await described('stanford')
  expect(moved.fingerprint).toBe(first().fingerprint)
})

/** What was fetched since the test began. */
let fetched: string[]
/** Changes what a server answers. */
let answer: (response: Response) => Response | Promise<Response>
beforeEach(() => {
  fetched = []
  answer = (response) => response
  const real = globalThis.fetch
  vi.stubGlobal('fetch', async (...parameters: Parameters<typeof fetch>) => {
    fetched.push(String(parameters[0]))
    return answer(await real(...parameters))
  })
})

const opened: { host: Host; handle: number }[] = []
const names = new Set<string>()
afterEach(async () => {
  vi.unstubAllGlobals()
  for (const { host, handle } of opened.splice(0)) await host.close(call(), handle)
  for (const name of names) await new Host().removeIndex(call(), name)
  names.clear()
  await removeModel(webStore)
})

/** A visit: an engine of its own over what is stored. */
async function visit(options: Partial<OpenOptions>) {
  const { name = 'default model' } = options
  names.add(name)
  const host = new Host()
  const rest = { store: 'indexeddb', codec: 'int8', splitPassages: true } as const
  const { handle, info } = await host.open(call(), { name, ...rest, ...options })
  opened.push({ host, handle })
  return { host, handle, info, search: (query: string) => host.search(call(), handle, query, {}) }
}

/** The first visit: two documents are added, and the model is kept. */
async function firstVisit(options: Partial<OpenOptions> = { defaultModel: first() }) {
  const { host, handle, info, search } = await visit(options)
  await host.add(call(documents), handle)
  const { hits } = await search('bright moons')
  await host.close(call(), handle)
  opened.pop()
  if (options.defaultModel)
    await vi.waitFor(async () => expect((await webStore.list()).map(({ key }) => key)).toEqual([keyOf(first())]))
  fetched = []
  return { info, hits }
}

describe.skipIf(missing)(`the default model${missing ? ` — ${missing}` : ''}`, () => {
  it('is fetched once, and kept', async () => {
    const { info, hits } = await firstVisit()
    expect(info.model).toMatchObject({ name: 'maxsift-small-en', fingerprint: first().fingerprint })
    const again = await visit({ defaultModel: first() })
    expect((await again.search('bright moons')).hits).toEqual(hits)
    expect(fetched).toEqual([])
  })

  it('is the same at other addresses, and for an index of another name', async () => {
    await firstVisit()
    const host = new Host()
    const open = async (name: string) => {
      names.add(name)
      const rest = { store: 'indexeddb', codec: 'int8', splitPassages: true } as const
      const { handle, info } = await host.open(call(), { name, ...rest, defaultModel: moved })
      opened.push({ host, handle })
      return info
    }
    const [old, fresh] = await Promise.all([open('default model'), open('another')])
    expect(old.model).toEqual(fresh.model)
    expect(fetched).toEqual([])
  })

  it('of an older version goes on as long as it is kept, and is refused by name afterwards', async () => {
    const { hits } = await firstVisit()
    const later = await visit({ defaultModel: second })
    expect(later.info.model.fingerprint).toBe(first().fingerprint)
    expect((await later.search('bright moons')).hits).toEqual(hits)
    // A new index takes the new one; both are open.
    const fresh = await visit({ name: 'fresh', defaultModel: second })
    expect(fresh.info.model.fingerprint).toBe(second.fingerprint)
    const keys = async () => (await webStore.list()).map(({ key }) => key).sort()
    await vi.waitFor(async () => expect(await keys()).toEqual([keyOf(first()), keyOf(second)].sort()), {
      timeout: 60_000,
    })
    for (const { host, handle } of opened.splice(0)) await host.close(call(), handle)
    await removeModel(webStore)
    fetched = []
    await expect(visit({ defaultModel: second })).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining('another version of maxsift'),
      remedy: expect.stringContaining('add its documents again'),
    })
    expect(fetched).toEqual([])
    // As the remedy says.
    await new Host().removeIndex(call(), 'default model')
    const { host, handle } = await visit({ defaultModel: second })
    expect(await host.add(call(documents), handle)).toMatchObject({ added: 2 })
  })

  it('of an older version goes when no index was built with it', async () => {
    await firstVisit()
    await new Host().removeIndex(call(), 'default model')
    await visit({ name: 'fresh', defaultModel: second })
    const keys = async () => (await webStore.list()).map(({ key }) => key)
    await vi.waitFor(async () => expect(await keys()).toEqual([keyOf(second)]), { timeout: 60_000 })
  })

  it('is fetched again when the browser has dropped it', async () => {
    const { hits } = await firstVisit()
    await removeModel(webStore)
    const again = await visit({ defaultModel: moved })
    expect((await again.search('bright moons')).hits).toEqual(hits)
    expect(fetched.some((url) => url.endsWith('model.safetensors'))).toBe(true)
  })

  it('takes the place of the same model that is gone, and of no other', async () => {
    const { hits } = await firstVisit({ model: `/${checkpointFolder('pylate')}?own` })
    await removeModel(webStore)
    const gone = new Response('', { status: 404 })
    answer = (response) => (response.url.endsWith('?own') ? gone.clone() : response)
    await expect(visit({ defaultModel: second })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('The index was built with the model'),
    })
    expect(fetched.filter((url) => url.includes('stanford'))).toEqual([])
    expect((await (await visit({ defaultModel: moved })).search('bright moons')).hits).toEqual(hits)
  })

  it('that was tampered with is neither used nor kept', async () => {
    answer = async (response) => {
      if (!response.url.endsWith('/model.safetensors')) return response
      const bytes = new Uint8Array(await response.arrayBuffer())
      bytes[bytes.length - 1] ^= 1
      return new Response(bytes)
    }
    await expect(visit({ defaultModel: moved })).rejects.toMatchObject({
      code: 'INTEGRITY_MISMATCH',
      message: expect.stringContaining('model.safetensors'),
    })
    const kept = await (await caches.open('maxsift-models')).keys()
    expect(kept.filter(({ url }) => url.endsWith('safetensors'))).toEqual([])
    answer = (response) => response
    expect((await visit({ defaultModel: moved })).info.documents).toBe(0)
  })
})
