import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MaxsiftError } from '../errors.ts'
import { dictionaryAddress } from '../japanese/address.ts'
import { bundledSource } from '../model/bundled.ts'
import { checkedSource } from '../model/checked.ts'
import type { Environment } from '../search/environment.ts'
import { modelsBy } from '../search/models.ts'
import { httpStore, memoryStore } from '../store/index.ts'
import type { Store } from '../store/store.ts'
import { folderSource, openFile } from './folder-source.ts'
import { folderStore } from './folder-store.ts'
import { nodeGpu } from './gpu.ts'
import { folderModels } from './model-folder.ts'
import { isFolder, isWeb, locateModel, toPath } from './models.ts'

const openModel = modelsBy(folderModels)
const hub = () => import('../worker/hub.ts')

/**
 * Node: WebGPU by Dawn, ONNX Runtime on the CPU, models in folders or on the web, indexes in folders. `source` is the folder of an index, which is
 * made when it is first written to, or the address of one on the web, which is read-only.
 */
export const nodeEnvironment: Environment = {
  device: async () => ({ gpu: await nodeGpu() }),

  // Loaded only when it is chosen.
  onnx: async () => (await import('./onnx.ts')).nodeOnnx(),

  // It lies in this package.
  japanese: () => async (signal) => {
    const { open } = await import('../japanese/morphemes.ts')
    return open(dictionaryAddress(), { signal, open: (url, signal) => openFile(fileURLToPath(url), signal) })
  },

  words: () => import('../search/words.ts'),

  tokenizers: () => () => import('../worker/tokenizers.ts'),

  model(model, { integrity } = {}) {
    const options = { integrity, hub }
    if (typeof model !== 'string') {
      if (!('fingerprint' in model && model.files)) return openModel(model, options)
      // Those of this package lie in its own folder.
      const open = (url: URL, signal?: AbortSignal) => openFile(fileURLToPath(url), signal)
      return { ...openModel(model), source: bundledSource(model.name, model.files, open) }
    }
    const place = locateModel(model)
    if (isWeb(place)) return openModel(place, options)
    if (isFolder(place)) return { key: place, source: checkedSource(folderSource(place), integrity) }
    throw new MaxsiftError('MODEL_FETCH_FAILED', `There is no folder ${place}.`, {
      remedy: 'Check the path of the model: it is the folder that holds config.json and model.safetensors.',
    })
  },

  models: folderModels,

  async store({ source, store }) {
    if (source !== undefined) return { store: openStore(source) }
    if (store === 'memory') return { store: memoryStore() }
    throw new MaxsiftError('INVALID_ARGUMENT', 'In Node an index lives in a folder: its path is missing as `source`.', {
      remedy: "Pass source: 'path/of/the/index', or store: 'memory' for one that ends with the process.",
    })
  },
}

/** The store of an index in a folder, or on the web. */
export function openStore(address: string): Store {
  return isWeb(address) ? httpStore(address) : folderStore(resolve(toPath(address)))
}
