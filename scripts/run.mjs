/** Starting programs the same way on Linux, macOS and Windows, without a shell. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A failure that needs no stack: its message says all. */
export class Failure extends Error {}

/**
 * Runs a program and waits for it.
 * @param {string} program @param {string[]} parameters
 * @param {{ cwd?: string, env?: Record<string, string>, quiet?: boolean }} [options] `quiet` keeps the output
 * @returns {Promise<{ code: number, output: string }>} `output` is empty unless quiet
 */
export function run(program, parameters, { cwd = root, env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      cwd,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Runs the script behind a package's command; `.bin` holds shell wrappers, which Windows cannot spawn. */
export function runPackage(script, parameters, options) {
  return run(process.execPath, [join(root, 'node_modules', script), ...parameters], options)
}

/** Runs npm: the one that started us, or the one that came with this Node. */
export function npm(parameters, options) {
  const beside = dirname(process.execPath)
  const script = [
    process.env.npm_execpath,
    join(beside, 'node_modules/npm/bin/npm-cli.js'),
    join(beside, '../lib/node_modules/npm/bin/npm-cli.js'),
  ].find((path) => path?.endsWith('npm-cli.js') && existsSync(path))
  return script ? run(process.execPath, [script, ...parameters], options) : run('npm', parameters, options)
}

/** Runs a script's main function: a `Failure` ends it with its message, anything else with its stack. */
export async function main(work) {
  try {
    process.exitCode = (await work(process.argv.slice(2))) ?? 0
  } catch (error) {
    console.error(error instanceof Failure ? error.message : error)
    process.exitCode = 1
  }
}

/** Whether this module is the one that Node was started with. */
export function isMain(url) {
  return process.argv[1] !== undefined && fileURLToPath(url) === process.argv[1]
}
