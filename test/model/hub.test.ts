/** Models by name, against a server that behaves as the hub does, kept in a folder. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { modelAddress, placeOnHub } from '../../src/model/address.ts'
import { cachedSource } from '../../src/model/cache.ts'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { hubSource, type Keep } from '../../src/model/hub.ts'
import { readText } from '../../src/model/read.ts'
import type { FileSource } from '../../src/model/source.ts'
import { streamTensors } from '../../src/model/stream.ts'
import { folderModels } from '../../src/node/model-folder.ts'
import { listModels, removeModel } from '../../src/search/models.ts'
import * as script from '../../src/worker/hub.ts'
import { temporaryFolder } from '../node/folder.ts'
import { type Files, pylateFiles } from './files.ts'
import { commitOf, HubServer, hurry, sha256Of } from './hub-server.ts'

describe('a model is named', () => {
  it.each([
    ['answerdotai/answerai-colbert-small-v1', 'answerdotai/answerai-colbert-small-v1/resolve/main/'],
    ['a_b/c.d@v1.0', 'a_b/c.d/resolve/v1.0/'],
    ['owner/name@refs/pr/1', 'owner/name/resolve/refs%2Fpr%2F1/'],
    [`owner/name@${commitOf(0)}`, `owner/name/resolve/${commitOf(0)}/`],
  ])('on the hub: %s', (name, path) => {
    expect(modelAddress(name)).toBe(`https://huggingface.co/${path}`)
    expect(modelAddress(name, 'https://mirror.test/hf/')).toBe(`https://mirror.test/hf/${path}`)
  })

  it.each(['/models/small/', './small', '../small', 'https://site.test/m', 'http://x', 'blob:x', '//site.test/m'])(
    'by its address: %s',
    (address) => expect(modelAddress(address)).toBe(address),
  )

  it.each([
    '',
    'small',
    'models/small/',
    'a/b/c',
    'a/b@',
    'a b/c',
    '-a/b',
    'a/..',
    'owner/a..b',
    'owner/a--b',
    '@a/b',
    '.',
  ])('in no way that is known: "%s"', (wrong) =>
    expect(() => modelAddress(wrong)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', remedy: expect.stringContaining('owner/name') }),
    ),
  )
})

describe('a model on the hub', () => {
  let hub: HubServer
  const first = pylateFiles()
  const second: Files = pylateFiles({ query_length: 9 })

  beforeEach(async () => {
    vi.stubEnv('MAXSIFT_CACHE', await temporaryFolder())
    hub = await HubServer.start(first)
    hurry()
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
    hub.stop()
  })

  const open = (revision = 'main', integrity: Record<string, string> = {}): FileSource => {
    const keep: Keep = (source, key) =>
      cachedSource(source, key, { store: folderModels, integrity, hub: async () => script })
    return hubSource(placeOnHub(modelAddress(`owner/small@${revision}`, hub.address))!, keep)
  }
  const load = async (source = open()) => {
    const checkpoint = await openCheckpoint(source)
    return { spec: checkpoint.spec, hashes: await streamTensors(checkpoint, () => {}) }
  }

  it('is loaded by its name, each large file once, and then without the hub', async () => {
    const source = open()
    const loaded = await load(source)
    expect(loaded.spec).toMatchObject({ name: 'owner/small', query: { maxLength: 8 } })
    expect(source.address).toBe(`${hub.address}/owner/small/resolve/${commitOf(0)}/`)
    // Of the two weight files first the header alone.
    const asked = hub.askedFor('model.safetensors').map((each) => each.split(' ')[1])
    expect(asked.toSorted()).toEqual(['bytes=0-65535', 'bytes=0-65535', undefined, undefined])
    // What the hub does not list is not asked for.
    expect(hub.askedFor('vocab.txt')).toHaveLength(1)
    expect(hub.askedFor('tokenizer.json')).toHaveLength(0)
    hub.stop()
    expect(await load()).toEqual(loaded)
    expect(await load(open(commitOf(0)))).toEqual(loaded)
  })

  it('is all of one commit, though main moves on meanwhile, or afterwards', async () => {
    const source = open()
    expect(await readText(source, 'modules.json')).not.toBeNull()
    hub.commits.push(second)
    expect((await load(source)).spec.query.maxLength).toBe(8)
    expect((await load()).spec.query.maxLength).toBe(8)
    expect((await load(open(commitOf(1)))).spec.query.maxLength).toBe(9)
    // Until it is removed: then the name means the newest again.
    await removeModel(folderModels, modelAddress('owner/small', hub.address))
    expect(await listModels(folderModels)).toEqual([])
    expect((await load()).spec.query.maxLength).toBe(9)
  })

  it('is pinned by the headers of a mirror that has the files alone', async () => {
    hub.api = false
    const source = open()
    expect(await readText(source, 'modules.json')).not.toBeNull()
    hub.commits.push(second)
    expect((await load(source)).spec.query.maxLength).toBe(8)
    expect(source.address).toContain(commitOf(0))
  })

  it('is listed by commit and removed by name, by commit or as it is listed', async () => {
    hub.commits.push(second)
    const keep = async () => {
      await load(open(commitOf(0)))
      await load()
    }
    const revisions = async () => (await listModels(folderModels)).map(({ revision }) => revision).sort()
    await keep()
    const entries = await listModels(folderModels)
    const bytes = [...second.values()].reduce((sum, { length }) => sum + length, 0)
    expect(entries).toContainEqual({
      model: `${hub.address}/owner/small/resolve/${commitOf(1)}/`,
      name: 'owner/small',
      revision: commitOf(1),
      bytes,
    })
    expect(await revisions()).toEqual([commitOf(0), commitOf(1)].sort())
    await removeModel(folderModels, modelAddress(`owner/small@${commitOf(0)}`, hub.address))
    expect(await revisions()).toEqual([commitOf(1)])
    await removeModel(folderModels, entries.find(({ revision }) => revision === commitOf(1))!.model)
    expect(await revisions()).toEqual([])
    await keep()
    await removeModel(folderModels, modelAddress('owner/other', hub.address))
    expect(await revisions()).toHaveLength(2)
    await removeModel(folderModels, modelAddress('owner/small', hub.address))
    expect(await revisions()).toEqual([])
  })

  it.each([true, false])(
    'is refused with other bytes than the hub says, and they are not kept (listed: %s)',
    async (api) => {
      hub.api = api
      const weights = first.get('model.safetensors')!
      const other = weights.map((byte, i) => (i === weights.length - 9 ? byte ^ 1 : byte))
      hub.faults.set('model.safetensors', [{ other }])
      const failure = {
        code: 'INTEGRITY_MISMATCH',
        message: expect.stringContaining('model.safetensors of owner/small'),
      }
      await expect(load()).rejects.toMatchObject(failure)
      expect((await load()).spec.name).toBe('owner/small')
    },
  )

  it('is refused with too few bytes', async () => {
    const weights = first.get('model.safetensors')!
    hub.faults.set('model.safetensors', Array(9).fill({ other: weights.subarray(0, -8) }))
    await expect(load()).rejects.toMatchObject({ code: expect.stringMatching(/MODEL_FETCH_FAILED|INTEGRITY_MISMATCH/) })
  })

  it('is checked against the hashes of the caller, also when it is kept already', async () => {
    const config = sha256Of(first.get('config.json')!)
    await load(open('main', { 'config.json': config }))
    const wrong = open('main', { 'config.json': sha256Of(new Uint8Array(1)) })
    await expect(load(wrong)).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' })
    // The kept copy is gone, and comes back.
    await load(open('main', { 'config.json': config }))
    expect(hub.askedFor('config.json').length).toBeGreaterThan(1)
  })

  it('that is damaged where it is kept is refused, then fetched again', async () => {
    const loaded = await load()
    const key = `${hub.address}/owner/small/resolve/${commitOf(0)}/`
    const damaged = first.get('model.safetensors')!.slice()
    damaged[damaged.length - 1] ^= 1
    const sha256 = sha256Of(first.get('model.safetensors')!)
    const file = { size: damaged.length, sha256, body: new Blob([damaged]).stream() }
    await folderModels.put(key, 'model.safetensors', file, 'owner/small')
    await expect(load()).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' })
    expect(await load()).toEqual(loaded)
  })

  it('survives a cut connection; what was signed is asked for anew', async () => {
    hub.faults.set('model.safetensors', [{ cut: 700 }, { cut: 500 }])
    expect((await load()).spec.name).toBe('owner/small')
  })

  it.each([
    ['no such revision', 'owner/small@v9'],
    ['no such model, or a private one', 'owner/secret'],
  ])('says of %s that there is none', async (_, name) => {
    const source = hubSource(placeOnHub(modelAddress(name, hub.address))!, (each) => each)
    await expect(openCheckpoint(source)).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      message: expect.stringContaining('owner/s'),
      remedy: expect.stringContaining('name and revision'),
    })
    expect(await listModels(folderModels)).toEqual([])
  })

  it('is found on the next try', async () => {
    hub.api = false
    hub.faults.set('config.json', [{ status: 503 }])
    const source = open()
    await expect(source.open('config.json')).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
    expect(await readText(source, 'config.json')).not.toBeNull()
  })
})
