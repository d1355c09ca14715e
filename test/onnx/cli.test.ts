import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { loadGolden } from '../goldens/checkpoints.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { cli } from '../node/cli.ts'
import { modelFolder, readFolder, temporaryFolder, writeFiles } from '../node/folder.ts'
import { onnxFolder, onnxMissing } from './runtime.ts'

const missing = await onnxMissing()
const noGpu = await gpuMissing()
const home = process.cwd()
afterEach(() => process.chdir(home))

const DOCUMENTS = {
  'docs/moons.md': '# Moons\n\nJupiter has four bright moons.\n',
  'docs/bread.md': '# Bread\n\nBread needs time, warmth and a little salt.\n',
  'docs/trains.txt': 'The last train leaves at half past ten on Sunday.\n',
}

describe.skipIf(missing)(`the command line on ONNX Runtime${missing ? ` — ${missing}` : ''}`, () => {
  /** The packages of the current folder are found, as those of a project that `npx maxsift` is called in. */
  const enter = async () => process.chdir((await onnxFolder())!)

  it('encode and score equal the goldens', async () => {
    await enter()
    const model = modelFolder('pylate')
    const { queries, documents, scores } = await loadGolden('pylate')
    const file = join(await temporaryFolder(), 'texts.jsonl')
    await writeFile(file, documents.map(({ text }, i) => `${JSON.stringify({ id: `d${i}`, text })}\n`).join(''))
    const encoded = await cli('encode', '--document', '--file', file, '--model', model, '--backend', 'onnx')
    expect(encoded.code, encoded.notes).toBe(0)
    expect(encoded.notes).toMatch(/Backend: onnx, ONNX Runtime 1\.\d+\.\d+, CPU/)
    for (const [d, { kept, vectors }] of documents.entries()) {
      expect(encoded.lines[d].kept).toEqual(kept)
      const flat: number[] = encoded.lines[d].vectors.flat()
      for (const [i, value] of flat.entries()) expect(Math.abs(value - vectors[i])).toBeLessThan(2e-5)
    }
    const scored = await cli('score', '--query', queries[0].text, '--file', file, '--model', model, '--backend', 'onnx')
    for (const [d, { score }] of scored.lines.entries()) expect(Math.abs(score - scores[0][d])).toBeLessThan(1e-4)
  })

  it('index and search; the same input gives the same bytes', async () => {
    await enter()
    const folder = await temporaryFolder()
    await writeFiles(folder, DOCUMENTS)
    const made = []
    for (const name of ['one', 'two']) {
      const out = join(folder, name)
      const args = [join(folder, 'docs'), '--out', out, '--model', modelFolder('pylate'), '--backend', 'onnx']
      const { code, lines, notes } = await cli('index', ...args)
      expect(code, notes).toBe(0)
      expect(lines[0]).toMatchObject({ added: 3, backend: 'onnx', adapter: expect.stringMatching(/^ONNX Runtime/) })
      made.push(await readFolder(out))
    }
    expect(made[1]).toEqual(made[0])
    const search = (backend: string) =>
      cli('search', join(folder, 'one'), 'moons of Jupiter', '--explain', '--backend', backend)
    const { lines, notes } = await search('onnx')
    expect(lines[0], notes).toMatchObject({ total: 3, mode: 'semantic', backend: 'onnx' })
    const shares: number[] = lines[0].hits[0].explain.map(({ share }: { share: number }) => share)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(lines[0].hits[0].score, 4)
    if (noGpu) return
    const other = (await search('webgpu')).lines[0]
    expect(other.backend).toBe('webgpu')
    expect(other.hits.map(({ id }: { id: string }) => id)).toEqual(lines[0].hits.map(({ id }: { id: string }) => id))
    const { caps } = await openDevice()
    expect((await search('auto')).lines[0].backend).toBe(caps.fallback ? 'onnx' : 'webgpu')
  })
})

it('without the package it says what to install', async () => {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'empty'))
  process.chdir(join(folder, 'empty'))
  const { code, notes } = await cli(
    'encode',
    '--query',
    'text',
    '--model',
    modelFolder('stanford'),
    '--backend',
    'onnx',
  )
  expect(code).toBe(1)
  expect(notes).toContain('ONNX_UNAVAILABLE')
  expect(notes).toContain('npm install onnxruntime-node')
})

it('a package that cannot be loaded is named, with its fault', async () => {
  const folder = await temporaryFolder()
  await writeFiles(folder, {
    'node_modules/onnxruntime-node/package.json': '{ "main": "index.js" }',
    'node_modules/onnxruntime-node/index.js': 'throw new Error("no binary for this machine")',
  })
  process.chdir(folder)
  const { code, notes } = await cli(
    'encode',
    '--query',
    'text',
    '--model',
    modelFolder('stanford'),
    '--backend',
    'onnx',
  )
  expect(code).toBe(1)
  expect(notes).toContain('no binary for this machine')
  expect(notes).toContain(`${process.platform}-${process.arch}`)
})
