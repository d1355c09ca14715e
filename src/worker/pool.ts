import { check } from '../errors.ts'
import type { CreateIndexOptions } from '../search/types.ts'
import { Connection, workerFailure } from './connect.ts'
import { absolute } from './options.ts'

export type WorkerOption = NonNullable<CreateIndexOptions['worker']>

/** One connection for all indexes of the page that name the same worker; it ends with its last user. */
interface Shared {
  connection: Connection
  users: number
}

const pool = new Map<unknown, Shared>()

/** A use of a connection. */
export interface Lease {
  connection: Connection
  release(): void
}

/** @throws MaxsiftError INVALID_ARGUMENT: the worker cannot be made */
export function lease(worker: WorkerOption): Lease {
  check(
    typeof worker === 'boolean' || typeof worker === 'function' || typeof worker === 'string' || worker instanceof URL,
    '`worker` must be true, false, an address or a function that makes a Worker',
  )
  const key = typeof worker === 'string' || worker instanceof URL ? absolute('worker', worker) : worker
  let shared = pool.get(key)
  if (!shared || shared.connection.failure) {
    shared = { connection: open(key), users: 0 }
    pool.set(key, shared)
  }
  return take(key, shared)
}

/** For calls that concern no index: a connection that is open anyway, else one of our own. */
export function anyLease(worker?: WorkerOption): Lease {
  for (const [key, shared] of worker === undefined ? pool : []) if (!shared.connection.failure) return take(key, shared)
  return lease(worker ?? true)
}

function take(key: unknown, shared: Shared): Lease {
  shared.users++
  let held = true
  return {
    connection: shared.connection,
    release() {
      if (!held) return
      held = false
      if (--shared.users > 0) return
      if (pool.get(key) === shared) pool.delete(key)
      shared.connection.end(workerFailure('The worker has ended'))
    },
  }
}

function open(worker: boolean | string | (() => Worker)): Connection {
  if (worker === false) return inThisThread()
  try {
    const made = typeof worker === 'function' ? worker() : startWorker(worker)
    return new Connection(made, () => made.terminate())
  } catch (cause) {
    throw workerFailure(`The worker cannot be made: ${(cause as Error).message}`, cause)
  }
}

/** The engine in this thread, behind the same messages; its code is fetched only here. */
function inThisThread(): Connection {
  const { port1, port2 } = new MessageChannel()
  const connection = new Connection(port1, () => port1.close())
  import('./direct.ts').then(
    // Unless all users have left meanwhile: what they asked for waits in the port, and would be done for nobody.
    ({ start }) => connection.failure ?? start(port2),
    (cause) => connection.end(workerFailure(`The engine cannot be loaded: ${cause.message}`, cause)),
  )
  return connection
}

function startWorker(worker: string | true): Worker {
  // Bundlers know this form and copy the file; it needs nothing beside it.
  const own = new URL('./worker.js', import.meta.url).href
  const url = worker === true ? own : worker
  return new Worker(trusted(url, own) as string, { type: 'module', name: 'maxsift' })
}

let policy: { createScriptURL(url: string): unknown } | undefined

/**
 * Under Trusted Types a worker's address must come from a policy. Ours is named `maxsift`, for a page that lists its
 * policies, and lets through our own script and those of the page's origin.
 */
function trusted(url: string, own: string): unknown {
  const { trustedTypes } = globalThis as { trustedTypes?: { createPolicy(name: string, rules: object): typeof policy } }
  if (!trustedTypes) return url
  policy ??= trustedTypes.createPolicy('maxsift', {
    createScriptURL(address: string) {
      if (address === own || address.startsWith(`${globalThis.origin}/`)) return address
      throw new TypeError(`${address} is not of this origin`)
    },
  })
  return policy!.createScriptURL(url)
}
