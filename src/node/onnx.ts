import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MaxsiftError } from '../errors.ts'
import { OnnxBackend } from '../onnx/backend.ts'
import type { Runtime } from '../onnx/runtime.ts'

/**
 * ONNX Runtime on the CPU, by the optional npm package `onnxruntime-node`, which `@huggingface/transformers` brings too.
 * @throws MaxsiftError `ONNX_UNAVAILABLE`
 */
export async function nodeOnnx(): Promise<OnnxBackend> {
  const runtime = await nodeRuntime()
  return new OnnxBackend(runtime, `ONNX Runtime ${runtime.env.versions.node}, CPU`)
}

/** @throws MaxsiftError `ONNX_UNAVAILABLE` */
export async function nodeRuntime(): Promise<Runtime> {
  const path = locate()
  if (path === null) {
    throw new MaxsiftError('ONNX_UNAVAILABLE', 'The package onnxruntime-node is missing.', {
      remedy: 'Install it: npm install onnxruntime-node',
    })
  }
  try {
    const module = await import(/* @vite-ignore */ pathToFileURL(path).href)
    return module.default ?? module
  } catch (cause) {
    throw new MaxsiftError('ONNX_UNAVAILABLE', `onnxruntime-node cannot be loaded: ${(cause as Error).message}.`, {
      cause,
      remedy: `Install it anew with \`npm install onnxruntime-node\`; here is ${process.platform}-${process.arch}.`,
    })
  }
}

/** Beside this package, else from the current folder: `npx maxsift` runs from a cache that knows nothing of the latter. */
function locate(): string | null {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    const beside = resolve(from, 'onnxruntime-node')
    if (beside !== null) return beside
    const transformers = resolve(from, '@huggingface/transformers')
    const within = transformers && resolve(transformers, 'onnxruntime-node')
    if (within) return within
  }
  return null
}

function resolve(from: string, name: string): string | null {
  try {
    return createRequire(from).resolve(name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'MODULE_NOT_FOUND' || code === 'ERR_PACKAGE_PATH_NOT_EXPORTED') return null
    throw error
  }
}
