/** The model store of Node: a folder a model, which several processes may use at once. */
import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import type { KeptModel, ModelStore } from '../model/cache.ts'
import { openFile } from './folder-source.ts'

const TEMPORARY = '.tmp'
/** Milliseconds after which what is being written is nobody's any more. */
const ABANDONED_MS = 24 * 3600 * 1000

/** What is kept of a file beside its bytes, or in their place. */
interface Note {
  sha256?: string
  absent?: true
}

/**
 * Where everything lies that can be fetched or computed again: `MAXSIFT_CACHE`, or else a folder of the platform's own
 * (`XDG_CACHE_HOME`, `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`).
 */
export function cacheFolder(): string {
  const { MAXSIFT_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env
  if (MAXSIFT_CACHE) return resolve(MAXSIFT_CACHE)
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'maxsift')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'maxsift')
  if (process.platform === 'win32' && LOCALAPPDATA) return join(LOCALAPPDATA, 'maxsift', 'Cache')
  return join(homedir(), '.cache', 'maxsift')
}

/** Models in the cache folder. A file appears there at once and whole, by a rename. */
export const folderModels: ModelStore = {
  async open(key, path) {
    const place = placeOf(key, path)
    if (!place) return undefined
    const { absent, sha256 } = await noteIn(place.note)
    if (absent) return null
    const file = await openFile(place.file)
    return file ? { ...file, sha256 } : undefined
  },

  async put(key, path, file, name) {
    const place = placeOf(key, path)
    if (!place) return file?.body.cancel()
    await write(join(place.folder, 'model.json'), JSON.stringify({ key, name }))
    // First: a file without its hash would be taken for one that has none.
    await write(place.note, JSON.stringify(file ? { sha256: file.sha256 } : { absent: true }))
    if (file) await write(place.file, file.body)
  },

  async list() {
    const models: KeptModel[] = []
    for (const folder of await readdir(modelsFolder()).catch(() => [])) {
      const about = await readFile(join(modelsFolder(), folder, 'model.json'), 'utf8').catch(() => null)
      if (about === null) continue
      const { key, name } = JSON.parse(about)
      const root = join(modelsFolder(), folder, 'files')
      const files: KeptModel['files'] = new Map()
      for (const entry of await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])) {
        if (!entry.isFile() || entry.name.endsWith(TEMPORARY)) continue
        const file = join(entry.parentPath ?? entry.path, entry.name)
        files.set(relative(root, file).split(sep).join('/'), { bytes: (await stat(file)).size })
      }
      models.push({ key, name, files })
    }
    return models
  },

  async remove(key, path) {
    const place = placeOf(key, path ?? '.')
    if (place) await rm(path === undefined ? place.folder : place.file, { recursive: true, force: true })
  },
}

const modelsFolder = () => join(cacheFolder(), 'models')

/** Null for a path that leads out of the folder of its model. */
function placeOf(key: string, path: string): { folder: string; file: string; note: string } | null {
  // To be read by people, and different for every key.
  const readable = key.replace(/^\w+:\/\//, '').replace(/[^\w.-]+/g, '-')
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16)
  const folder = join(modelsFolder(), `${readable.slice(0, 80)}-${hash}`)
  const file = join(folder, 'files', path)
  const isInside = `${file}${sep}`.startsWith(join(folder, 'files') + sep)
  return isInside ? { folder, file, note: `${join(folder, 'notes', path)}.json` } : null
}

async function noteIn(file: string): Promise<Note> {
  return JSON.parse(await readFile(file, 'utf8').catch(() => '{}'))
}

/** Under its name, or not at all. */
async function write(file: string, content: string | ReadableStream<Uint8Array>): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await sweep(dirname(file))
  const temporary = `${file}.${randomUUID()}${TEMPORARY}`
  try {
    if (typeof content === 'string') await writeFile(temporary, content)
    else await pipeline(Readable.fromWeb(content as NodeStream<Uint8Array>), createWriteStream(temporary))
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

/** Removes what killed processes left. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(TEMPORARY)) continue
    const file = join(folder, name)
    const isOld = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs > ABANDONED_MS,
      () => false,
    )
    if (isOld) await rm(file, { force: true })
  }
}
