/**
 * Installs what is missing, and nothing else.
 * `node scripts/install.mjs [--tools]`; the tools are what only tests and lint need (230 MB; see tools.json).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, isMain, main, npm, root } from './run.mjs'

const read = (path) => {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'))
  } catch {
    return null
  }
}

/** Names of the locked packages that are not installed in their locked version. */
function missing() {
  const locked = read('package-lock.json').packages
  // npm writes this file last, so an interrupted install leaves none.
  const installed = read('node_modules/.package-lock.json')?.packages ?? {}
  return Object.entries(locked).flatMap(([path, { version, optional }]) =>
    path === '' || optional || installed[path]?.version === version ? [] : [path],
  )
}

function missingTools() {
  return Object.entries(read('scripts/tools.json')).filter(
    ([name, version]) => read(`node_modules/${name}/package.json`)?.version !== version,
  )
}

async function step(what, parameters) {
  console.error(what)
  const { code, output } = await npm(
    [...parameters, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { quiet: true },
  )
  if (code !== 0) throw new Failure(`${output.trim()}\nnpm ${parameters[0]} failed (code ${code}).`)
}

export async function install({ tools = false } = {}) {
  if (missing().length > 0) await step('Installing the packages of package-lock.json …', ['ci'])
  if (!tools || missingTools().length === 0) return
  // All of them at once: npm removes packages that neither the lock nor the command names.
  const wanted = Object.entries(read('scripts/tools.json')).map(([name, version]) => `${name}@${version}`)
  await step(`Installing ${wanted.join(', ')} …`, ['install', '--no-save', ...wanted])
  if (missingTools().length > 0) throw new Failure(`npm did not install ${missingTools().join(', ')}.`)
}

if (isMain(import.meta.url)) await main((parameters) => install({ tools: parameters.includes('--tools') }))
