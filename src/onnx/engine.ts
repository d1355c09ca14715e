/** The part of the engine that only pages with ONNX Runtime load: a script of its own, imported by the worker. */
import { MaxsiftError } from '../errors.ts'
import type { OnnxOption } from '../search/types.ts'
import { OnnxBackend } from './backend.ts'
import { writeProduct } from './multiplier.ts'
import type { Runtime } from './runtime.ts'

interface WebRuntime extends Runtime {
  env: Runtime['env'] & { wasm: { wasmBinary?: ArrayBuffer; numThreads?: number } }
}

/** The smallest WebAssembly module there is: whether it compiles is a matter of policy alone. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)

/**
 * Loads ONNX Runtime in a page or worker.
 * @throws MaxsiftError `ONNX_UNAVAILABLE`: WebAssembly is forbidden, or the files are not there
 */
export async function open({ script, wasm, threads }: OnnxOption): Promise<OnnxBackend> {
  try {
    await WebAssembly.compile(EMPTY_MODULE)
  } catch (cause) {
    throw unavailable('WebAssembly may not be used here.', cause, POLICY_REMEDY)
  }
  // Fetched here and now: the runtime itself would only notice when the model is there too, and not say what is missing.
  const binary = await fetch(wasm).catch((cause) => {
    throw unavailable(`${wasm} could not be fetched.`, cause)
  })
  if (!binary.ok) throw unavailable(`${wasm} answered ${binary.status}.`)
  const runtime: WebRuntime = await import(/* @vite-ignore */ /* webpackIgnore: true */ script).catch((cause) => {
    throw unavailable(`${script} could not be loaded: ${cause.message}`, cause)
  })
  const { wasm: settings } = runtime.env
  settings.wasmBinary = await binary.arrayBuffer()
  settings.numThreads = threads
  // A first session starts the runtime: if that fails, it does so before a model is fetched.
  const session = await runtime.InferenceSession.create(writeProduct('F32'), { logSeverityLevel: 3 }).catch((cause) => {
    throw unavailable(`ONNX Runtime does not start: ${cause.message}`, cause)
  })
  await session.release()
  settings.wasmBinary = undefined
  return new OnnxBackend(runtime, `ONNX Runtime ${runtime.env.versions.web}, WebAssembly`)
}

const POLICY_REMEDY =
  "Allow 'wasm-unsafe-eval' in the script-src of the Content-Security-Policy, of the page and of its worker script."

const unavailable = (message: string, cause?: unknown, remedy?: string) =>
  new MaxsiftError('ONNX_UNAVAILABLE', message, {
    cause,
    remedy:
      remedy ?? 'Serve the two files of onnxruntime-web from this origin, at the addresses given to onnxRuntime().',
  })
