/** ONNX Runtime for pages, where scripts/onnx.mjs puts it. */
export const onnxWebFolder = '/.cache/onnx/node_modules/onnxruntime-web/dist/'

/** Why tests of it do not run here, or null when they do. */
export async function onnxWebMissing(): Promise<string | null> {
  const response = await fetch(`${onnxWebFolder}ort-wasm-simd-threaded.wasm`, { method: 'HEAD' })
  // A development server may answer with its page instead of a 404.
  const found = response.ok && !response.headers.get('content-type')?.includes('text/html')
  return found ? null : 'onnxruntime-web is missing (scripts/onnx.mjs)'
}
