/** The package as its users get it: packed, installed into empty projects, bundled by what they use, opened. */
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../scripts/chromium.mjs'
import { root } from '../../scripts/run.mjs'
import { type Golden, loadGolden } from '../goldens/checkpoints.ts'
import { closeBrowser, type Outcome, PROGRAM, page, visit } from './page.ts'
import { makeProject, pack, removeProjects } from './project.ts'

const missing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')
const because = missing ? ` — ${missing}` : ''

let tarball: string
let golden: Golden
let texts: { documents: { id: string; text: string }[]; query: string }

beforeAll(async () => {
  tarball = await pack()
  golden = await loadGolden('stanford')
  texts = {
    documents: golden.documents.map(({ text }, at) => ({ id: String(at), text })).filter(({ text }) => text !== ''),
    query: golden.queries[0].text,
  }
})
afterAll(async () => {
  await closeBrowser()
  removeProjects()
})

/** The page ranks as the reference library does. */
function expectRanking({ counts, hits }: Outcome): void {
  expect(counts.added).toBe(texts.documents.length)
  const scores = texts.documents.map(({ id }) => golden.scores[0][Number(id)])
  const best = Math.max(...scores)
  expect(hits[0][1]).toBeCloseTo(best, 3)
  expect(golden.scores[0][Number(hits[0][0])]).toBeCloseTo(best, 3)
}

describe.skipIf(missing)(`pages${because}`, () => {
  it('a plain static server', async () => {
    const project = await makeProject('static', tarball, [], {
      'index.html': page('./main.js'),
      'main.js': PROGRAM.replace("'maxsift'", "'./maxsift/index.js'"),
    })
    cpSync(join(project.folder, 'node_modules/maxsift/dist'), join(project.folder, 'maxsift'), { recursive: true })
    expectRanking(await visit(project.folder, texts))
  })

  it('a plain static server, engine in the page itself', async () => {
    const project = await makeProject('thread', tarball, [], {
      'index.html': page('./main.js'),
      'main.js': `globalThis.options = { worker: false }\n${PROGRAM.replace("'maxsift'", "'./maxsift/index.js'")}`,
    })
    cpSync(join(project.folder, 'node_modules/maxsift/dist'), join(project.folder, 'maxsift'), { recursive: true })
    expectRanking(await visit(project.folder, texts))
  })

  it('Vite', async () => {
    const project = await makeProject('vite', tarball, ['vite'], {
      'index.html': page('/main.js'),
      'main.js': PROGRAM,
    })
    await project.run('node_modules/vite/bin/vite.js', 'build')
    expectRanking(await visit(join(project.folder, 'dist'), texts))
  })

  it('webpack', async () => {
    const project = await makeProject('webpack', tarball, ['webpack', 'webpack-cli'], {
      'public/index.html': page('./main.js', 'defer'),
      'src/index.js': PROGRAM,
    })
    await project.run('node_modules/webpack-cli/bin/cli.js', '--mode', 'production', '--output-path', 'public')
    expectRanking(await visit(join(project.folder, 'public'), texts))
  })

  it('esbuild', async () => {
    const project = await makeProject('esbuild', tarball, ['esbuild'], {
      'public/index.html': page('./main.js'),
      'main.js': PROGRAM,
    })
    // esbuild leaves the worker's address alone, so the worker is an entry of its own beside the page's script.
    await project.run(
      'node_modules/esbuild/bin/esbuild',
      ...['main=./main.js', 'worker=maxsift/worker', '--bundle', '--format=esm', '--splitting', '--outdir=public'],
    )
    expectRanking(await visit(join(project.folder, 'public'), texts))
  })
})

describe('package', () => {
  it('is imported by plain Node without touching a global', async () => {
    const project = await makeProject('node', tarball, [], {
      'main.js': `
        const before = Reflect.ownKeys(globalThis).length
        const maxsift = await import('maxsift')
        if (Reflect.ownKeys(globalThis).length !== before) throw new Error('a new global')
        const error = await maxsift.createIndex({ store: 'disk' }).catch((error) => error)
        if (error.code !== 'INVALID_ARGUMENT') throw error
        await import('maxsift/node')
        console.log('imported')`,
    })
    expect(await project.run('main.js')).toBe('imported\n')
  })

  it('is clean to publint and attw', async () => {
    const project = await makeProject('checks', tarball, ['publint', '@arethetypeswrong/cli'], {})
    await project.run('node_modules/publint/src/cli.js', 'run', 'node_modules/maxsift', '--strict')
    await project.run('node_modules/@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only')
  })

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('has types that stand alone under %s and %s', async (module, resolution) => {
    const project = await makeProject(`types-${resolution}`, tarball, [], {
      'main.ts': `
        import { createIndex, MaxsiftError, type Hit } from 'maxsift'
        const index = await createIndex({ name: 'docs' })
        const { hits } = await index.search('words', { limit: 3, filter: { year: { gte: 2000 } } })
        export const best: Hit | undefined = hits[0]
        export const isOurs = (error: unknown): string => (error instanceof MaxsiftError ? error.code : '')
        // @ts-expect-error a function is no filter
        await index.search('words', { filter: () => true })`,
    })
    await project.run(
      join(root, 'node_modules/typescript/bin/tsc'),
      ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable'],
      ...['--module', module, '--moduleResolution', resolution, '--types', '', 'main.ts'],
    )
  })

  it('carries no path of the machine that built it', () => {
    for (const file of ['index.js', 'worker.js', 'node.js', 'cli.js', 'worker.js.map'])
      expect(readFileSync(join(root, 'dist', file), 'utf8')).not.toContain(root)
  })
})
