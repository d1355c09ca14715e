import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MaxsiftError } from '../errors.ts'
import { browserEnvironment } from '../search/browser.ts'
import type { Environment } from '../search/environment.ts'
import { httpStore, memoryStore } from '../store/index.ts'
import type { Store } from '../store/store.ts'
import { folderSource } from './folder-source.ts'
import { folderStore } from './folder-store.ts'
import { nodeGpu } from './gpu.ts'

/**
 * Node: WebGPU by Dawn, models in folders or on the web, indexes in folders. `source` is the folder of an index, which is
 * made when it is first written to, or the address of one on the web, which is read-only.
 */
export const nodeEnvironment: Environment = {
  device: async () => ({ gpu: await nodeGpu() }),

  model(model) {
    if (typeof model !== 'string' || isWeb(model)) return browserEnvironment.model(model)
    const folder = resolve(toPath(model))
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
      throw new MaxsiftError('MODEL_FETCH_FAILED', `There is no folder ${folder}.`, {
        remedy: 'Check the path of the model: it is the folder that holds config.json and model.safetensors.',
      })
    }
    return { key: folder, source: folderSource(folder) }
  },

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

/** Whether this is an address on the web, and not a path. */
export function isWeb(address: string): boolean {
  return /^https?:\/\//i.test(address)
}

function toPath(address: string): string {
  return address.startsWith('file://') ? fileURLToPath(address) : address
}
