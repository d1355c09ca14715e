import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { check, MaxsiftError } from '../errors.ts'
import { BLOB_NAME, type BlobRef, type Bytes, verify } from '../store/blob.ts'
import { BLOB_FOLDER, MANIFEST_FILE } from '../store/http.ts'
import { type Manifest, parseManifest, refsOf, serializeManifest } from '../store/manifest.ts'
import { type Commit, checkOpen, judgeCommit, type Store } from '../store/store.ts'
import { PATIENCE_MS, sleep } from '../store/wait.ts'

const LOCK_FILE = '.lock'
const TEMPORARY = '.tmp'

/**
 * An index in a folder: `manifest.json`, and the blobs by name under `blobs/`. Any static server can serve it as it is
 * (see http.ts). Equal input gives equal files. The folder is made by the first commit.
 *
 * A commit writes the blobs, then replaces the manifest by an atomic rename, then removes what it no longer names; a
 * process killed in between leaves the old or the new index, and files that the next commit removes.
 */
export function folderStore(path: string, { patience = PATIENCE_MS }: FolderOptions = {}): Store {
  check(typeof path === 'string' && path !== '', 'The folder of an index is a non-empty path.')
  return new FolderStore(path, patience)
}

export interface FolderOptions {
  /** Milliseconds to wait for another process that commits. */
  patience?: number
}

class FolderStore implements Store {
  readonly kind = 'folder'
  readonly writable = true
  readonly #path: string
  readonly #blobs: string
  readonly #patience: number
  #closed = false

  constructor(path: string, patience: number) {
    this.#path = path
    this.#patience = patience
    this.#blobs = join(path, BLOB_FOLDER)
  }

  async manifest(signal?: AbortSignal): Promise<Manifest | null> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    const file = join(this.#path, MANIFEST_FILE)
    const json = await readOrNull(file, signal)
    return json && parseManifest(new TextDecoder().decode(json), file, 'INVALID_INDEX_FILE')
  }

  async read(ref: BlobRef, signal?: AbortSignal): Promise<Bytes> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    const bytes = await readOrNull(join(this.#blobs, ref.name), signal)
    signal?.throwIfAborted()
    return verify(ref, bytes)
  }

  async commit(change: Commit, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    checkOpen(this.#closed)
    await explained(async () => {
      await mkdir(this.#blobs, { recursive: true })
      await withLockFile(
        join(this.#path, LOCK_FILE),
        this.#patience,
        async () => {
          judgeCommit(await this.manifest(signal), change)
          for (const { ref, bytes } of change.put) {
            signal?.throwIfAborted()
            await this.#write(join(this.#blobs, ref.name), bytes)
          }
          await syncFolder(this.#blobs)
          const json = new TextEncoder().encode(await serializeManifest(change.manifest))
          signal?.throwIfAborted()
          await this.#write(join(this.#path, MANIFEST_FILE), json)
          await syncFolder(this.#path)
          // It is committed; what cannot be removed now (a file open on Windows) goes with the next commit.
          await this.#sweep(new Set(refsOf(change.manifest).keys())).catch(() => {})
        },
        signal,
      )
    })
  }

  watch(): () => void {
    return () => {}
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  async destroy(): Promise<void> {
    this.#closed = true
    await explained(async () => {
      await rm(join(this.#path, MANIFEST_FILE), { force: true })
      await this.#sweep(new Set())
      await rm(join(this.#path, LOCK_FILE), { force: true })
    })
    // Only empty folders go: what else lies there is not ours.
    for (const folder of [this.#blobs, this.#path]) await rmdir(folder).catch(() => {})
  }

  /** On disk under its name, or not at all. */
  async #write(file: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#blobs, randomUUID() + TEMPORARY)
    const handle = await open(temporary, 'w')
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  }

  /** Removes blobs that are not `live`, and what killed processes left. */
  async #sweep(live: ReadonlySet<string>): Promise<void> {
    const names = await readdir(this.#blobs).catch(() => [])
    for (const name of names) {
      if (!live.has(name) && (BLOB_NAME.test(name) || name.endsWith(TEMPORARY))) {
        await rm(join(this.#blobs, name), { force: true })
      }
    }
  }
}

async function readOrNull(file: string, signal?: AbortSignal): Promise<Bytes | null> {
  try {
    return new Uint8Array(await readFile(file, { signal }))
  } catch (error) {
    signal?.throwIfAborted()
    if (isError(error, 'ENOENT', 'ENOTDIR')) return null
    throw lost(error)
  }
}

/** A renamed file survives a power cut once its folder is on disk; some systems cannot, and need not, sync a folder. */
async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(path, 'r')
    await handle.sync()
  } catch (error) {
    if (!isError(error, 'EISDIR', 'EPERM', 'EINVAL', 'EACCES', 'EBADF')) throw error
  } finally {
    await handle?.close()
  }
}

/** Runs `work` while this process holds the lock file; takes over a lock whose process is gone. */
async function withLockFile<T>(
  file: string,
  patience: number,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = Date.now() + patience
  while (!(await create(file, String(process.pid)))) {
    signal?.throwIfAborted()
    if (Date.now() > deadline) {
      throw new MaxsiftError('STORE_BLOCKED', `Another process holds ${file}.`, {
        remedy: 'Wait until the other process has written the index; if there is none, delete this file.',
      })
    }
    if (await isStale(file)) await breakLock(file)
    else await sleep(20)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function create(file: string, content: string): Promise<boolean> {
  let handle: FileHandle
  try {
    handle = await open(file, 'wx')
  } catch (error) {
    if (isError(error, 'EEXIST')) return false
    throw error
  }
  try {
    await handle.writeFile(content)
    return true
  } catch (error) {
    await rm(file, { force: true })
    throw error
  } finally {
    await handle.close()
  }
}

/** One process at a time, and only after a second look: the lock may have been taken over since. */
async function breakLock(file: string): Promise<void> {
  const guard = `${file}.break`
  if (!(await create(guard, ''))) return sleep(20)
  try {
    if (await isStale(file)) await rm(file, { force: true })
  } finally {
    await rm(guard, { force: true })
  }
}

async function isStale(file: string): Promise<boolean> {
  try {
    const pid = Number(await readFile(file, 'utf8'))
    // Empty for the moment between making and writing it; for longer, its process was killed in that moment.
    if (!pid) return Date.now() - (await stat(file)).mtimeMs > PATIENCE_MS / 2
    process.kill(pid, 0)
    return false
  } catch (error) {
    return isError(error, 'ESRCH')
  }
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw isError(error, 'ENOSPC', 'EDQUOT')
      ? new MaxsiftError('STORE_QUOTA', `The disk is full: ${(error as Error).message}.`, { cause: error })
      : lost(error)
  }
}

/** Errors of the file system become `STORE_LOST`; all others stay what they are. */
function lost(error: unknown): unknown {
  if (!(error instanceof Error && 'errno' in error)) return error
  const remedy = 'Check the path and its permissions.'
  return new MaxsiftError('STORE_LOST', `The folder cannot be used: ${error.message}.`, { cause: error, remedy })
}

function isError(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(error.code as string)
}
