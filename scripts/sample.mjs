/**
 * Brings the index of the project's own docs up to date, which the demo opens at once: demo/public/sample, in git.
 *
 *     npm run sample
 *
 * Texts that did not change keep their vectors; another default model makes them all anew.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildLibrary } from './build.mjs'
import { dawnEnvironment } from './dawn.mjs'
import { install } from './install.mjs'
import { DEFAULT_MODEL, describe } from './model-plugin.mjs'
import { Failure, isMain, main, root, run } from './run.mjs'

/** What the sample is made from; a test compares them. */
export const SAMPLE_SOURCES = ['README.md', 'CHANGELOG.md', 'docs']
export const SAMPLE = join(root, 'demo/public/sample')

/** Copies the sources into one folder, so that a document is known by its path in the project. */
export function stageSample(folder) {
  for (const path of SAMPLE_SOURCES) cpSync(join(root, path), join(folder, path), { recursive: true })
}

/** The fingerprint of the model that made the sample, or null while there is none. */
export function sampleModel() {
  const file = join(SAMPLE, 'manifest.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).index.model.fingerprint : null
}

async function makeSample() {
  await install({ tools: true })
  await buildLibrary({ types: false })
  const { fingerprint } = await describe(DEFAULT_MODEL)
  if (sampleModel() !== fingerprint) rmSync(SAMPLE, { recursive: true, force: true })
  const folder = mkdtempSync(join(tmpdir(), 'maxsift-sample-'))
  try {
    stageSample(folder)
    // Without urls the demo shows a document in its own pane.
    const command = [join(root, 'dist/cli.js'), 'index', folder, '--out', SAMPLE, '--no-url']
    const { code } = await run(process.execPath, command, { env: dawnEnvironment() })
    if (code !== 0) throw new Failure('The sample was not made.')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (isMain(import.meta.url)) await main(makeSample)
