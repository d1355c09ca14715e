import { afterEach, expect, it } from 'vitest'
import { cachedSource } from '../../src/model/cache.ts'
import { webStore } from '../../src/model/cache-api.ts'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { type FileSource, urlSource } from '../../src/model/source.ts'
import { streamTensors } from '../../src/model/stream.ts'
import { checkpointFolder } from '../goldens/checkpoints.ts'

const KEY = 'test:pylate'

const listed = async () => (await webStore.list()).map(({ key }) => key)

afterEach(() => webStore.remove(KEY))

const load = async (source: FileSource) => streamTensors(await openCheckpoint(source), () => {})

it('a model comes back from the Cache API without its server', async () => {
  const source = cachedSource(urlSource(`/${checkpointFolder('pylate')}`), KEY)
  const hashes = await load(source)
  await source.settled()
  expect(await listed()).toContain(KEY)
  const offline = cachedSource({ name: 'gone', open: () => Promise.reject(new Error('offline')) }, KEY)
  expect([...(await load(offline))]).toEqual([...hashes])
  await webStore.remove(KEY)
  expect(await listed()).not.toContain(KEY)
  await expect(load(offline)).rejects.toThrow('offline')
})

it('an address without a host resolves against the document', async () => {
  const { spec, source } = await openCheckpoint(urlSource(`/${checkpointFolder('stanford')}`))
  expect([source.name, spec.style]).toEqual(['model', 'stanford'])
  await expect(openCheckpoint(urlSource('/test/nowhere/'))).rejects.toMatchObject({ code: 'MODEL_INVALID' })
})
