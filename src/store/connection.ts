import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb'
import { MaxsiftError } from '../errors.ts'
import { orAbort, orBlocked, PATIENCE_MS, sleep } from './wait.ts'

export interface Schema extends DBSchema {
  /** By blob name. ArrayBuffers, because browsers fail to write Blobs (`DataError: Failed to write blobs`). */
  blobs: { key: string; value: ArrayBuffer }
  /** One record, under `MANIFEST_KEY`. */
  manifest: { key: string; value: string }
}

export type Database = IDBPDatabase<Schema>

export const DATABASE_PREFIX = 'maxsift:'
export const MANIFEST_KEY = 'current'
const DATABASE_VERSION = 1
const MAX_REOPENS = 3

/**
 * Errors after which the same work may succeed on a new connection: `InvalidStateError` (the connection is closing),
 * `UnknownError` (Chromium: backing store; WebKit: lost server), `AbortError` (aborted by the browser without a reason).
 * A transaction that ended so had no effect, or its effect is seen by the replay.
 */
const RETRYABLE = new Set(['InvalidStateError', 'UnknownError', 'AbortError'])

/** A transaction may take longer than another tab may take to let go: 64 MiB on a slow disk, behind another 64 MiB. */
const TRANSACTION_FACTOR = 6

type Work<D, T> = (db: D, signal: AbortSignal) => Promise<T>

export interface ConnectionOptions {
  /** Of the database; others only in tests. */
  version?: number
  /** Milliseconds to wait for other tabs. */
  patience?: number
}

/** A connection to the database of one index that opens when needed, and again when the browser closed it. */
export class Connection {
  #opened: Promise<Database | null> | null = null
  readonly #name: string
  readonly #version: number
  readonly #patience: number

  constructor(name: string, { version = DATABASE_VERSION, patience = PATIENCE_MS }: ConnectionOptions = {}) {
    this.#name = name
    this.#version = version
    this.#patience = patience
  }

  /**
   * Runs `work` on the database; where the connection fails, again on a new one, at most three times. `work` is given
   * a signal that aborts with the caller's, or with `STORE_BLOCKED` when the transaction does not end: one of another
   * tab that hangs keeps all others waiting.
   * Without `create` a database that does not exist stays so, and `work` gets null.
   * @throws MaxsiftError `STORE_LOST`, `STORE_QUOTA`, `STORE_BLOCKED`, `STORE_CORRUPT`, `INDEX_VERSION_MISMATCH`;
   *   errors of `work` that are not IndexedDB's as they are.
   */
  async run<T>(work: Work<Database, T>, options: { create: true; signal?: AbortSignal }): Promise<T>
  async run<T>(work: Work<Database | null, T>, options: { create: false; signal?: AbortSignal }): Promise<T>
  async run<T>(work: Work<Database, T>, { create, signal }: { create: boolean; signal?: AbortSignal }): Promise<T> {
    for (let reopened = 0; ; reopened++) {
      try {
        const db = (await orAbort(this.#database(create), signal)) as Database
        return await this.#limited((limit) => work(db, limit), signal)
      } catch (error) {
        signal?.throwIfAborted()
        if (!(error instanceof DOMException)) throw error
        if (!RETRYABLE.has(error.name) || reopened === MAX_REOPENS) throw this.#explain(error)
        this.close()
        await sleep(20 * 4 ** reopened)
      }
    }
  }

  async #limited<T>(work: (limit: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const limit = new AbortController()
    const milliseconds = this.#patience * TRANSACTION_FACTOR
    const message = `The storage of index "${this.#name}" did not answer within ${milliseconds / 1000} s.`
    const timer = setTimeout(() => limit.abort(new MaxsiftError('STORE_BLOCKED', message)), milliseconds)
    const abort = () => limit.abort(signal?.reason)
    signal?.addEventListener('abort', abort)
    try {
      return await work(limit.signal)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Closes what is open; the next `run` opens again. Transactions under way finish first. */
  close(): void {
    const opened = this.#opened
    this.#opened = null
    opened?.then(
      (db) => db?.close(),
      () => {},
    )
  }

  async #database(create: boolean): Promise<Database | null> {
    this.#opened ??= this.#open(create)
    const opened = this.#opened
    const db = await opened.catch((error) => {
      this.#forget(opened)
      throw error
    })
    if (db) return db
    // Absent: somebody may create it at any time, perhaps this very call.
    this.#forget(opened)
    return create ? this.#database(true) : null
  }

  #open(create: boolean): Promise<Database | null> {
    const name = DATABASE_PREFIX + this.#name
    let absent = false
    let late = false
    const opening = attempt(() =>
      openDB<Schema>(name, this.#version, {
        upgrade(db, oldVersion, _, tx) {
          if (oldVersion === 0 && !create) {
            // Aborting the first upgrade leaves no database, so that merely looking for an index does not make one.
            absent = true
            tx.done.catch(() => {})
            tx.abort()
          } else if (oldVersion === 0) {
            db.createObjectStore('blobs')
            db.createObjectStore('manifest')
          }
        },
        blocking: (_current, _wanted, event) => {
          ;(event.target as IDBDatabase).close()
          this.#forget(mine)
        },
        terminated: () => this.#forget(mine),
      }),
    )
    const settled = opening.then(
      (db) => {
        if (late) db.close()
        return db
      },
      (error) => {
        if (absent) return null
        throw error
      },
    )
    const message = `The storage of index "${this.#name}" did not open within ${this.#patience / 1000} s.`
    const mine: Promise<Database | null> = orBlocked(settled, this.#patience, message).catch((error) => {
      late = true
      throw error
    })
    return mine
  }

  #forget(opened: Promise<Database | null>): void {
    if (this.#opened === opened) this.#opened = null
  }

  #explain(error: DOMException): unknown {
    const index = `index "${this.#name}"`
    const options = { cause: error }
    switch (error.name) {
      case 'QuotaExceededError':
        return new MaxsiftError('STORE_QUOTA', `There is no room left to store ${index}.`, options)
      case 'VersionError':
        return new MaxsiftError('INDEX_VERSION_MISMATCH', `A newer version of maxsift stored ${index}.`, options)
      case 'NotFoundError':
        return new MaxsiftError('STORE_CORRUPT', `The database of ${index} is not one of maxsift.`, options)
      default:
        return lost(`IndexedDB failed for ${index}`, error)
    }
  }
}

/** Names of the indexes that this origin stores. */
export async function listStores(): Promise<string[]> {
  const databases = await attempt(() => indexedDB.databases()).catch((error) => {
    throw lost('IndexedDB cannot list what it stores', error)
  })
  return databases
    .flatMap(({ name }) => (name?.startsWith(DATABASE_PREFIX) ? [name.slice(DATABASE_PREFIX.length)] : []))
    .sort()
}

/**
 * Deletes the database of an index, if there is one. Tabs that have it open are asked to close it, and told.
 * @throws MaxsiftError `STORE_BLOCKED` when one does not within `patience` milliseconds; the browser deletes it once
 *   that tab is gone.
 */
export async function removeStore(name: string, patience = PATIENCE_MS): Promise<void> {
  const message = `Another tab keeps index "${name}" open; it is removed when that tab closes.`
  const deleting = attempt(() => deleteDB(DATABASE_PREFIX + name)).catch((error) => {
    throw lost(`IndexedDB failed to remove index "${name}"`, error)
  })
  await orBlocked(deleting, patience, message)
  if (typeof BroadcastChannel === 'undefined') return
  const channel = new BroadcastChannel(DATABASE_PREFIX + name)
  channel.postMessage(0)
  channel.close()
}

function lost(what: string, error: unknown): unknown {
  if (!(error instanceof DOMException)) return error
  const why = `${error.name}${error.message && `: ${error.message}`}`
  return new MaxsiftError('STORE_LOST', `${what} (${why}).`, { cause: error })
}

/** Turns a missing or forbidden IndexedDB into `STORE_LOST`, whichever way it says so. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DOMException && error.name !== 'SecurityError') throw error
    const options = { cause: error, remedy: 'Allow this site to store data, or use the memory store.' }
    throw new MaxsiftError('STORE_LOST', 'IndexedDB is not available here.', options)
  }
}
