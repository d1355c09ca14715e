/** Downloads that one visit begins and another ends. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { bundledSource } from '../../src/model/bundled.ts'
import { cachedSource, type ModelStore } from '../../src/model/cache.ts'
import { webStore } from '../../src/model/cache-api.ts'
import { sha256 } from '../../src/model/hash.ts'
import { type FileSource, urlSource } from '../../src/model/source.ts'
import { BLOCK_BYTES } from '../../src/model/verified.ts'
import { folderModels } from '../../src/node/model-folder.ts'
import * as script from '../../src/worker/hub.ts'
import { temporaryFolder } from '../node/folder.ts'
import { FakeCache } from './fake-cache.ts'
import { HubServer, hurry, sha256Of } from './hub-server.ts'

const MIB = 1 << 20
const PART = 4 * MIB
// Not large to the hub, which gives it without a detour, and says its length.
const PATH = 'model.bin'
const BYTES = Uint8Array.from({ length: 2 * PART + 3 * MIB }, (_, i) => (i * 31 + (i >> 8)) & 255)
const WHOLE = sha256Of(BYTES)
/** The connection breaks after so many bytes, and again whenever it is tried. */
const brokenAt = (cut: number) => [{ cut }, ...Array(5).fill({ cut: 0 })]

const STORES: [string, ModelStore][] = [
  ['the Cache API', webStore],
  ['a folder', folderModels],
]

describe.each(STORES)('a broken download, kept in %s', (_, store) => {
  let hub: HubServer
  beforeEach(async () => {
    vi.stubEnv('MAXSIFT_CACHE', await temporaryFolder())
    const cache = new FakeCache()
    vi.stubGlobal('caches', { open: async () => cache })
    hub = await HubServer.start(new Map([[PATH, BYTES]]))
    hurry()
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
    hub.stop()
  })

  const KEY = 'model'
  const visit = async (source: FileSource, { sha256 = '', signal }: { sha256?: string; signal?: AbortSignal } = {}) => {
    const integrity = sha256 ? { [PATH]: sha256 } : undefined
    const cached = cachedSource(source, KEY, { store, integrity, hub: async () => script })
    const file = await cached.open(PATH, signal)
    // Not the bytes: what an assertion would say of those takes minutes.
    return sha256Of(new Uint8Array(await new Response(file!.body).arrayBuffer()))
  }
  const remote = () => urlSource(`${hub.address}/owner/small/resolve/main/`)
  const gone: FileSource = { name: 'gone', open: () => Promise.reject(new Error('offline')) }
  const paths = async () => (await store.list()).flatMap(({ files }) => [...files.keys()])
  const ranges = () => hub.asked.map((each) => each.split(' ')[1])
  const isBroken = { code: 'MODEL_FETCH_FAILED', message: expect.stringContaining('broke off') }

  async function breakOff(cut = 2 * PART + MIB): Promise<void> {
    hub.faults.set(PATH, brokenAt(cut))
    await expect(visit(remote())).rejects.toMatchObject(isBroken)
    hub.asked.length = 0
  }

  it('goes on after the parts that were whole, and is then found without its server', async () => {
    await breakOff()
    expect(await store.open(KEY, PATH)).toBeUndefined()
    await expect(visit(gone)).rejects.toThrow('offline')
    expect(await visit(remote())).toBe(WHOLE)
    expect(ranges()).toEqual([`bytes=${2 * PART}-`])
    expect(await visit(gone)).toBe(WHOLE)
    // Nothing lies there twice.
    const [{ files }] = await store.list()
    const bytes = [...files.values()].reduce((sum, file) => sum + file.bytes, 0)
    expect(bytes - BYTES.length).toBeLessThan(1000)
  })

  it('may break again on the next visit, and breaks within it are no matter', async () => {
    await breakOff(PART + 1)
    await breakOff(PART + MIB)
    hub.faults.set(PATH, [{ cut: MIB }])
    expect(await visit(remote())).toBe(WHOLE)
    expect(ranges()).toHaveLength(2)
    expect(ranges()[0]).toBe(`bytes=${2 * PART}-`)
  })

  it('goes on after an abort, too', async () => {
    const control = new AbortController()
    const source = cachedSource(remote(), KEY, { store })
    const { body } = (await source.open(PATH, control.signal))!
    const reader = body.getReader()
    let read = 0
    while (read < PART + MIB) read += (await reader.read()).value!.length
    control.abort()
    await expect(
      (async () => {
        for (;;) if ((await reader.read()).done) return
      })(),
    ).rejects.toMatchObject({ name: 'AbortError' })
    await source.settled()
    hub.asked.length = 0
    expect(await visit(remote())).toBe(WHOLE)
    expect(ranges()[0]).toMatch(/^bytes=[48]\d+-$/)
  })

  it('begins anew where the file is another by now, and nothing of the old one is left', async () => {
    await breakOff()
    const before = await paths()
    expect(before).toHaveLength(3)
    const other = BYTES.map((byte) => byte ^ 1)
    hub.commits.push(new Map([[PATH, other]]))
    expect(await visit(remote())).toBe(sha256Of(other))
    expect(await visit(gone)).toBe(sha256Of(other))
    expect((await paths()).filter((path) => before.includes(path))).toEqual([`${PATH}.parts`])
  })

  it('begins anew where the file has become short', async () => {
    await breakOff()
    const other = BYTES.subarray(0, 1000)
    hub.commits.push(new Map([[PATH, other]]))
    expect(await visit(remote())).toBe(sha256Of(other))
    expect(await paths()).toEqual([PATH])
  })

  it('begins anew where the server has no ranges', async () => {
    hub.ranges = false
    await breakOff(PART + MIB)
    expect(await visit(remote())).toBe(WHOLE)
    expect(await visit(gone)).toBe(WHOLE)
  })

  it('leaves nothing where no ETag could tell that it is the same file', async () => {
    hub.etags = false
    await breakOff()
    expect(await paths()).toEqual([])
    expect(await visit(remote())).toBe(WHOLE)
    expect(await paths()).toEqual([PATH])
  })

  it('is forgotten with its model', async () => {
    await breakOff()
    await store.remove(KEY)
    expect(await store.list()).toEqual([])
    expect(await visit(remote())).toBe(WHOLE)
    expect(ranges()).toEqual([undefined])
  })

  it('is forgotten where its parts turn out to be damaged: by the hash of the whole, or of a block', async () => {
    const damage = async () => {
      const part = (await paths()).find((path) => path.endsWith('.1'))!
      await store.put(KEY, part, { size: PART, body: new Blob([new Uint8Array(PART)]).stream() }, 'model')
    }
    const whole = { sha256: WHOLE }
    const isOther = { code: 'INTEGRITY_MISMATCH' }
    await breakOff()
    await damage()
    await expect(visit(remote(), whole)).rejects.toMatchObject(isOther)
    expect(await paths()).toEqual([])
    expect(await visit(remote(), whole)).toBe(WHOLE)
    // And once all parts are there.
    await damage()
    await expect(visit(gone, whole)).rejects.toMatchObject(isOther)
    expect(await paths()).toEqual([])

    const blocks = await Promise.all(
      Array.from({ length: BYTES.length / BLOCK_BYTES }, (_, i) =>
        sha256(BYTES.slice(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)),
      ),
    )
    const list = JSON.stringify({ texts: {}, pins: { [PATH]: { bytes: BYTES.length, blocks } } })
    hub.commits.push(
      new Map([
        [PATH, BYTES],
        ['files.json', Buffer.from(list)],
      ]),
    )
    const folder = `${hub.address}/owner/small/resolve/main/`
    const pin = { bytes: list.length, blocks: [sha256Of(Buffer.from(list))] }
    const bundled = () =>
      bundledSource('model', { list: { ...pin, url: `${folder}files.json` }, urls: { [PATH]: folder + PATH } })
    hub.faults.set(PATH, brokenAt(2 * PART + MIB))
    await expect(visit(bundled())).rejects.toMatchObject(isBroken)
    await damage()
    await expect(visit(bundled())).rejects.toMatchObject(isOther)
    expect(await paths()).toEqual([])
    hub.asked.length = 0
    hub.faults.set(PATH, brokenAt(2 * PART + MIB))
    await expect(visit(bundled())).rejects.toMatchObject(isBroken)
    expect(await visit(bundled())).toBe(WHOLE)
    expect(ranges()).toContain(`bytes=${2 * PART}-`)
  })

  it('leaves its room where there is too little of it, and is used all the same', async () => {
    const original = store.put.bind(store)
    const put = vi.spyOn(store, 'put')
    put.mockImplementation(async (...parameters) => {
      if (parameters[1].endsWith('.1')) throw new DOMException('full', 'QuotaExceededError')
      return original(...parameters)
    })
    expect(await visit(remote())).toBe(WHOLE)
    expect(await paths()).toEqual([])
    put.mockRestore()
  })
})
