/** Builds the demo into demo/dist, on the built package as any page would use it. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { root } from './run.mjs'

/** @returns {Promise<string>} the folder to serve */
export async function buildDemo() {
  const { build } = await import('vite')
  const outDir = join(root, 'demo/dist')
  await build({
    configFile: false,
    root: join(root, 'demo'),
    // Relative, so that the folder works at any path of any static server.
    base: './',
    logLevel: 'error',
    resolve: { alias: { maxsift: join(root, 'dist/index.js') } },
    build: { target: 'es2022', outDir, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  })
  writeServiceWorker(outDir)
  return outDir
}

/** Fills in the list of files that the page needs offline, and a version that changes with any of them. */
function writeServiceWorker(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.map'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(join(folder, file)))
  const script = readFileSync(join(root, 'demo/sw.js'), 'utf8')
    .replace('VERSION', hash.digest('hex').slice(0, 12))
    .replace("['FILES']", JSON.stringify(['', ...files.filter((file) => file !== 'index.html')]))
  writeFileSync(join(folder, 'sw.js'), script)
}
