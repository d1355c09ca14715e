/**
 * Builds the package into dist/ and prints its byte budget.
 *
 *   index.js    what a page imports; the engine for `worker: false` is a lazy chunk beside it
 *   worker.js   the engine in one file without imports, so that every bundler can copy it as an asset
 *   node.js     the same engine for Node; cli.js is the command line
 *   types/      declarations
 *   licenses.md the licences of what is bundled
 */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { install } from './install.mjs'
import { Failure, isMain, main, root, runPackage } from './run.mjs'
import { wgsl } from './wgsl-plugin.mjs'

/**
 * Most bytes, gzipped, that `createIndex` + `search` with a BERT model may fetch on the worker path.
 * docs/design.md says why it is this much.
 */
const BUDGET = 66_000
const dist = join(root, 'dist')

/**
 * In dist/ the worker lies beside whoever starts it. Vite would bundle or inline what its address names, so the address
 * is hidden until Vite's own plugins are through.
 */
function workerAddress() {
  const hidden = '__MAXSIFT_WORKER_ADDRESS__'
  const swap = (from, to) => (code) => (code.search(from) < 0 ? null : { code: code.replace(from, to), map: null })
  return {
    name: 'worker-address',
    enforce: 'pre',
    transform: swap(/new URL\('\.\/worker\.[jt]s', import\.meta\.url\)/, hidden),
    renderChunk: swap(hidden, "new URL('./worker.js', import.meta.url)"),
  }
}

/** @returns {Promise<{ fileName: string, imports: string[], dynamicImports: string[] }[]>} the chunks of one build */
async function bundle(entry, { node = false, single = false } = {}) {
  const { build } = await import('vite')
  const [{ output }] = await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [wgsl(), workerAddress()],
    ...(node && { ssr: { noExternal: true, external: ['webgpu'] } }),
    build: {
      target: node ? 'node20' : 'es2022',
      outDir: dist,
      emptyOutDir: false,
      copyPublicDir: false,
      sourcemap: true,
      reportCompressedSize: false,
      modulePreload: false,
      // The build for Node bundles all that the others do, and more: whoever ships dist/ ships these notices.
      license: node && { fileName: 'licenses.md' },
      ...(node ? { ssr: true } : { lib: { entry, formats: ['es'] } }),
      rolldownOptions: {
        input: entry,
        ...(node && { external: [/^node:/, 'webgpu'] }),
        output: {
          minify: !node,
          entryFileNames: '[name].js',
          chunkFileNames: '[name]-[hash].js',
          codeSplitting: !single,
        },
      },
    },
  }).then((result) => [result].flat())
  return output.filter(({ type }) => type === 'chunk')
}

/** @param {{ types?: boolean }} [options] a page that is only served needs no declarations */
export async function buildLibrary({ types = true } = {}) {
  for (const name of existsSync(dist) ? readdirSync(dist) : [])
    if (types || name !== 'types') rmSync(join(dist, name), { recursive: true })
  const page = await bundle({ index: join(root, 'src/index.ts') })
  const worker = await bundle({ worker: join(root, 'src/worker/worker.ts') }, { single: true })
  const node = await bundle(
    { node: join(root, 'src/node/index.ts'), cli: join(root, 'src/node/cli.ts') },
    { node: true },
  )
  if (!/new URL\(\s*["'`]\.\/worker\.js["'`]\s*,\s*import\.meta\.url\s*\)/.test(text('index.js')))
    throw new Failure('dist/index.js does not name its worker in the form that bundlers know.')
  if (types) {
    const { code } = await runPackage('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
    if (code !== 0) throw new Failure('The declarations were not made.')
  }
  return { page, worker, node }
}

const text = (file) => readFileSync(join(dist, file), 'utf8')
const gzipped = (file) => gzipSync(readFileSync(join(dist, file)), { level: 9 }).length

/** The entry chunk and all that it imports statically. */
function fetched(chunks) {
  const wanted = new Set([chunks.find(({ isEntry }) => isEntry).fileName])
  for (const file of wanted)
    for (const next of chunks.find(({ fileName }) => fileName === file).imports) wanted.add(next)
  return [...wanted]
}

/** Prints each file's gzipped size. @throws Failure above the budget. */
function printBudget({ page, worker, node }) {
  const row = (file) => console.log(`  ${String(gzipped(file)).padStart(7)}  ${file}`)
  const counted = [...fetched(page), ...fetched(worker)]
  const total = counted.reduce((sum, file) => sum + gzipped(file), 0)
  console.log('Fetched by createIndex + search, bytes gzipped:')
  counted.forEach(row)
  console.log(`  ${String(total).padStart(7)}  of ${BUDGET}`)
  console.log('Only when asked for:')
  for (const { fileName } of [...page, ...worker, ...node]) if (!counted.includes(fileName)) row(fileName)
  if (total > BUDGET) throw new Failure(`The budget is exceeded by ${total - BUDGET} bytes.`)
}

if (isMain(import.meta.url))
  await main(async () => {
    await install()
    printBudget(await buildLibrary())
  })
