/** Node and the command line without a model argument. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { describeModel } from '../../scripts/describe-model.mjs'
import { folderStore } from '../../src/node/folder-store.ts'
import { createIndex, nodeEnvironment } from '../../src/node/index.ts'
import type { PackagedModel } from '../../src/search/default-model.ts'
import { Host } from '../../src/search/host.ts'
import { defaultModel } from '../../src/worker/default-model.ts'
import { gpuMissing } from '../gpu.ts'
import { call } from '../search/harness.ts'
import { cli } from './cli.ts'
import { modelFolder, readFolder, temporaryFolder, writeFiles } from './folder.ts'

const DOCUMENTS = {
  'brakes.txt': 'Brakes squeal when the pads are dirty and wet.',
  'sea.md': 'The sea carries the sand.',
}

/** Another version of the package, as far as its model goes. */
async function otherVersion(folder: string): Promise<PackagedModel> {
  const model = modelFolder('stanford')
  const { fingerprint, list, pin, weights } = await describeModel(model)
  await writeFiles(folder, { 'files.json': list })
  const address = (file: string) => pathToFileURL(file).href
  const urls = Object.fromEntries(weights.map((path) => [path, address(join(model, path))]))
  return {
    name: defaultModel().name,
    fingerprint,
    files: { list: { url: address(join(folder, 'files.json')), ...pin }, urls },
  }
}

describe.skipIf(await gpuMissing())('without a model', () => {
  it('texts are encoded and scored with the one of the package', async () => {
    const file = join(await temporaryFolder(), 'docs.jsonl')
    await writeFiles(join(file, '..'), { 'docs.jsonl': '{"id":"a","text":"The sea carries the sand."}\n' })
    for (const args of [
      ['encode', '--query', 'old lamp'],
      ['score', '--query', 'sand', '--file', file],
    ]) {
      const { code, lines, notes } = await cli(...args)
      expect(code, notes).toBe(0)
      expect(lines).toEqual((await cli(...args, '--model', modelFolder('pylate'))).lines)
    }
  })

  it('an index is made and searched with it, and names no place of this computer', async () => {
    const folder = await temporaryFolder()
    const out = join(folder, 'index')
    await writeFiles(join(folder, 'documents'), DOCUMENTS)
    const made = await cli('index', join(folder, 'documents'), '--out', out)
    expect(made.code, made.notes).toBe(0)
    expect(made.lines[0]).toMatchObject({ documents: 2, model: { name: 'maxsift-small-en' } })
    expect(made.lines[0].model.fingerprint).toBe(defaultModel().fingerprint)
    expect(await readFile(join(out, 'manifest.json'), 'utf8')).toContain('"source":"default:maxsift-small-en"')
    const before = await readFolder(out)
    const [{ hits }] = (await cli('search', out, 'dirty pads')).lines
    expect(hits).toHaveLength(2)
    expect((await cli('search', out, 'dirty pads', '--model', modelFolder('pylate'))).lines[0].hits).toEqual(hits)
    expect((await cli('index', join(folder, 'documents'), '--out', out)).lines[0]).toMatchObject({ unchanged: 2 })
    expect(await readFolder(out)).toEqual(before)
    // The same through the API.
    const index = await createIndex({ source: out })
    expect((await index.search('dirty pads')).hits.map(({ id, score }) => [id, score])).toEqual(
      hits.map(({ id, score }: { id: string; score: number }) => [id, score]),
    )
    await index.close()
  })

  it('an index in memory takes it too', async () => {
    const index = await createIndex({ store: 'memory' })
    await index.add([{ id: 'a', text: 'The sea carries the sand.' }])
    expect((await index.search('sand')).hits.map(({ id }) => id)).toEqual(['a'])
    expect((await index.info()).model.name).toBe('maxsift-small-en')
    await index.close()
  })

  it('an index by the model of another version is refused by name, and stays as it is', async () => {
    const folder = await temporaryFolder()
    const out = join(folder, 'index')
    await writeFiles(join(folder, 'documents'), DOCUMENTS)
    const other = await otherVersion(folder)
    const older = new Host({ ...nodeEnvironment, store: async () => ({ store: folderStore(out) }) })
    const options = { name: 'index', store: 'memory', codec: 'int8', splitPassages: true } as const
    const { handle, info } = await older.open(call(), { ...options, defaultModel: other })
    expect(info.model.fingerprint).toBe(other.fingerprint)
    await older.add(call([{ id: 'brakes.txt', text: DOCUMENTS['brakes.txt'] }]), handle)
    await older.close(call(), handle)
    const before = await readFolder(out)
    for (const args of [
      ['search', out, 'pads'],
      ['index', join(folder, 'documents'), '--out', out],
    ]) {
      const { code, notes } = await cli(...args)
      expect(code).toBe(1)
      expect(notes).toContain('MODEL_MISMATCH: The index was built with the model maxsift-small-en')
      expect(notes).toContain('add its documents again')
    }
    expect(await readFolder(out)).toEqual(before)
    // Who still has it may name it.
    const named = await cli('search', out, 'pads', '--model', modelFolder('stanford'))
    expect(named.lines[0].hits).toHaveLength(1)
  })
})
