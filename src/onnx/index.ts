/** `maxsift/onnx`: where a page finds ONNX Runtime. */
import type { OnnxOption } from '../search/types.ts'

export type { OnnxOption }

/**
 * What `createIndex({ onnx })` takes, for pages of browsers without WebGPU. Nothing is fetched before it is needed.
 * @param runtime The address of a folder with `ort.wasm.bundle.min.mjs` and `ort-wasm-simd-threaded.wasm` of the package
 *   `onnxruntime-web`; or the addresses of the two. They must be of the page's own origin.
 * @param options.threads More than one needs a page that is cross-origin isolated and does not enforce Trusted Types.
 */
export function onnxRuntime(
  runtime: string | URL | { script: string | URL; wasm: string | URL },
  { threads }: { threads?: number } = {},
): OnnxOption {
  // Bundlers know this form and copy the file; it needs nothing beside it.
  const engine = new URL('./engine.ts', import.meta.url).href
  const { script, wasm } = typeof runtime === 'object' && 'script' in runtime ? runtime : filesIn(String(runtime))
  return { engine, script: String(script), wasm: String(wasm), threads }
}

function filesIn(folder: string): { script: string; wasm: string } {
  const base = folder.endsWith('/') ? folder : `${folder}/`
  return { script: `${base}ort.wasm.bundle.min.mjs`, wasm: `${base}ort-wasm-simd-threaded.wasm` }
}
