/** Builds the demo into demo/dist, on the built package as any page would use it. */
import { join } from 'node:path'
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
  return outDir
}
