import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { folderStore } from '../../src/node/folder-store.ts'
import { addSegment, deleteDocuments, type Store, update } from '../../src/store/index.ts'
import { refsOf } from '../../src/store/manifest.ts'
import { contents, type Doc, empty, segmentOf, shown } from './helpers.ts'

/** What the file system does before each step that changes something. */
let beforeStep: (name: string, path: string) => void = () => {}

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>()
  const stepping = (name: 'open' | 'rename' | 'mkdir' | 'rm') => {
    const run = fs[name] as (...args: unknown[]) => Promise<unknown>
    return async (...args: unknown[]) => {
      beforeStep(name, String(args[0]))
      return run(...args)
    }
  }
  return { ...fs, open: stepping('open'), rename: stepping('rename'), mkdir: stepping('mkdir'), rm: stepping('rm') }
})

const A: Doc = { id: 'a', text: 'abc', passages: [4, 5] }
const B: Doc = { id: 'b', text: 'def', passages: [2] }

let path: string
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'maxsift-folder-'))
})
afterEach(async () => {
  beforeStep = () => {}
  await rm(path, { recursive: true, force: true })
})

async function add(store: Store, doc: Doc, now = 0) {
  const change = async (current: Awaited<ReturnType<Store['manifest']>>) => {
    const { segment, put } = await segmentOf(current ?? empty(), [doc])
    return { manifest: addSegment(current ?? empty(), segment), put }
  }
  return (await update(store, change, { now }))!
}

async function files(folder = path) {
  return (await readdir(folder, { recursive: true })).filter((name) => /\.(json|bin|tmp|lock|break)$/.test(name)).sort()
}

test('equal input gives equal files, and other files are left alone', async () => {
  const other = join(path, 'other')
  const [one, two] = [folderStore(join(path, 'one')), folderStore(other)]
  for (const store of [one, two]) {
    await add(store, A)
    await add(store, B)
  }
  expect(await files(join(path, 'one'))).toEqual(await files(other))
  for (const name of await files(other)) {
    expect(await readFile(join(other, name))).toEqual(await readFile(join(path, 'one', name)))
  }
  await writeFile(join(other, 'index.html'), 'mine')
  await writeFile(join(other, 'blobs', 'mine.json'), 'mine')
  await add(two, { id: 'c', text: '' })
  await two.destroy()
  expect((await readdir(other, { recursive: true })).sort()).toEqual(
    ['blobs', 'blobs/mine.json', 'index.html'].map((name) => join(name)),
  )
  await one.destroy()
  expect(await readdir(path)).toEqual(['other'])
})

describe('a commit that fails at any step', () => {
  test.each([
    ['ENOSPC', 'STORE_QUOTA'],
    ['EIO', 'STORE_LOST'],
  ])('with %s is %s, and leaves the old or the new index', async (errno, code) => {
    const store = folderStore(path)
    await add(store, A)
    let failed = 0
    for (let step = 0; ; step++) {
      const before = (await store.manifest())!
      let steps = 0
      beforeStep = (name, file) => {
        if (steps++ === step) throw Object.assign(new Error(`${errno}: ${name} ${file}`), { errno: -1, code: errno })
      }
      // Replaces the only document, so that blobs are dropped too.
      const { segment, put } = await segmentOf(before, [{ ...B, text: `step ${step}` }])
      const added = addSegment(before, segment)
      const manifest = { ...deleteDocuments(added, before.segments[0].id, [0]), generation: before.generation + 1 }
      const error = await store.commit({ base: before.generation, manifest, put }).then(
        () => null,
        (caught) => caught,
      )
      beforeStep = () => {}
      if (error) {
        failed++
        expect(error).toMatchObject({ code, message: expect.stringContaining(errno) })
      }
      const after = (await folderStore(path).manifest())!
      expect([before, manifest]).toContainEqual(after)
      if (!error) expect(after).toEqual(manifest)
      expect((await contents(store, after)).length).toBe(1)
      // A lock that could not be removed is this process's own, so it would be waited for.
      await rm(join(path, '.lock'), { force: true })
      if (steps <= step) break
    }
    expect(failed).toBeGreaterThan(8)
    const last = await add(store, A)
    expect(await files()).toEqual(
      [...[...refsOf(last).keys()].map((name) => join('blobs', name)), 'manifest.json'].sort(),
    )
  })
})

test('a folder that cannot be one is STORE_LOST', async () => {
  await writeFile(join(path, 'file'), '')
  const store = folderStore(join(path, 'file', 'index'))
  expect(await store.manifest()).toBeNull()
  await expect(add(store, A)).rejects.toMatchObject({ code: 'STORE_LOST', remedy: expect.stringContaining('path') })
  expect(() => folderStore('')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
})

test('a foreign or damaged manifest is INVALID_INDEX_FILE, naming the file', async () => {
  const store = folderStore(path)
  await add(store, A)
  const file = join(path, 'manifest.json')
  const json = await readFile(file, 'utf8')
  for (const text of ['{}', json.slice(0, -9), json.replace('"documents":1', '"documents":2')]) {
    await writeFile(file, text)
    await expect(store.manifest()).rejects.toMatchObject({
      code: 'INVALID_INDEX_FILE',
      message: expect.stringContaining(file),
    })
  }
})

describe('lock', () => {
  test('of a living process is waited for, then STORE_BLOCKED', async () => {
    const store = folderStore(path, { patience: 100 })
    await add(store, A)
    await writeFile(join(path, '.lock'), String(process.pid))
    await expect(add(store, B)).rejects.toMatchObject({
      code: 'STORE_BLOCKED',
      remedy: expect.stringContaining('delete'),
    })
    await expect(store.commit({ base: 1, manifest: empty(), put: [] }, AbortSignal.timeout(30))).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    const waiting = add(folderStore(path), B)
    setTimeout(() => rm(join(path, '.lock')), 50)
    expect((await waiting).generation).toBe(2)
  })

  test('of a process that is gone is taken over, by one of several', async () => {
    const gone = spawn(process.execPath, ['-e', ''])
    await new Promise((done) => gone.on('exit', done))
    await add(folderStore(path), A)
    await writeFile(join(path, '.lock'), String(gone.pid))
    const docs = [0, 1, 2, 3].map((i) => ({ id: `d${i}`, text: `t${i}` }))
    await Promise.all(docs.map((doc) => add(folderStore(path), doc)))
    const store = folderStore(path)
    const manifest = await store.manifest()
    expect(manifest?.generation).toBe(5)
    expect((await contents(store, manifest)).map(({ id }) => id).sort()).toEqual(['a', 'd0', 'd1', 'd2', 'd3'])
    expect(await readdir(path)).not.toContain('.lock')
  })
})

test('a process killed while it commits leaves a whole index, which the next one goes on with', async () => {
  const outDir = join(path, 'bundle')
  await build({
    logLevel: 'error',
    configFile: false,
    build: { outDir, ssr: join(import.meta.dirname, 'fixtures/commit-forever.ts'), minify: false, target: 'node20' },
  })
  const [script] = (await readdir(outDir)).filter((name) => name.startsWith('commit-forever'))
  const folder = join(path, 'index')
  let reached = 0
  for (let kill = 0; kill < 6; kill++) {
    const child = spawn(process.execPath, [join(outDir, script), folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const printed = await killAfter(child, 3, kill * 3)
    const store = folderStore(folder)
    const manifest = (await store.manifest())!
    expect(manifest.generation).toBeGreaterThanOrEqual(printed)
    expect(manifest.generation).toBeGreaterThan(reached)
    reached = manifest.generation
    const text = `of ${reached - 1}`
    expect(await contents(store, manifest)).toEqual([shown({ id: 'd', text, passages: [reached] })])
  }
  // What the killed processes left is gone after one more commit.
  const last = await add(folderStore(folder), A)
  expect((await readdir(join(folder, 'blobs'))).sort()).toEqual([...refsOf(last).keys()].sort())
}, 60_000)

/** Kills the child some milliseconds after it printed so many lines; gives the last number that it printed. */
async function killAfter(child: ChildProcess, lines: number, milliseconds: number): Promise<number> {
  let output = ''
  child.stdout!.on('data', (data) => {
    output += data
  })
  await vi.waitFor(() => expect(output.split('\n').length).toBeGreaterThan(lines), { timeout: 20_000, interval: 1 })
  await new Promise((done) => setTimeout(done, milliseconds))
  const exit = new Promise((done) => child.on('exit', done))
  child.kill('SIGKILL')
  await exit
  return Number(output.trim().split('\n').at(-1))
}
