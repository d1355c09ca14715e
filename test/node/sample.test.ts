/** The index of the project's own docs, in git for the demo. Where this fails: npm run sample. */
import { expect, it } from 'vitest'
import { describeModel } from '../../scripts/describe-model.mjs'
import { DEFAULT_MODEL } from '../../scripts/model-plugin.mjs'
import { SAMPLE, sampleModel, stageSample } from '../../scripts/sample.mjs'
import { hashes } from '../../src/node/commands/index.ts'
import { listFiles, readCorpus } from '../../src/node/corpus.ts'
import { folderStore } from '../../src/node/folder-store.ts'
import { readDocument } from '../../src/search/documents.ts'
import { temporaryFolder } from './folder.ts'

const { signal } = new AbortController()
const store = folderStore(SAMPLE)

it('holds the docs as they are now', async () => {
  const folder = await temporaryFolder()
  stageSample(folder)
  const now = new Map<string, string>()
  const fail = (path: string, why: string) => expect.fail(`${path} ${why}`)
  for await (const document of readCorpus(await listFiles([folder], SAMPLE, fail), fail, signal, () => undefined)) {
    const { id, hash, text } = await readDocument(document, now.size)
    expect(text.length, id).toBeGreaterThan(100)
    now.set(id, hash)
  }
  expect([...now.keys()]).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'docs/guide/hosting.md']))
  expect(Object.fromEntries(await hashes(store, signal)), 'npm run sample').toEqual(Object.fromEntries(now))
})

it('was made with the default model, in int8, with nothing left to encode', async () => {
  const manifest = (await store.manifest())!
  expect(sampleModel()).toBe(manifest.model.fingerprint)
  expect(manifest.model).toMatchObject({ name: 'maxsift-small-en', source: 'default:maxsift-small-en' })
  expect(manifest.codec.id).toBe('int8')
  expect(manifest.pending).toEqual([])
  expect(manifest.model.fingerprint, 'npm run sample').toBe((await describeModel(DEFAULT_MODEL)).fingerprint)
})
