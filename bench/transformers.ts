/**
 * transformers.js as a runtime: its models, its sessions, its ONNX Runtime, around the graph of our checkpoint. The
 * files of a model come from memory, through the cache that it lets pages bring along.
 */
import type { Runtime, Session } from '../src/onnx/runtime.ts'

/** What is used of `@huggingface/transformers`. */
interface Transformers {
  env: {
    version: string
    allowRemoteModels: boolean
    allowLocalModels: boolean
    useBrowserCache: boolean
    useCustomCache: boolean
    customCache: unknown
    useWasmCache?: boolean
    backends: { onnx: { wasm?: { wasmPaths?: string; numThreads?: number }; versions?: Record<string, string> } }
  }
  AutoModel: { from_pretrained(name: string, options: object): Promise<Model> }
  Tensor: Runtime['Tensor']
}

interface Model {
  (inputs: object): Promise<Record<string, { data: unknown }>>
  dispose(): Promise<unknown>
}

export interface TransformersOptions {
  /** Address of the module. */
  script: string
  /** Address of the folder with the files of its ONNX Runtime. */
  runtime: string
  device: 'webgpu' | 'wasm'
  threads?: number
}

/** @returns the runtime, and the versions of the two packages */
export async function transformersRuntime({ script, runtime, device, threads }: TransformersOptions): Promise<Runtime> {
  const transformers: Transformers = await import(/* @vite-ignore */ script)
  const { env, AutoModel, Tensor } = transformers
  const files = new Map<string, Uint8Array>()
  Object.assign(env, {
    allowRemoteModels: false,
    allowLocalModels: true,
    useBrowserCache: false,
    useWasmCache: false,
    useCustomCache: true,
    customCache: {
      match: async (request: string | Request) => {
        const { pathname } = new URL(typeof request === 'string' ? request : request.url, globalThis.location.href)
        const found = [...files].find(([name]) => pathname.endsWith(`/${name}`))
        return found && new Response(found[1] as Uint8Array<ArrayBuffer>)
      },
      put: async () => {},
    },
  })
  const { wasm } = env.backends.onnx
  if (wasm) {
    wasm.wasmPaths = runtime
    wasm.numThreads = threads
  }
  const create = async (graph: Uint8Array, { externalData }: { externalData?: unknown } = {}): Promise<Session> => {
    files.set('config.json', new TextEncoder().encode(JSON.stringify({ model_type: 'bert' })))
    files.set('onnx/model.onnx', graph)
    const options = { device, dtype: 'fp32', session_options: { externalData } }
    const model = await AutoModel.from_pretrained('bench', options)
    return { run: (inputs) => model(inputs), release: async () => void (await model.dispose()) }
  }
  return { Tensor, env: { versions: { 'transformers.js': env.version } }, InferenceSession: { create } }
}
