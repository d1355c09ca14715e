/**
 * Installs ONNX Runtime for its tests into .cache/onnx, apart from the other packages: 430 MB unpacked, and where it is
 * among them `--backend auto` takes it. Its own install script fetches CUDA and is skipped.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, main, npm, root } from './run.mjs'

const folder = join(root, '.cache', 'onnx')

await main(async () => {
  const versions = JSON.parse(readFileSync(join(root, 'test/onnx/versions.json'), 'utf8'))
  const wanted = Object.entries(versions)
  if (wanted.every(([name, version]) => installed(name) === version)) return 0
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: versions }))
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, output } = await npm(['install', ...flags], { cwd: folder, quiet: true })
  if (code !== 0) throw new Failure(`${output.trim()}\nnpm install failed (code ${code}).`)
  return 0
})

function installed(name) {
  try {
    return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version
  } catch {
    return null
  }
}
