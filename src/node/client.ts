import { Host } from '../search/host.ts'
import type { CreateIndexOptions } from '../search/types.ts'
import * as client from '../worker/client.ts'
import type { SearchIndex } from '../worker/search-index.ts'
import { serve } from '../worker/serve.ts'
import { nodeEnvironment } from './environment.ts'

export interface NodeIndexOptions extends Omit<CreateIndexOptions, 'worker' | 'store' | 'model'> {
  /** The folder of a checkpoint, or the base URL of its files. */
  model?: CreateIndexOptions['model']
  /** The folder of the index, made when it is first written to; or the base URL of one on the web, read-only. */
  source?: string | URL
  /** Instead of `source`: an index that ends with the process. */
  store?: 'memory'
}

/** Opens an index in a folder, on the web or in memory. @throws MaxsiftError any code; INVALID_ARGUMENT names the option */
export function createIndex(options: NodeIndexOptions = {}): Promise<SearchIndex> {
  return client.createIndex({ ...options, worker: engine })
}

/** Fills an index in memory from a file made by `export()`. @throws MaxsiftError INVALID_INDEX_FILE and others */
export function importIndex(
  file: Parameters<typeof client.importIndex>[0],
  options: Omit<NodeIndexOptions, 'source' | 'store'> = {},
): Promise<SearchIndex> {
  return client.importIndex(file, { ...options, store: 'memory', worker: engine })
}

/** The engine in this thread, in the place of a worker: a function of its own, so that all indexes share one. */
function engine(): Worker {
  const { port1, port2 } = new MessageChannel()
  serve(port2, new Host(nodeEnvironment))
  return Object.assign(port1, { terminate: () => port1.close() }) as unknown as Worker
}
