import { Host } from '../search/host.ts'
import * as models from '../search/models.ts'
import type { CreateIndexOptions, ModelEntry } from '../search/types.ts'
import * as client from '../worker/client.ts'
import type { SearchIndex } from '../worker/search-index.ts'
import { serve } from '../worker/serve.ts'
import { nodeEnvironment } from './environment.ts'
import { folderModels } from './model-folder.ts'
import { locateModel } from './models.ts'

export interface NodeIndexOptions extends Omit<CreateIndexOptions, 'worker' | 'store' | 'model'> {
  /** The folder of a checkpoint, the base URL of its files, or its name on the hub (`HF_ENDPOINT`, or the option `hub`). */
  model?: CreateIndexOptions['model']
  /** The folder of the index, made when it is first written to; or the base URL of one on the web, read-only. */
  source?: string | URL
  /** Instead of `source`: an index that ends with the process. */
  store?: 'memory'
}

/** Opens an index in a folder, on the web or in memory. @throws MaxsiftError any code; INVALID_ARGUMENT names the option */
export async function createIndex(options: NodeIndexOptions = {}): Promise<SearchIndex> {
  return withFolders(await client.createIndex({ ...options, ...located(options), worker: engine }))
}

/** Fills an index in memory from a file made by `export()`. @throws MaxsiftError INVALID_INDEX_FILE and others */
export async function importIndex(
  file: Parameters<typeof client.importIndex>[0],
  options: Omit<NodeIndexOptions, 'source' | 'store'> = {},
): Promise<SearchIndex> {
  const given = { ...options, ...located(options), store: 'memory', worker: engine } as const
  return withFolders(await client.importIndex(file, given))
}

/** The models in the cache folder. */
export const listModels = (): Promise<ModelEntry[]> => models.listModels(folderModels)

/**
 * Removes a model from the cache folder.
 * @param model Its name or address, or as `listModels` lists it. A name without a commit means all revisions.
 */
export async function removeModel(model: string | URL, { hub }: Pick<NodeIndexOptions, 'hub'> = {}): Promise<void> {
  const listed = (await listModels()).some((entry) => entry.model === model)
  return models.removeModel(folderModels, listed ? String(model) : locateModel(String(model), hub && String(hub)))
}

/** Only here a model may be a folder, whatever its name looks like. */
function located({ model, hub }: Pick<NodeIndexOptions, 'model' | 'hub'> = {}): Pick<NodeIndexOptions, 'model'> {
  return typeof model === 'string' ? { model: locateModel(model, hub && String(hub)) } : {}
}

/** An index for whose `rerank` a model is named as for `createIndex`. */
function withFolders(index: SearchIndex): SearchIndex {
  const rerank = index.rerank.bind(index)
  index.rerank = async (query, hits, options) => rerank(query, hits, { ...options, ...located(options) })
  return index
}

/** The engine in this thread, in the place of a worker: a function of its own, so that all indexes share one. */
function engine(): Worker {
  const { port1, port2 } = new MessageChannel()
  serve(port2, new Host(nodeEnvironment))
  return Object.assign(port1, { terminate: () => port1.close() }) as unknown as Worker
}
