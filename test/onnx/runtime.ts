/** ONNX Runtime for tests: from `node_modules`, or from `.cache/onnx`, where scripts/onnx.mjs puts the pinned versions. */
import type { Runtime } from '../../src/onnx/runtime.ts'
import versions from './versions.json'

declare const process: { cwd(): string } | undefined

/** Where packages are looked for, relative to the project. */
const PLACES = ['.', '.cache/onnx']

let entry: Promise<Runtime | null> | undefined

/** The runtime of this test run, in Node alone; null where it is not installed. */
export function onnxRuntime(): Promise<Runtime | null> {
  entry ??= load()
  return entry
}

/** Why tests of the ONNX backend do not run here, or null when they do. */
export async function onnxMissing(): Promise<string | null> {
  return (await onnxRuntime()) ? null : `onnxruntime-node ${versions['onnxruntime-node']} is missing (scripts/onnx.mjs)`
}

/** A folder that onnxruntime-node is found from. */
export async function onnxFolder(): Promise<string | null> {
  if (typeof process === 'undefined') return null
  const { createRequire } = await import('node:module')
  for (const place of PLACES) {
    const folder = `${process.cwd()}/${place}`
    try {
      createRequire(`${folder}/package.json`).resolve('onnxruntime-node')
      return folder
    } catch {}
  }
  return null
}

async function load(): Promise<Runtime | null> {
  const folder = await onnxFolder()
  if (folder === null) return null
  const { createRequire } = await import('node:module')
  return createRequire(`${folder}/package.json`)('onnxruntime-node')
}
