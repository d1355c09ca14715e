/** Models on a hub. With `checked.ts` a script of its own, which pages load with the first model of this kind. */
import { MaxsiftError } from '../errors.ts'
import { COMMIT, DESCRIPTION, type Place } from './address.ts'
import type { checked } from './checked.ts'
import { fetchFile } from './download.ts'
import { isObject, readJson, readObject } from './read.ts'
import { below, type FileSource, type OpenFile } from './source.ts'

const SHA256 = /^"?([\da-f]{64})"?$/

/** Gives this script, which is loaded when it is needed. @throws MaxsiftError `MODEL_FETCH_FAILED` */
export type OpenHub = () => Promise<{ checked: typeof checked; hubSource: typeof hubSource }>

/** Puts a source between its files and their readers, such as the model store. @param key is equal for equal files */
export type Keep = (source: FileSource, key: string) => FileSource

/** A revision as the hub describes it. */
interface Revision {
  /** Or the revision's own name, where the hub does not say. */
  commit: string
  /** By path; absent where the hub does not list them. */
  files?: Record<string, { size?: number; sha256?: string }>
}

/** The files of a model on a hub: all of one commit, also where a branch moves on meanwhile. */
export function hubSource(place: Place, keep: Keep): FileSource {
  const { name, repository, revision } = place
  const folder = (of: string) => `${repository}${of}/`
  // Kept too: what is in the store can be read offline, and does not change until it is removed.
  const kept = async (of: string, open: () => Promise<Revision>, signal?: AbortSignal) => {
    const source: FileSource = { name, open: async () => jsonFile(await open()) }
    return (await readObject(keep(source, folder(of)), DESCRIPTION, signal)) as unknown as Revision
  }
  let finding: Promise<FileSource> | undefined
  let found: string | undefined
  const find = async (signal?: AbortSignal) => {
    const revised = await kept(revision, () => describe(place, signal), signal)
    const { commit, files } = revised
    // An index remembers the commit, and is opened with that.
    if (commit !== revision) await kept(commit, async () => revised, signal)
    const open: FileSource['open'] = async (path, signal, start, begun) => {
      if (files && !Object.hasOwn(files, path)) return null
      const { size, sha256 } = files?.[path] ?? {}
      const file = await fetchFile(below(folder(commit), path), signal, { start, size, begun })
      return file && { ...file, sha256: sha256 ?? hashIn(file.headers) }
    }
    found = folder(commit)
    return keep({ name, open }, found)
  }
  return {
    name,
    get address() {
      return found
    },
    async open(path, signal, start) {
      signal?.throwIfAborted()
      finding ??= find(signal).catch((error) => {
        finding = undefined
        throw error
      })
      return (await finding).open(path, signal, start)
    },
  }
}

/** @throws MaxsiftError `MODEL_FETCH_FAILED` where there is no such model */
async function describe({ hub, name, revision, repository }: Place, signal?: AbortSignal): Promise<Revision> {
  const api = new URL(`${hub}/api/models/${name}/revision/${revision}?blobs=true`)
  const answer = await readJson({ name, open: () => fetchFile(api, signal) }, api.href, signal).catch((error) => {
    const status = error instanceof MaxsiftError && error.detail?.status
    if (status === 401 || status === 403) throw unknown(error)
  })
  if (isObject(answer) && COMMIT.test(String(answer.sha))) {
    return { commit: String(answer.sha), files: listed(answer.siblings) }
  }
  // A mirror may have the files alone; then any answer may say which commit they are of.
  for (const path of ['config.json', 'modules.json']) {
    const file = await fetchFile(below(`${repository}${revision}/`, path), signal)
    if (!file) continue
    await file.body.cancel()
    const commit = file.headers.get('x-repo-commit') ?? ''
    return { commit: COMMIT.test(commit) ? commit : revision }
  }
  throw unknown()

  function unknown(cause?: unknown): MaxsiftError {
    return new MaxsiftError('MODEL_FETCH_FAILED', `${hub} has no model ${name} at ${revision} that is open to all`, {
      cause,
      remedy: 'Check its name and revision; one that is private, or behind a form, has to be served from elsewhere.',
    })
  }
}

function listed(siblings: unknown): Revision['files'] {
  if (!Array.isArray(siblings)) return undefined
  return Object.fromEntries(
    siblings.map(({ rfilename, size, lfs }) => [
      rfilename,
      { ...(Number.isSafeInteger(size) && { size }), sha256: SHA256.exec(lfs?.sha256)?.[1] },
    ]),
  )
}

/** The hash of a large file: its ETag, or where the hub redirects to another server, in a header of its own. */
function hashIn(headers: Headers): string | undefined {
  return (SHA256.exec(headers.get('x-linked-etag') ?? '') ?? SHA256.exec(headers.get('etag') ?? ''))?.[1]
}

function jsonFile(value: unknown): OpenFile {
  const text = new Blob([JSON.stringify(value)])
  return { size: text.size, body: text.stream() }
}
