/**
 * The bench in Node, over Dawn: a program of its own, which also runs from the packed folder.
 *
 *     node bench.mjs [--quick] [--only NAME] [--json FILE] [--peers FOLDER] [--commit ID]
 *
 * --peers  a folder whose node_modules has onnxruntime-node
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Runtime } from '../src/onnx/runtime.ts'
import { bench } from './bench.ts'
import { type EncoderImpl, onProviders, runtimeEncoder } from './encoders.ts'
import type { ScorerImpl } from './maxsim.ts'
import { torchMissing, torchScorer } from './torch.ts'

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    json: { type: 'string' },
    peers: { type: 'string' },
    commit: { type: 'string', default: 'unknown' },
  },
})

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

/** What is dead is freed in the background, so it is asked for and waited for. */
async function arrayBuffers(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage().arrayBuffers
}

const require = createRequire(import.meta.url)
const versions: Record<string, string> = { node: process.version, webgpu: versionOf(require.resolve('webgpu')) }
const peers: EncoderImpl[] = []
const skipped: { impl: string; reason: string }[] = []
const names = ['ort-node-webgpu', 'ort-node-cpu']
try {
  if (options.peers === undefined) throw new Error('no folder with onnxruntime-node was named')
  const path = createRequire(join(resolve(options.peers), 'package.json')).resolve('onnxruntime-node')
  const module = await import(/* @vite-ignore */ pathToFileURL(path).href)
  const runtime: Runtime = module.default ?? module
  versions['onnxruntime-node'] = versionOf(path)
  for (const impl of names) {
    const provider = impl.slice('ort-node-'.length)
    peers.push(runtimeEncoder(impl, provider === 'webgpu', async () => onProviders(runtime, [provider])))
  }
} catch (error) {
  for (const impl of names) skipped.push({ impl, reason: (error as Error).message.split('\n')[0] })
}

const scorers: ScorerImpl[] = []
const python = process.env.MAXSIFT_PYTHON
const torch = python === undefined ? 'MAXSIFT_PYTHON names no Python that has it' : torchMissing(python)
if (python === undefined || torch) skipped.push({ impl: 'pytorch', reason: torch })
else scorers.push(torchScorer(python))

const { create } = await import('webgpu')
const gpu: GPU = create([])
if (!(await gpu.requestAdapter())) {
  console.error('No GPU adapter: install a Vulkan driver, the one of the GPU or Mesa 24 or later.')
  process.exit(1)
}
const log = (line: string) => console.error(line)
const { quick, only, commit } = options
const backend = 'Dawn in Node'
const host = { gpu, backend, versions, commit, peers, scorers, skipped, arrayBuffers, log }
const report = JSON.stringify(await bench(host, { extent: quick ? 'quick' : 'full', only }), null, 2)
if (options.json) writeFileSync(options.json, `${report}\n`)
else console.log(report)
// Runtimes keep threads.
process.exit(0)

/** The version of the package that a file belongs to. */
function versionOf(file: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, 'package.json')
    if (!existsSync(path)) continue
    const { version } = JSON.parse(readFileSync(path, 'utf8'))
    if (version) return version
  }
  return 'unknown'
}
