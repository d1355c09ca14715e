/** Empty projects with the packed package installed, each in a folder of its own. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { npm, root, run } from '../../scripts/run.mjs'
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

/** Makes a page of a project for a bundler, in the folder that is given; esbuild alone leaves addresses as they are. */
export const bundlers = {
  async vite({ run, folder }: Project): Promise<string> {
    await run('node_modules/vite/bin/vite.js', 'build')
    return join(folder, 'dist')
  },
  async webpack({ run, folder }: Project): Promise<string> {
    await run('node_modules/webpack-cli/bin/cli.js', '--mode', 'production', '--output-path', 'public')
    return join(folder, 'public')
  },
  async esbuild({ run, folder }: Project): Promise<string> {
    await run(
      'node_modules/esbuild/bin/esbuild',
      ...['main=./main.js', 'worker=maxsift/worker', '--bundle', '--format=esm', '--splitting', '--outdir=public'],
    )
    return join(folder, 'public')
  },
}

/** How projects find types: `module` and `moduleResolution` of TypeScript. */
export const resolutions = [
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
] as const

/** Checks `main.ts` of a project. @throws Error with what is wrong */
export function checkTypes({ run }: Project, module: string, resolution: string): Promise<string> {
  return run(
    join(root, 'node_modules/typescript/bin/tsc'),
    ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable'],
    ...['--module', module, '--moduleResolution', resolution, '--types', '', 'main.ts'],
  )
}

async function done(what: string, running: Promise<{ code: number; output: string }>): Promise<string> {
  const { code, output } = await running
  if (code !== 0) throw new Error(`${what} failed with code ${code}:\n${output}`)
  return output
}
