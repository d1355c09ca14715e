/** The package as its users get it: packed, installed into empty projects, bundled by what they use, opened. */
import { cpSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../scripts/chromium.mjs'
import { DEFAULT_MODEL, describe as describeModel, NANO_MODEL } from '../../scripts/model-plugin.mjs'
import { root } from '../../scripts/run.mjs'
import { type Golden, loadGolden } from '../goldens/checkpoints.ts'
import { gpuMissing } from '../gpu.ts'
import { closeBrowser, PROGRAM, page, type Visit, visit } from './page.ts'
import { bundlers, checkTypes, makeProject, pack, removeProjects, resolutions } from './project.ts'

const missing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')
const noGpu = await gpuMissing()
const because = missing ? ` — ${missing}` : ''

let tarball: string
let golden: Golden
let texts: Visit['texts']
/** Of the model in models/, whatever it is. */
let shipped: Awaited<ReturnType<typeof describeModel>>
let nano: typeof shipped

beforeAll(async () => {
  tarball = await pack()
  shipped = await describeModel(DEFAULT_MODEL)
  nano = await describeModel(NANO_MODEL)
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

/** A text is most like itself, to any model. */
const QUESTION: Visit['texts'] = {
  documents: [
    { id: 'tea', text: 'Green tea turns bitter in boiling water.' },
    { id: 'bike', text: 'A dry chain squeaks until it gets one drop of oil.' },
    { id: 'bread', text: 'The loaf stays flat when the dough was too cold.' },
  ],
  query: 'A dry chain squeaks until it gets one drop of oil.',
}

/** With a model of its own the page ranks as the reference library does, and asks for nothing of the default. */
async function expectRanking(folder: string): Promise<void> {
  const { counts, hits, requests } = await visit(folder, { texts, model: './model/' })
  expect(counts.added).toBe(texts.documents.length)
  const scores = texts.documents.map(({ id }) => golden.scores[0][Number(id)])
  const best = Math.max(...scores)
  expect(hits[0][1]).toBeCloseTo(best, 3)
  expect(golden.scores[0][Number(hits[0][0])]).toBeCloseTo(best, 3)
  expect(requests).toContain('/model/model.safetensors')
  expect(requests.filter((url) => !url.startsWith('/model/')).filter(isOfModel)).toEqual([])
}

/** What a page with ONNX Runtime or Japanese asks of its bundler: that scripts and files are where their addresses say. */
const OTHER_ENTRIES = `
import { japaneseDictionary } from 'maxsift/japanese'
import { onnxRuntime } from 'maxsift/onnx'
const load = (address) => import(/* @vite-ignore */ /* webpackIgnore: true */ address)
async function outcome() {
  const { open } = await load(onnxRuntime('/ort/').engine)
  const { engine, dictionary } = japaneseDictionary()
  const split = await (await load(engine)).open(dictionary)
  const text = 'すもももももももものうち'
  const words = []
  split(text, 0, text.length, (from, to) => words.push(text.slice(from, to)))
  return { open: typeof open, morphemes: words }
}
outcome().catch((error) => ({ error: error.message })).then((found) => { globalThis.outcome = found })`

async function expectOtherEntries(folder: string): Promise<void> {
  const words = ['すもも', 'も', 'もも', 'も', 'もも', 'の', 'うち']
  expect(await visit(folder, { texts: QUESTION })).toMatchObject({ open: 'function', morphemes: words })
}

/** With the model of an entry of its own. */
const NANO = `import { nanoModel } from 'maxsift/nano'\nglobalThis.options = { model: nanoModel() }\n${PROGRAM}`

async function expectNano(folder: string): Promise<void> {
  const { hits, model, requests } = await visit(folder, { texts: QUESTION })
  expect(hits[0][0]).toBe('bike')
  expect(model).toMatchObject({ name: 'maxsift-nano-en', fingerprint: nano.fingerprint })
  expect(new Set(requests.filter(isOfModel)).size).toBe(1 + nano.weights.length)
}

/** Whatever a bundler names the files. */
const isOfModel = (url: string) => /\.(safetensors|json)$/.test(url) && url !== '/texts.json'

/** Without one it fetches that of the package from where the bundler put it: large files alone. */
async function expectDefault(folder: string): Promise<void> {
  const { hits, words, model, requests } = await visit(folder, { texts: QUESTION })
  expect(words).toBe(1)
  expect(hits.map(([id]) => id).sort()).toEqual(['bike', 'bread', 'tea'])
  expect(hits[0][0]).toBe('bike')
  expect(model).toMatchObject({ name: 'maxsift-small-en', fingerprint: shipped.fingerprint })
  expect(requests.filter((url) => url.startsWith('/model/'))).toEqual([])
  const fetched = new Set(requests.filter(isOfModel))
  expect(fetched.size, [...fetched].join()).toBe(1 + shipped.weights.length)
}

/** Other tokenizers than BERT's are in a script of their own: without it, the model would be refused. */
async function expectTokenizers(folder: string): Promise<void> {
  const { hits } = await visit(folder, { texts: QUESTION, model: './unigram/' })
  expect(hits[0][0]).toBe('bike')
}

async function expectBoth(folder: string): Promise<void> {
  await expectRanking(folder)
  await expectTokenizers(folder)
  await expectDefault(folder)
}

describe.skipIf(missing)(`pages${because}`, () => {
  it('a plain static server', async () => {
    const project = await makeProject('static', tarball, [], {
      'index.html': page('./main.js'),
      'main.js': PROGRAM.replace("'maxsift'", "'./maxsift/index.js'"),
    })
    cpSync(join(project.folder, 'node_modules/maxsift/dist'), join(project.folder, 'maxsift'), { recursive: true })
    await expectBoth(project.folder)
  })

  it('a plain static server, engine in the page itself', async () => {
    const project = await makeProject('thread', tarball, [], {
      'index.html': page('./main.js'),
      'main.js': `globalThis.options = { worker: false }\n${PROGRAM.replace("'maxsift'", "'./maxsift/index.js'")}`,
    })
    cpSync(join(project.folder, 'node_modules/maxsift/dist'), join(project.folder, 'maxsift'), { recursive: true })
    await expectBoth(project.folder)
  })

  it('Vite', async () => {
    const project = await makeProject('vite', tarball, ['vite'], {
      'index.html': page('/main.js'),
      'main.js': PROGRAM,
    })
    await expectBoth(await bundlers.vite(project))
    writeFileSync(join(project.folder, 'main.js'), OTHER_ENTRIES)
    await expectOtherEntries(await bundlers.vite(project))
    writeFileSync(join(project.folder, 'main.js'), NANO)
    await expectNano(await bundlers.vite(project))
  })

  it('webpack', async () => {
    const project = await makeProject('webpack', tarball, ['webpack', 'webpack-cli'], {
      'public/index.html': page('./main.js', 'defer'),
      'src/index.js': PROGRAM,
    })
    await expectBoth(await bundlers.webpack(project))
    writeFileSync(join(project.folder, 'src/index.js'), OTHER_ENTRIES)
    await expectOtherEntries(await bundlers.webpack(project))
    writeFileSync(join(project.folder, 'src/index.js'), NANO)
    await expectNano(await bundlers.webpack(project))
  })

  it('esbuild', async () => {
    const project = await makeProject('esbuild', tarball, ['esbuild'], {
      'public/index.html': page('./main.js'),
      'main.js': PROGRAM,
    })
    // esbuild leaves addresses alone: the worker is an entry beside the page, model, lexical.js and tokenizers.js are copied.
    const folder = await bundlers.esbuild(project)
    for (const name of ['models', 'lexical.js', 'tokenizers.js'])
      cpSync(join(project.folder, 'node_modules/maxsift/dist', name), join(folder, name), { recursive: true })
    await expectBoth(folder)
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
        const { measure } = await import('maxsift/eval')
        if (measure([{ id: 'a', score: 1 }], new Map([['a', 1]]))['ndcg@10'] !== 1) throw new Error('not 1')
        console.log('imported')`,
    })
    expect(await project.run('main.js')).toBe('imported\n')
  })

  it.skipIf(noGpu)('searches in plain Node with the model that came along', async () => {
    const project = await makeProject('node-search', tarball, [], {
      'main.js': `
        import { createIndex } from 'maxsift/node'
        const index = await createIndex({ store: 'memory' })
        await index.add(${JSON.stringify(QUESTION.documents)})
        const { hits } = await index.search(${JSON.stringify(QUESTION.query)})
        console.log(hits[0].id, (await index.info()).model.fingerprint)
        await index.close()`,
      'docs/bike.md': QUESTION.query,
      'docs/tea.md': QUESTION.documents[0].text,
    })
    // 132 MB that are here already.
    symlinkSync(join(root, 'node_modules/webgpu'), join(project.folder, 'node_modules/webgpu'), 'junction')
    expect(await project.run('main.js')).toContain(`bike ${shipped.fingerprint}\n`)
    const command = 'node_modules/maxsift/dist/cli.js'
    await project.run(command, 'index', 'docs', '--out', 'search')
    expect(await project.run(command, 'search', 'search', QUESTION.query)).toContain('"hits":[{"id":"bike.md"')
  })

  it('is as large as its models and dictionary, and little more', () => {
    const weights = [
      ...shipped.weights.map((path: string) => join(DEFAULT_MODEL, path)),
      ...nano.weights.map((path: string) => join(NANO_MODEL, path)),
    ]
    const bytes = weights.reduce((sum, path) => sum + statSync(path).size, 0)
    const dictionary = statSync(join(root, 'models/unidic-lite/unidic-lite.bin')).size
    expect(statSync(tarball).size).toBeLessThan(bytes + dictionary + 3_500_000)
  })

  it('is clean to publint and attw', async () => {
    const project = await makeProject('checks', tarball, ['publint', '@arethetypeswrong/cli'], {})
    await project.run('node_modules/publint/src/cli.js', 'run', 'node_modules/maxsift', '--strict')
    await project.run('node_modules/@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'esm-only')
  })

  it.each(resolutions)('has types that stand alone under %s and %s', async (module, resolution) => {
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
    await checkTypes(project, module, resolution)
  })

  it('carries no path of the machine that built it', () => {
    for (const file of ['index.js', 'worker.js', 'node.js', 'cli.js', 'worker.js.map'])
      expect(readFileSync(join(root, 'dist', file), 'utf8')).not.toContain(root)
  })
})
