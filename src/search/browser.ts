import { type ErrorCode, MaxsiftError } from '../errors.ts'
import { webStore } from '../model/cache-api.ts'
import { httpStore, indexedDBStore, memoryStore } from '../store/index.ts'
import type { Environment } from './environment.ts'
import { webFindings } from './findings.ts'
import { modelsBy } from './models.ts'

/** A page or a worker: WebGPU of the browser, models over HTTP or from the user, indexes in IndexedDB. */
export const browserEnvironment: Environment = {
  device: () => ({}),
  findings: webFindings,

  async onnx(runtime) {
    if (!runtime) throw noRuntime('No address of ONNX Runtime was given.')
    // A script of its own: it is not even fetched by those who have a GPU.
    const engine = await script(runtime.engine).catch((error) => {
      throw noRuntime(error.message, error.cause)
    })
    return engine.open(runtime)
  },

  // Fetched when words are searched first.
  words: (address) => script(address, 'LEXICAL_UNAVAILABLE'),

  // Fetched with the first checkpoint that needs them.
  tokenizers: (address) => whenNeeded(address, 'tokenizers.js'),

  // Fetched with the first model on a hub, or the first hash.
  hub: (address) => whenNeeded(address, 'hub.js'),

  // Fetched with the first checkpoint that is Japanese.
  japanese: (option) =>
    option &&
    (async (signal) => {
      const engine = await script(
        option.engine,
        'MODEL_FETCH_FAILED',
        'Serve japanese-engine.js of maxsift/japanese beside japanese.js, from the origin of the page.',
      )
      return engine.open(option.dictionary, { signal })
    }),

  model: modelsBy(webStore),
  models: webStore,

  async store({ name, source, store }, signal) {
    if (source !== undefined) return { store: httpStore(source) }
    if (store === 'memory') return { store: memoryStore() }
    try {
      return { store: await indexedDBStore(name, { signal }) }
    } catch (error) {
      // No IndexedDB here, or a broken one: the index works, but only as long as the page. Never silently.
      if (!(error instanceof MaxsiftError && error.code === 'STORE_LOST')) throw error
      return { store: memoryStore(), fallback: error }
    }
  },
}

const whenNeeded = (address: string | undefined, name: string) =>
  address === undefined
    ? undefined
    : () => script(address, 'MODEL_FETCH_FAILED', `Serve ${name} beside index.js, from the origin of the page.`)

/** Imports a part of the package that is a script of its own. */
function script(address: string, code: ErrorCode = 'ONNX_UNAVAILABLE', remedy?: string) {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ address).catch((cause) => {
    throw new MaxsiftError(code, `${address} could not be loaded: ${cause.message}`, { cause, remedy })
  })
}

const noRuntime = (message: string, cause?: unknown) =>
  new MaxsiftError('ONNX_UNAVAILABLE', message, {
    cause,
    remedy:
      'Pass `onnx: onnxRuntime(address)` of maxsift/onnx, and serve onnx-engine.js and the files of onnxruntime-web.',
  })
