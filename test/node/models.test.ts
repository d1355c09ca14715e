/** Models by name in Node: the command line, the API, and the folder that keeps them. */
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createIndex, importIndex, listModels, removeModel } from '../../src/node/index.ts'
import { cacheFolder, folderModels } from '../../src/node/model-folder.ts'
import { locateModel } from '../../src/node/models.ts'
import { readCheckpoint } from '../goldens/checkpoints.ts'
import { loadReranker } from '../goldens/rerankers.ts'
import { gpuMissing } from '../gpu.ts'
import { commitOf, HubServer } from '../model/hub-server.ts'
import { cli } from './cli.ts'
import { modelFolder, readFolder, temporaryFolder, writeFiles } from './folder.ts'

let cache: string
beforeEach(async () => {
  cache = await temporaryFolder()
  vi.stubEnv('MAXSIFT_CACHE', cache)
})
afterEach(() => vi.unstubAllEnvs())

describe('what names a model', () => {
  it('is a folder that is there, a path, an address, or a name on the hub', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'owner', 'small'), { recursive: true })
    vi.spyOn(process, 'cwd').mockReturnValue(folder)
    expect(locateModel('owner/small')).toBe(join(folder, 'owner', 'small'))
    expect(locateModel('./owner/other')).toBe(join(folder, 'owner', 'other'))
    expect(locateModel('owner/other')).toBe('https://huggingface.co/owner/other/resolve/main/')
    expect(locateModel('https://site.test/m')).toBe('https://site.test/m')
    vi.stubEnv('HF_ENDPOINT', 'https://mirror.test')
    expect(locateModel('owner/other@v1')).toBe('https://mirror.test/owner/other/resolve/v1/')
    expect(locateModel('owner/other', 'https://own.test/')).toBe('https://own.test/owner/other/resolve/main/')
    for (const wrong of ['nowhere', 'a/b/c']) {
      expect(() => locateModel(wrong)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    }
    vi.restoreAllMocks()
  })
})

describe('the folder of models', () => {
  const file = (text: string) => ({ size: text.length, body: new Blob([text]).stream() })
  const read = async (key: string, path: string) => {
    const found = await folderModels.open(key, path)
    return found && new Response(found.body).text()
  }

  it('lies where the environment says', () => {
    expect(cacheFolder()).toBe(cache)
    vi.stubEnv('MAXSIFT_CACHE', '')
    vi.stubEnv('XDG_CACHE_HOME', '/somewhere')
    expect(cacheFolder()).toBe(join('/somewhere', 'maxsift'))
  })

  it('keeps models of like keys apart, and what they lack', async () => {
    await folderModels.put('https://a/b', 'x/y.json', file('one'), 'b')
    await folderModels.put('https://a-b', 'x/y.json', file('two'), 'b')
    await folderModels.put('https://a/b', 'z', null, 'b')
    expect(await read('https://a/b', 'x/y.json')).toBe('one')
    expect(await read('https://a-b', 'x/y.json')).toBe('two')
    expect(await read('https://a/b', 'z')).toBeNull()
    expect(await read('https://a/b', 'unknown')).toBeUndefined()
    expect((await folderModels.list()).map(({ key, files }) => [key, [...files]]).sort()).toEqual([
      ['https://a-b', [['x/y.json', { bytes: 3 }]]],
      ['https://a/b', [['x/y.json', { bytes: 3 }]]],
    ])
    await folderModels.remove('https://a/b')
    expect((await folderModels.list()).map(({ key }) => key)).toEqual(['https://a-b'])
  })

  it('has whole files alone: what breaks off leaves nothing, two writers leave one', async () => {
    let pulls = 0
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (++pulls === 5) controller.error(new Error('cut'))
        else controller.enqueue(new Uint8Array(100))
      },
    })
    await expect(folderModels.put('k', 'm', { size: 1000, body: broken }, 'k')).rejects.toThrow()
    expect(await read('k', 'm')).toBeUndefined()
    const long = 'x'.repeat(500_000)
    await Promise.all([folderModels.put('k', 'm', file(long), 'k'), folderModels.put('k', 'm', file(long), 'k')])
    expect(await read('k', 'm')).toBe(long)
    expect(Object.keys(await readFolder(cache)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('is rid of what killed processes left', async () => {
    await folderModels.put('k', 'm', file('1'), 'k')
    const [folder] = await readdir(join(cache, 'models'))
    const left = join(cache, 'models', folder, 'files', 'm.1.tmp')
    await writeFile(left, 'part')
    await utimes(left, 1, 1)
    expect((await folderModels.list())[0].files.size).toBe(1)
    await folderModels.put('k', 'other', file('1'), 'k')
    expect(Object.keys(await readFolder(cache)).some((name) => name.endsWith('.tmp'))).toBe(false)
  })

  it('never writes beside itself', async () => {
    await folderModels.put('k', '../../../escaped', file('1'), 'k')
    expect(Object.keys(await readFolder(cache))).toEqual([])
  })
})

describe.skipIf(await gpuMissing())('a model by its name', () => {
  let hub: HubServer
  beforeEach(async () => {
    hub = await HubServer.start(await readCheckpoint('pylate'))
    vi.stubEnv('HF_ENDPOINT', hub.address)
  })
  afterEach(() => hub.stop())

  it('encodes on the command line, is listed there, works without the hub, and is removed', async () => {
    const encode = () => cli('encode', '--query', 'old lamp', '--model', 'owner/small')
    const { code, lines, notes } = await encode()
    expect(code, notes).toBe(0)
    expect(lines).toEqual((await cli('encode', '--query', 'old lamp', '--model', modelFolder('pylate'))).lines)
    const listed = await cli('models')
    expect(listed.lines).toMatchObject([{ name: 'owner/small', revision: commitOf(0), bytes: expect.any(Number) }])
    hub.stop()
    expect((await encode()).lines).toEqual(lines)
    expect((await cli('models', 'remove', 'owner/small')).lines).toEqual(listed.lines)
    expect((await cli('models')).lines).toEqual([])
    expect(await encode()).toMatchObject({ code: 1, notes: expect.stringContaining('MODEL_FETCH_FAILED') })
    expect((await cli('models', 'remove')).code).toBe(2)
    expect((await cli('models', 'clean')).code).toBe(2)
  })

  it('builds an index that stays with its commit when main moves on', async () => {
    const folder = await temporaryFolder()
    const out = join(folder, 'index')
    await writeFiles(join(folder, 'documents'), { 'sea.md': 'The sea carries the sand.' })
    const made = await cli('index', join(folder, 'documents'), '--out', out, '--model', 'owner/small')
    expect(made.code, made.notes).toBe(0)
    hub.commits.push(await readCheckpoint('stanford'))
    await removeModel('owner/small')
    expect(await listModels()).toEqual([])
    for (const model of [[], ['--model', 'owner/small'], ['--model', modelFolder('pylate')]]) {
      const found = await cli('search', out, 'sand', ...model)
      expect(found.code, found.notes).toBe(0)
      expect(found.lines[0].hits).toHaveLength(1)
    }
    const index = await createIndex({ source: out, model: 'owner/small' })
    expect((await index.info()).model.name).toBe('owner/small')
    await index.close()
    // Who names another revision means that one.
    const other = await cli('search', out, 'sand', '--model', `owner/small@${commitOf(1)}`)
    expect(other).toMatchObject({ code: 1, notes: expect.stringContaining('MODEL_MISMATCH') })
  })

  it('reranks, and so does a folder by its bare path', async () => {
    const { pairs, files } = await loadReranker('reranker-bert')
    hub.commits.push(files)
    const { query, document: text, score } = pairs.find(({ query, document }) => query && document)!
    const index = await createIndex({ store: 'memory', model: modelFolder('pylate'), splitPassages: false })
    await index.add([{ id: 'a', text }])
    const { hits } = await index.search(query)
    const scoreBy = async (model: string, other = {}) =>
      (await index.rerank(query, hits, { model, ...other }))[0].rerank
    expect(await scoreBy('test/goldens/reranker-bert/model')).toBeCloseTo(score, 4)
    expect(await scoreBy('owner/small')).toBeCloseTo(score, 4)
    expect(hub.asked.some((path) => path.includes(`${commitOf(1)}/model.safetensors`))).toBe(true)
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:9')
    expect(await scoreBy('owner/small', { hub: hub.address })).toBeCloseTo(score, 4)
    await expect(scoreBy('nowhere')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(index.rerank(query, hits, undefined as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const copy = await importIndex(await index.export(), { model: modelFolder('pylate') })
    expect(await copy.rerank(query, hits, { model: './test/goldens/reranker-bert/model' })).toHaveLength(1)
    await copy.close()
    await index.close()
  })

  it('is checked against the hashes that the caller gives', async () => {
    const wrong = { 'model.safetensors': `sha256-${'A'.repeat(43)}=` }
    const options = { store: 'memory', model: 'owner/small' } as const
    await expect(createIndex({ ...options, integrity: wrong })).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' })
    const folder = { ...options, model: modelFolder('pylate') }
    await expect(createIndex({ ...folder, integrity: wrong })).rejects.toMatchObject({ code: 'INTEGRITY_MISMATCH' })
    const unknown = { 'model.safetensor': `sha256-${'A'.repeat(43)}=` }
    await expect(createIndex({ ...options, integrity: unknown })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('model.safetensor,'),
    })
  })
})
