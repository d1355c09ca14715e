import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeModel } from '../../scripts/describe-model.mjs'
import { describe as describeFolder } from '../../scripts/model-plugin.mjs'
import type { BundledList } from '../../src/model/bundled.ts'
import { defaultModel } from '../../src/worker/default-model.ts'
import { readCheckpoint } from '../goldens/checkpoints.ts'
import { type Files, json } from './files.ts'

const stand = resolve(import.meta.dirname, '../goldens/pylate/model')
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maxsift-model-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function written(name: string, files: Files): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(join(folder, name, path, '..'), { recursive: true })
    await writeFile(join(folder, name, path), bytes)
  }
  return join(folder, name)
}

it('says what the engine reads of a checkpoint, and nothing of what else lies there', async () => {
  const files = new Map(await readCheckpoint('pylate'))
  files.set('README.md', json('card'))
  files.set('vocab.txt', json('of no use beside tokenizer.json'))
  const { fingerprint, list, pin, weights } = await describeModel(await written('all', files))
  const own = defaultModel()
  expect(fingerprint).toBe(own.fingerprint)
  expect(pin.bytes).toBe(Buffer.byteLength(list))
  expect(own.files!.list).toMatchObject(pin)
  const { texts, pins } = JSON.parse(list) as BundledList
  const heads = ['1_Dense/', '2_Dense/', '3_Dense/']
  expect(weights).toEqual([...heads, ''].map((head) => `${head}model.safetensors`))
  expect(Object.keys(own.files!.urls)).toEqual(weights)
  expect(Object.keys(pins)).toEqual(weights)
  for (const path of weights) expect(pins[path].bytes).toBe(files.get(path)!.length)
  const names = ['config_sentence_transformers', 'modules', 'sentence_bert_config', 'tokenizer', 'tokenizer_config']
  expect(Object.keys(texts)).toEqual([
    ...[...heads, ''].map((head) => `${head}config.json`),
    ...names.map((n) => `${n}.json`),
  ])
  for (const [path, text] of Object.entries(texts)) expect(text).toBe(new TextDecoder().decode(files.get(path)))
})

it('the build says what is missing', async () => {
  await expect(describeFolder(join(folder, 'none'))).rejects.toThrow(
    /A model of the package is missing: there is no .*none/,
  )
  const files = await readCheckpoint('pylate')
  for (const path of ['config.json', 'tokenizer.json', 'model.safetensors', '1_Dense/model.safetensors']) {
    const rest = new Map([...files].filter(([name]) => name !== path))
    const name = `without-${path.replace('/', '-')}`
    await expect(describeFolder(await written(name, rest))).rejects.toThrow(/cannot be a model of the package: .*/)
  }
  const weights = files.get('model.safetensors')!
  const cut = new Map([...files, ['model.safetensors', weights.slice(0, -4)]])
  await expect(describeFolder(await written('cut', cut))).rejects.toThrow(
    /cannot be a model of the package: .*safetensors/,
  )
})

it('refuses weights that bundlers would put into an address', async () => {
  const golden = resolve(stand, '../../answerai/model')
  await expect(describeFolder(golden)).rejects.toThrow('1_Dense/model.safetensors is so small')
})
