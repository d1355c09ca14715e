import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type CheckpointName, checkpointFolder } from '../goldens/checkpoints.ts'

/** A new folder that goes with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'maxsift-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The folder of a golden checkpoint. */
export const modelFolder = (name: CheckpointName) => join(import.meta.dirname, '../..', checkpointFolder(name))

/** A copy of a golden checkpoint, to be damaged. */
export async function copyOfModel(name: CheckpointName): Promise<string> {
  const folder = join(await temporaryFolder(), 'model')
  await cp(modelFolder(name), folder, { recursive: true })
  return folder
}

/** Writes files by their path below a folder. */
export async function writeFiles(folder: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

/** All files below a folder, by path, as base64. */
export async function readFolder(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    await Promise.all(
      files.map(async (file) => [file.slice(folder.length + 1), (await readFile(file)).toString('base64')]),
    ),
  )
}
