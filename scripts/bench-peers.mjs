/** What the bench compares with, apart from the other packages: half a gigabyte that nothing else needs. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, npm, root } from './run.mjs'

const bench = join(root, 'bench')

/** Folders that may hold peers: the bench's own, and ONNX Runtime as its tests have it. */
const PLACES = [bench, join(root, '.cache/onnx')]

const read = (file) => JSON.parse(readFileSync(file, 'utf8'))

/** A folder whose node_modules has the package, or null. */
export const bestPeers = (name) => PLACES.find((place) => existsSync(join(place, 'node_modules', name))) ?? null

/** Installs what bench/package-lock.json names. Install scripts are skipped: they fetch what is not used here. */
export async function installPeers() {
  const wanted = read(join(bench, 'package-lock.json')).packages
  const path = join(bench, 'node_modules/.package-lock.json')
  const installed = existsSync(path) ? read(path).packages : {}
  const there = ([name, { version, optional }]) => name === '' || optional || installed[name]?.version === version
  if (Object.entries(wanted).every(there)) return
  console.error('Installing the peers of bench/package-lock.json …')
  const flags = ['--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { code, output } = await npm(['ci', ...flags], { cwd: bench, quiet: true })
  if (code !== 0) throw new Failure(`${output.trim()}\nnpm ci failed (code ${code}).`)
}

/** Versions of what a page takes from the folder. */
export function peerVersions(folder) {
  const names = ['@huggingface/transformers', 'onnxruntime-web']
  return Object.fromEntries(
    names.map((name) => [name, read(join(folder, 'node_modules', name, 'package.json')).version]),
  )
}

export function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
