/** Bundles of the bench: for pages, for Node, and packed for another machine. */
import { cpSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { commit } from './bench-peers.mjs'
import { Failure, root, run } from './run.mjs'
import { wgsl } from './wgsl-plugin.mjs'

/** Most bytes of the packed bench. */
const MOST_BYTES = 64 * 2 ** 20

async function bundle(entry, outDir, node) {
  const { build } = await import('vite')
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [wgsl()],
    ...(node && { ssr: { noExternal: true, external: ['webgpu'] } }),
    build: {
      target: node ? 'node20' : 'es2022',
      outDir,
      emptyOutDir: true,
      copyPublicDir: false,
      reportCompressedSize: false,
      modulePreload: false,
      ...(node ? { ssr: true } : { lib: { entry, formats: ['es'] } }),
      rolldownOptions: {
        input: entry,
        ...(node && { external: [/^node:/, 'webgpu'] }),
        output: { minify: false, entryFileNames: '[name].mjs', codeSplitting: false },
      },
    },
  })
}

/** @returns the folder, which has page.mjs */
export async function buildForPages(folder) {
  await bundle({ page: join(root, 'bench/page.ts') }, folder, false)
  return folder
}

/** @returns the program */
export async function buildForNode(folder) {
  await bundle({ bench: join(root, 'bench/node.ts') }, folder, true)
  return join(folder, 'bench.mjs')
}

const RUN = `#!/bin/sh
# Writes result.json. Needs Node 20 or later (on the path, or as ./node) and a Vulkan driver; no network.
cd "$(dirname "$0")" || exit 1
node=node
[ -x ./node ] && node=./node
exec "$node" bench.mjs --json result.json --commit COMMIT --peers . "$@"
`

/** What a bare Linux machine needs of each package. */
const PACKED = {
  webgpu: ['index.js', 'package.json', 'LICENSE.md', 'dist/linux-x64'],
  'onnxruntime-node': ['package.json', 'README.md', 'dist', 'bin/napi-v6/linux/x64'],
  'onnxruntime-common': ['package.json', 'dist/cjs'],
}

/**
 * The bench with Dawn and onnxruntime-node: a folder, and beside it the same as an archive.
 * @param {string} folder
 * @param {string} peers whose node_modules has onnxruntime-node
 * @returns {Promise<{ archive: string, bytes: number }>}
 * @throws Failure where it is too large
 */
export async function pack(folder, peers) {
  rmSync(folder, { recursive: true, force: true })
  await buildForNode(folder)
  for (const [name, paths] of Object.entries(PACKED)) {
    const from = join(name === 'webgpu' ? root : peers, 'node_modules', name)
    for (const path of paths) cpSync(join(from, path), join(folder, 'node_modules', name, path), { recursive: true })
  }
  writeFileSync(join(folder, 'run.sh'), RUN.replace('COMMIT', commit()), { mode: 0o755 })
  const archive = `${folder}.tar.gz`
  const { code } = await run('tar', ['-czf', archive, '-C', dirname(folder), basename(folder)])
  if (code !== 0) throw new Failure('tar failed.')
  const bytes = statSync(archive).size
  if (bytes > MOST_BYTES) throw new Failure(`${archive} has ${bytes} bytes, more than ${MOST_BYTES}.`)
  return { archive, bytes }
}
