import { check } from '../errors.ts'
import type { OpenOptions } from '../search/service.ts'
import type { CallOptions, CreateIndexOptions, IndexEntry, ModelEntry } from '../search/types.ts'
import type { Connection } from './connect.ts'
import { defaultModel } from './default-model.ts'
import { callOptions, namedModel, readCreateOptions } from './options.ts'
import { askToPersist } from './persist.ts'
import { anyLease, lease, type WorkerOption } from './pool.ts'
import { SearchIndex } from './search-index.ts'

/** Options of the calls that concern all indexes of this origin. `worker` is needed only where no index is open. */
export interface OriginOptions extends Pick<CallOptions, 'signal'> {
  worker?: WorkerOption
}

/**
 * Opens an index, or makes it where there is none of this name. Indexes of one page share one worker, one GPU device
 * and one copy of each model.
 * @throws MaxsiftError any code; INVALID_ARGUMENT names the option
 */
export async function createIndex(options: CreateIndexOptions = {}): Promise<SearchIndex> {
  return open(readCreateOptions(options), options)
}

/**
 * Replaces the index of this name with the contents of a file made by `export()`, wholly or not at all, and opens it.
 * @throws MaxsiftError INVALID_INDEX_FILE, INDEX_VERSION_MISMATCH, MODEL_MISMATCH, or what `createIndex` throws
 */
export async function importIndex(
  file: Blob | ArrayBuffer | Uint8Array<ArrayBuffer>,
  options: CreateIndexOptions = {},
): Promise<SearchIndex> {
  const plain = readCreateOptions(options)
  check(options.source === undefined, '`source` opens a ready-made index; it cannot be imported into')
  const bytes = file instanceof ArrayBuffer || file instanceof Uint8Array
  check(bytes || file instanceof Blob, 'The index file must be a Blob, an ArrayBuffer or a Uint8Array')
  return open({ ...plain, file: bytes ? new Blob([file]) : file }, options)
}

/** The stored indexes of this origin. */
export async function listIndexes(options: OriginOptions = {}): Promise<IndexEntry[]> {
  return ofOrigin(options, (connection) => connection.call('list', [], options))
}

/**
 * Removes a stored index by its name. For one that is damaged and cannot be opened any more; handles on an open one
 * reject from then on, here and in other tabs.
 * @throws MaxsiftError STORE_BLOCKED, STORE_LOST
 */
export async function removeIndex(name: string, options: OriginOptions = {}): Promise<void> {
  check(typeof name === 'string' && name !== '', '`name` must be a string that is not empty')
  return ofOrigin(options, (connection) => connection.call('removeIndex', [name], options))
}

/** The models that are kept on this device for this origin. */
export async function listModels(options: OriginOptions = {}): Promise<ModelEntry[]> {
  return ofOrigin(options, (connection) => connection.call('listModels', [], options))
}

/**
 * Removes a model from this device: the next index that needs it fetches it again. Open ones go on with it.
 * @param model Its name or address, as in `createIndex`, or as `listModels` lists it. A name without a commit means all
 *   revisions. What is not there is no error.
 * @throws MaxsiftError INVALID_ARGUMENT
 */
export async function removeModel(
  model: string | URL,
  options: OriginOptions & Pick<CreateIndexOptions, 'hub'> = {},
): Promise<void> {
  check(model instanceof URL || (typeof model === 'string' && model !== ''), '`model` must be a name or an address')
  const listed = (await listModels(options)).some((entry) => entry.model === model)
  const key = listed ? String(model) : namedModel(model, options.hub)
  return ofOrigin(options, (connection) => connection.call('removeModel', [key], options))
}

/** Removes everything that maxsift keeps on this device for this origin: indexes and models. */
export async function removeAll(options: OriginOptions = {}): Promise<void> {
  return ofOrigin(options, (connection) => connection.call('removeAll', [], options))
}

async function ofOrigin<Value>(
  { worker, signal }: OriginOptions,
  call: (connection: Connection) => Promise<Value>,
): Promise<Value> {
  callOptions({ signal })
  signal?.throwIfAborted()
  const { connection, release } = anyLease(worker)
  return call(connection).finally(release)
}

async function open(plain: OpenOptions, options: CreateIndexOptions) {
  const { worker = true, persist = true, signal, onProgress } = options
  signal?.throwIfAborted()
  const held = lease(worker)
  const { connection } = held
  let discarded: Promise<void> | undefined
  // An abort may come too late: then there is a handle that nobody else will ever close.
  const discard = ({ handle }: { handle: number }) => {
    discarded = connection.call('close', [handle]).catch(() => {})
  }
  try {
    const asked = plain.model === undefined ? { ...plain, defaultModel: defaultModel() } : plain
    const { handle, info } = await connection.call('open', [asked], { signal, onProgress, discard })
    // A ready-made index and its model can be fetched again; what a person adds cannot.
    if (info.store === 'indexeddb' && persist) askToPersist()
    return new SearchIndex(held, handle, info.name)
  } catch (error) {
    void Promise.resolve(discarded).then(held.release)
    throw error
  }
}
