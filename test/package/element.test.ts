/** The element as its users get it: packed, installed into empty projects, bundled by what they use, opened. */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findChromium } from '../../scripts/chromium.mjs'
import { root } from '../../scripts/run.mjs'
import { serve } from '../../scripts/serve.mjs'
import { checkpointFolder, type Golden, loadGolden } from '../goldens/checkpoints.ts'
import { closeBrowser, outcomeOf, page } from './page.ts'
import { bundlers, checkTypes, makeProject, pack, removeProjects, resolutions } from './project.ts'

const missing = process.env.MAXSIFT_NO_CHROMIUM ?? (findChromium() ? null : 'no Chromium')

/** A page that makes an index and gives it to an element: one worker serves both. */
const PROGRAM = `
import 'maxsift/element'
import { createIndex } from 'maxsift'
try {
  const index = await createIndex({ store: 'memory', codec: 'f32', splitPassages: false, model: './model/' })
  const { documents, query } = await (await fetch('texts.json')).json()
  const counts = await index.add(documents)
  const element = document.createElement('maxsift-search')
  const found = new Promise((done) => element.addEventListener('search', ({ detail }) => done(detail)))
  document.documentElement.append(element)
  element.index = index
  element.value = query
  await found
  const titles = [...element.shadowRoot.querySelectorAll('[part=title]')].map((title) => title.textContent)
  globalThis.outcome = { counts, hits: titles.map((title) => [title, 0]) }
} catch (error) {
  globalThis.outcome = { error: error.code + ': ' + error.message + ' ' + (error.cause?.message ?? '') }
}
`

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

/** Serves a folder, and expects the rows to be those of the reference library. */
async function expectRows(folder: string): Promise<void> {
  const server = await serve({
    folders: { '/': folder, '/model/': join(root, checkpointFolder('stanford')) },
    texts: { '/texts.json': JSON.stringify(texts), '/favicon.ico': '' },
  })
  const { hits } = await outcomeOf(server.address).finally(() => server.close())
  const score = ([id]: [string, number]) => golden.scores[0][Number(id)]
  const best = texts.documents.map(({ id }) => golden.scores[0][Number(id)]).sort((a, b) => b - a)
  expect(hits).toHaveLength(10)
  for (const [i, hit] of hits.entries()) expect(score(hit)).toBeCloseTo(best[i], 3)
}

describe.skipIf(missing)(`the element in pages${missing ? ` — ${missing}` : ''}`, () => {
  it('a plain static server', async () => {
    const project = await makeProject('element-static', tarball, [], {
      'index.html': page('./main.js'),
      'main.js': PROGRAM.replace("'maxsift/element'", "'./maxsift/element.js'").replace(
        "'maxsift'",
        "'./maxsift/index.js'",
      ),
    })
    cpSync(join(project.folder, 'node_modules/maxsift/dist'), join(project.folder, 'maxsift'), { recursive: true })
    await expectRows(project.folder)
  })

  it('Vite', async () => {
    const project = await makeProject('element-vite', tarball, ['vite'], {
      'index.html': page('/main.js'),
      'main.js': PROGRAM,
    })
    await expectRows(await bundlers.vite(project))
  })

  it('webpack', async () => {
    const project = await makeProject('element-webpack', tarball, ['webpack', 'webpack-cli'], {
      'public/index.html': page('./main.js', 'defer'),
      'src/index.js': PROGRAM,
    })
    await expectRows(await bundlers.webpack(project))
  })

  it('esbuild', async () => {
    const project = await makeProject('element-esbuild', tarball, ['esbuild'], {
      'public/index.html': page('./main.js'),
      'main.js': PROGRAM,
    })
    await expectRows(await bundlers.esbuild(project))
  })
})

describe('the element', () => {
  it('is imported by plain Node without touching a global', async () => {
    const project = await makeProject('element-node', tarball, [], {
      'main.js': `
        const before = Reflect.ownKeys(globalThis).length
        const { MaxsiftSearch } = await import('maxsift/element')
        if (Reflect.ownKeys(globalThis).length !== before) throw new Error('a new global')
        console.log(MaxsiftSearch.name === '' ? 'nameless' : 'imported')`,
    })
    expect(await project.run('main.js')).toBe('imported\n')
  })

  it.each(resolutions)('has types that stand alone under %s and %s', async (module, resolution) => {
    const project = await makeProject(`element-types-${resolution}`, tarball, [], {
      'main.ts': `
        import type { MaxsiftSearch, SelectDetail } from 'maxsift/element'
        import 'maxsift/element'
        import { createIndex } from 'maxsift'
        const element: MaxsiftSearch = document.createElement('maxsift-search')
        element.index = await createIndex({ name: 'docs' })
        element.filter = { lang: 'en' }
        let last: SelectDetail | undefined
        element.addEventListener('select', (event) => {
          last = event.detail
          if (event.detail.hit.url === undefined) event.preventDefault()
        })
        element.addEventListener('click', (event) => event.clientX)
        export const chosen = () => last?.passage.text
        // @ts-expect-error a filter is data
        element.filter = () => true`,
    })
    await checkTypes(project, module, resolution)
  })
})
