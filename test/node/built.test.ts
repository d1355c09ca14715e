import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { defaultModel } from '../../scripts/model-plugin.mjs'
import { wgsl } from '../../scripts/wgsl-plugin.mjs'
import { gpuMissing } from '../gpu.ts'
import { modelFolder, writeFiles } from './folder.ts'

const root = resolve(import.meta.dirname, '../..')
const model = modelFolder('pylate')
let folder: string

// Built far from node_modules, so that it stands alone as after an install: without the package webgpu.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'maxsift-built-'))
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [wgsl(), defaultModel({ folder: model })],
    ssr: { noExternal: true },
    build: {
      ssr: true,
      target: 'node20',
      outDir: join(folder, 'dist'),
      copyPublicDir: false,
      rolldownOptions: {
        input: { cli: join(root, 'src/node/cli.ts'), node: join(root, 'src/node/index.ts') },
        external: [/^node:/],
      },
    },
  })
  await writeFile(
    join(folder, 'package.json'),
    '{"name":"maxsift","version":"9.8.7","type":"module","exports":{"./package.json":"./package.json"}}',
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function start(args: string[], { cwd = root, env = {}, script = 'dist/cli.js' } = {}) {
  const child = spawn(process.execPath, [join(folder, script), ...args], { cwd, env: { ...process.env, ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((done) =>
    child.on('close', (code) => done({ code, stdout, stderr })),
  )
  return { child, ended }
}
const command = (args: string[], options = {}) => start(args, options).ended

describe('the built command', () => {
  it('prints its version, and help', async () => {
    expect(await command(['--version'])).toMatchObject({ code: 0, stdout: '9.8.7\n', stderr: '' })
    expect(await command(['--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('maxsift score'),
      stderr: '',
    })
    expect(await command([])).toMatchObject({ code: 2, stdout: '' })
  })

  it('names the install command without the package webgpu', async () => {
    const { code, stdout, stderr } = await command(['encode', '--query', '--model', model, 'x'], { cwd: folder })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('WEBGPU_UNAVAILABLE (no-api)')
    expect(stderr).toContain('npm install webgpu')
  })

  it('says so when the package is broken', async () => {
    const cwd = join(folder, 'broken')
    await writeFiles(cwd, {
      'node_modules/webgpu/package.json': '{"main":"index.js","type":"module"}',
      'node_modules/webgpu/index.js': 'throw new Error("no binary")',
    })
    const { code, stderr } = await command(['encode', '--query', '--model', model, 'x'], { cwd })
    expect(code).toBe(1)
    expect(stderr).toContain('no binary')
    expect(stderr).toContain('npm install webgpu')
  })
})

describe.skipIf(await gpuMissing())('the built command, with a GPU', () => {
  it.skipIf(process.platform !== 'linux')('names the remedy without a driver', async () => {
    const env = { VK_ICD_FILENAMES: '/nonexistent', VK_DRIVER_FILES: '/nonexistent' }
    const { code, stdout, stderr } = await command(['encode', '--query', '--model', model, 'x'], { env })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('WEBGPU_UNAVAILABLE (no-adapter)')
    expect(stderr).toContain('apt install mesa-vulkan-drivers')
  })

  it('encodes with the webgpu of the current folder, or with one beside it', async () => {
    const args = ['encode', '--query', '--model', model, 'old lamp']
    const { code, stdout, stderr } = await command(args)
    expect(code, stderr).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ text: 'old lamp', dim: 48, truncated: false })
    expect(stderr).toContain('Backend: webgpu')
    const beside = join(folder, 'node_modules')
    await symlink(join(root, 'node_modules'), beside, 'junction')
    expect(await command(args, { cwd: tmpdir() })).toMatchObject({ code: 0, stdout })
    await rm(beside)
  })

  it('is quiet when nobody reads on', async () => {
    const texts = join(folder, 'texts.jsonl')
    await writeFile(texts, '"The sea carries the sand."\n'.repeat(5_000))
    const { child, ended } = start(['encode', '--document', '--model', model, '--file', texts])
    child.stdout!.once('data', () => child.stdout!.destroy())
    const { code, stderr } = await ended
    expect(code).toBe(0)
    expect(stderr).not.toMatch(/EPIPE|Error/)
  })

  it.skipIf(process.platform === 'win32')('an interrupt leaves a searchable index', async () => {
    const documents = join(folder, 'many.jsonl')
    const lines = Array.from({ length: 20_000 }, (_, i) =>
      JSON.stringify({ id: `n${i}`, text: `Number ${i} of the sea.` }),
    )
    await writeFile(documents, lines.join('\n'))
    const out = join(folder, 'index')
    const { child, ended } = start(['index', documents, '--out', out, '--model', model])
    await said(child, 'Encoding: ')
    child.kill('SIGINT')
    const { code, stdout, stderr } = await ended
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain('what was committed stays')
    const search = await command(['search', out, 'the sea', '--limit', '1'])
    expect(search.code, search.stderr).toBe(0)
    expect(JSON.parse(search.stdout).hits).toHaveLength(1)
  })

  it('a program that closes its index ends by itself', async () => {
    await writeFile(
      join(folder, 'program.mjs'),
      `import { createIndex } from './dist/node.js'
      const index = await createIndex({ store: 'memory', model: process.argv[2] })
      await index.add([{ id: 'a', text: 'The sea carries the sand.' }])
      console.log((await index.search('sea')).hits[0].id)
      await index.close()`,
    )
    const { code, stdout, stderr } = await command([model], { script: 'program.mjs' })
    expect(code, stderr).toBe(0)
    expect(stdout).toBe('a\n')
  })
})

/** Waits until a program has written this to its standard error. */
function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((done, fail) => {
    let all = ''
    child.stderr!.on('data', (chunk) => {
      all += chunk
      if (all.includes(text)) done()
    })
    child.on('close', () => fail(new Error(`it ended without "${text}":\n${all}`)))
  })
}
