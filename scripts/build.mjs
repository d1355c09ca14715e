/**
 * Builds the package into dist/ and prints its byte budget.
 *
 *   index.js    what a page imports; the engine for `worker: false` is a lazy chunk beside it
 *   element.js  <maxsift-search>, which imports index.js: one page has one worker, whoever opens an index
 *   worker.js   the engine in one file without imports, so that every bundler can copy it as an asset
 *   lexical.js  search by words, in one file too, which the engine imports unless it is told not to
 *   tokenizers.js  tokenizers of other families than BERT's, in one file too, imported with the first checkpoint that needs it
 *   hub.js      models on a hub, and hashes of whole files, in one file too, imported with the first model of this kind
 *   onnx.js     says where ONNX Runtime lies; onnx-engine.js beside it, in one file too, is what the engine then imports
 *   nano.js     says where the smaller model lies
 *   eval.js     evaluation of search as a library
 *   japanese.js says where the Japanese dictionary lies; japanese-engine.js and unidic-lite.bin beside it are what it names
 *   node.js     the same engine for Node; cli.js is the command line, scorer.js a thread of its evaluations
 *   models/     the default model, fetched where a page names none
 *   types/      declarations
 *   licenses.md the licences of what is bundled
 */
import { appendFileSync, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { install } from './install.mjs'
import { copyModel, DEFAULT_MODEL, defaultModel, describe, NANO_MODEL, nanoModel } from './model-plugin.mjs'
import { Failure, isMain, main, root, runPackage } from './run.mjs'
import { wgsl } from './wgsl-plugin.mjs'

/**
 * Most bytes, gzipped, that `createIndex` + `search` with a BERT model may fetch on the worker path.
 * docs/design.md says why it is this much.
 */
const BUDGET = 86_000
/** Most bytes, gzipped, that the search element may add. */
const ELEMENT_BUDGET = 20_000
const dist = join(root, 'dist')

/**
 * In dist/ a script that is loaded by its address lies beside whoever loads it. Vite would bundle or inline what the
 * address names, so it is hidden until Vite's own plugins are through.
 */
function addressOf(source, built) {
  const hidden = `__MAXSIFT_ADDRESS_OF_${source.toUpperCase()}__`
  const swap = (from, to) => (code) => (code.search(from) < 0 ? null : { code: code.replace(from, to), map: null })
  return {
    name: `address-of-${source}`,
    enforce: 'pre',
    transform: swap(new RegExp(`new URL\\('\\./${source}\\.[jt]s', import\\.meta\\.url\\)`), hidden),
    renderChunk: swap(hidden, `new URL('./${built}', import.meta.url)`),
  }
}

/** The Japanese dictionary and its licence. In dist/ it lies beside the scripts, as they do. */
const DICTIONARY = 'models/unidic-lite/unidic-lite.bin'
const LICENCE = 'models/unidic-lite/LICENSE'

function dictionary() {
  const hidden = '__MAXSIFT_ADDRESS_OF_DICTIONARY__'
  const form = `new URL('../../${DICTIONARY}', import.meta.url)`
  return {
    name: 'address-of-dictionary',
    enforce: 'pre',
    transform: (code) => (code.includes(form) ? { code: code.replace(form, hidden), map: null } : null),
    renderChunk: (code) =>
      code.includes(hidden)
        ? { code: code.replaceAll(hidden, "new URL('./unidic-lite.bin', import.meta.url)"), map: null }
        : null,
  }
}

/** The element is built by itself and finds the other entries beside it, as its users do. */
function entriesBeside() {
  const built = { '../index.ts': './index.js', '../onnx/index.ts': './onnx.js' }
  return {
    name: 'entries-beside',
    enforce: 'pre',
    resolveId: (id) => (Object.hasOwn(built, id) ? { id: built[id], external: 'relative' } : null),
  }
}

/** @returns {Promise<{ fileName: string, imports: string[], dynamicImports: string[] }[]>} the chunks of one build */
async function bundle(entry, { node = false, single = false, plugins = [] } = {}) {
  const { build } = await import('vite')
  const [{ output }] = await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [
      wgsl(),
      dictionary(),
      addressOf('worker', 'worker.js'),
      addressOf('lexical', 'lexical.js'),
      addressOf('tokenizers', 'tokenizers.js'),
      addressOf('hub', 'hub.js'),
      addressOf('engine', 'onnx-engine.js'),
      addressOf('morphemes', 'japanese-engine.js'),
      ...plugins,
    ],
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

/**
 * @param {object} [options]
 * @param {boolean} [options.types] a page that is only served needs no declarations
 * @param {string} [options.model] folder of the checkpoint to ship as the default model
 */
export async function buildLibrary({ types = true, model = DEFAULT_MODEL } = {}) {
  const [description, nano] = [await describe(model), await describe(NANO_MODEL)]
  const shipped = { plugins: [defaultModel({ folder: model, description })] }
  for (const name of existsSync(dist) ? readdirSync(dist) : [])
    if (types || name !== 'types') rmSync(join(dist, name), { recursive: true })
  const page = await bundle({ index: join(root, 'src/index.ts') }, shipped)
  const element = await bundle({ element: join(root, 'src/element/index.ts') }, { plugins: [entriesBeside()] })
  const worker = await bundle({ worker: join(root, 'src/worker/worker.ts') }, { single: true })
  const lexical = await bundle({ lexical: join(root, 'src/worker/lexical.ts') }, { single: true })
  const tokenizers = await bundle({ tokenizers: join(root, 'src/worker/tokenizers.ts') }, { single: true })
  const hub = await bundle({ hub: join(root, 'src/worker/hub.ts') }, { single: true })
  const onnx = [
    ...(await bundle({ onnx: join(root, 'src/onnx/index.ts') }, { single: true })),
    ...(await bundle({ 'onnx-engine': join(root, 'src/onnx/engine.ts') }, { single: true })),
  ]
  const nanoEntry = await bundle(
    { nano: join(root, 'src/nano/index.ts') },
    { single: true, plugins: [nanoModel({ description: nano })] },
  )
  const evaluation = await bundle({ eval: join(root, 'src/eval/index.ts') }, { single: true })
  const japanese = [
    ...(await bundle({ japanese: join(root, 'src/japanese/index.ts') }, { single: true })),
    ...(await bundle({ 'japanese-engine': join(root, 'src/japanese/morphemes.ts') }, { single: true })),
  ]
  const node = await bundle(
    {
      node: join(root, 'src/node/index.ts'),
      cli: join(root, 'src/node/cli.ts'),
      scorer: join(root, 'src/node/eval/scorer.ts'),
    },
    { node: true, ...shipped },
  )
  const assets = copyModel(basename(DEFAULT_MODEL), model, description, dist)
  const nanoAssets = copyModel(basename(NANO_MODEL), NANO_MODEL, nano, dist)
  for (const file of nanoAssets) checkAddress('nano.js', file)
  for (const file of ['worker.js', 'lexical.js', 'tokenizers.js', 'hub.js', ...assets]) checkAddress('index.js', file)
  checkAddress('onnx.js', 'onnx-engine.js')
  copyFileSync(join(root, DICTIONARY), join(dist, 'unidic-lite.bin'))
  for (const file of ['japanese-engine.js', 'unidic-lite.bin']) checkAddress('japanese.js', file)
  // The dictionary has its licence inside too; here it is to be read.
  appendFileSync(
    join(dist, 'licenses.md'),
    `\n## UniDic (unidic-lite.bin)\n\n${readFileSync(join(root, LICENCE), 'utf8')}`,
  )
  if (types) {
    const { code } = await runPackage('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
    if (code !== 0) throw new Failure('The declarations were not made.')
  }
  return {
    page,
    element,
    worker,
    lexical,
    tokenizers,
    hub,
    onnx,
    japanese,
    nano: nanoEntry,
    evaluation,
    node,
    assets,
    nanoAssets,
  }
}

/** @throws Failure unless the script names the file as bundlers know it */
function checkAddress(script, file) {
  const forms = text(script).matchAll(/new URL\(\s*["'`]\.\/([^"'`]*)["'`]\s*,\s*import\.meta\.url\s*\)/g)
  if (![...forms].some(([, named]) => named === file))
    throw new Failure(`dist/${script} does not name ${file} in the form that bundlers know.`)
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
function printBudget({ page, worker, element, assets, nanoAssets, ...onDemand }) {
  const row = (file) => console.log(`  ${String(gzipped(file)).padStart(7)}  ${file}`)
  const counted = [...fetched(page), ...fetched(worker)]
  const total = counted.reduce((sum, file) => sum + gzipped(file), 0)
  console.log('Fetched by createIndex + search, bytes gzipped:')
  counted.forEach(row)
  console.log(`  ${String(total).padStart(7)}  of ${BUDGET}`)
  const added = element.reduce((sum, { fileName }) => sum + gzipped(fileName), 0)
  console.log('Fetched by <maxsift-search> beyond that:')
  for (const { fileName } of element) row(fileName)
  console.log(`  ${String(added).padStart(7)}  of ${ELEMENT_BUDGET}`)
  console.log('Fetched where no model is named, bytes as they are:')
  for (const file of assets) console.log(`  ${String(statSync(join(dist, file)).size).padStart(7)}  ${file}`)
  console.log('Fetched with the model of maxsift/nano, bytes as they are:')
  for (const file of nanoAssets) console.log(`  ${String(statSync(join(dist, file)).size).padStart(7)}  ${file}`)
  console.log('Only when asked for:')
  for (const { fileName } of [page, worker, ...Object.values(onDemand)].flat())
    if (!counted.includes(fileName)) row(fileName)
  if (total > BUDGET) throw new Failure(`The budget is exceeded by ${total - BUDGET} bytes.`)
  if (added > ELEMENT_BUDGET) throw new Failure(`The element is ${added - ELEMENT_BUDGET} bytes over its budget.`)
}

if (isMain(import.meta.url))
  await main(async () => {
    await install({ tools: true })
    printBudget(await buildLibrary())
  })
