/** Builds the demo, on the built package as any page would use it. */
import { createHash } from 'node:crypto'
import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { commit } from './bench-peers.mjs'
import { root } from './run.mjs'
import { wgsl } from './wgsl-plugin.mjs'

/** What a service worker need not keep: the engine keeps the files of its model, and its dictionary, itself. */
const NOT_KEPT = /\.(map|safetensors)$|^files-[^.]*\.json$|^unidic-lite/

/** The notices of all that is bundled, for whoever publishes the page. */
const LICENSES = 'licenses.md'

/**
 * @param {object} [options]
 * @param {string} [options.outDir]
 * @param {string} [options.sample] folder of another ready-made index than that of the project's own docs
 * @returns {Promise<string>} the folder to serve
 */
export async function buildDemo({ outDir = join(root, 'demo/dist'), sample } = {}) {
  const { build } = await import('vite')
  await build({
    configFile: false,
    root: join(root, 'demo'),
    // Relative, so that the folder works at any path of any static server.
    base: './',
    logLevel: 'error',
    // The page of the bench is built on the sources: it measures single kernels.
    define: { 'import.meta.env.VITE_COMMIT': JSON.stringify(commit()) },
    plugins: [wgsl()],
    worker: { format: 'es', plugins: () => [wgsl()] },
    resolve: {
      alias: [
        { find: /^maxsift$/, replacement: join(root, 'dist/index.js') },
        ...['element', 'japanese', 'nano'].map((entry) => ({
          find: new RegExp(`^maxsift/${entry}$`),
          replacement: join(root, `dist/${entry}.js`),
        })),
      ],
    },
    build: {
      target: 'es2022',
      outDir,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      license: { fileName: LICENSES },
      rolldownOptions: { input: ['index.html', 'bench.html'].map((page) => join(root, 'demo', page)) },
    },
  })
  // What is bundled in the package comes without a trace of its packages.
  appendFileSync(join(outDir, LICENSES), readFileSync(join(root, 'dist', LICENSES)))
  if (sample) {
    rmSync(join(outDir, 'sample'), { recursive: true, force: true })
    cpSync(sample, join(outDir, 'sample'), { recursive: true })
  }
  writeServiceWorker(outDir)
  return outDir
}

/** Fills in the list of files that the page needs offline, and a version that changes with any of them. */
function writeServiceWorker(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !NOT_KEPT.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(join(folder, file)))
  const script = readFileSync(join(root, 'demo/sw.js'), 'utf8')
    .replace('VERSION', hash.digest('hex').slice(0, 12))
    .replace("['FILES']", JSON.stringify(['', ...files.filter((file) => file !== 'index.html')]))
  writeFileSync(join(folder, 'sw.js'), script)
}
