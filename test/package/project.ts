/** Empty projects with the packed package installed, each in a folder of its own. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { npm, run } from '../../scripts/run.mjs'
import versions from './versions.json'

export type Tool = keyof typeof versions

export interface Project {
  folder: string
  /** Runs the script of an installed tool. @throws Error with the tool's output */
  run(script: string, ...parameters: string[]): Promise<string>
}

const workshop = mkdtempSync(join(tmpdir(), 'maxsift-package-'))

export function removeProjects(): void {
  rmSync(workshop, { recursive: true, force: true })
}

/** Packs the built package as npm would publish it. */
export async function pack(): Promise<string> {
  await done('npm pack', npm(['pack', '--ignore-scripts', '--pack-destination', workshop], { quiet: true }))
  const [file] = readdirSync(workshop).filter((name) => name.endsWith('.tgz'))
  return join(workshop, file)
}

/** A project with the package and the tools, in their pinned versions, and the files given by path. */
export async function makeProject(
  name: string,
  tarball: string,
  tools: Tool[],
  files: Record<string, string>,
): Promise<Project> {
  const folder = join(workshop, name)
  const all = { 'package.json': JSON.stringify({ name, private: true, type: 'module' }), ...files }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const wanted = [tarball, ...tools.map((tool) => `${tool}@${versions[tool]}`)]
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await done('npm install', npm(['install', ...flags, ...wanted], { cwd: folder, quiet: true }))
  return {
    folder,
    run: (script, ...parameters) =>
      done(script, run(process.execPath, [script, ...parameters], { cwd: folder, quiet: true })),
  }
}

async function done(what: string, running: Promise<{ code: number; output: string }>): Promise<string> {
  const { code, output } = await running
  if (code !== 0) throw new Error(`${what} failed with code ${code}:\n${output}`)
  return output
}
