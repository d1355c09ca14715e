/** The bench in a page: `globalThis.runBench(options)` gives the report. */
import { bench, type Options } from './bench.ts'
import { type EncoderImpl, runtimeEncoder } from './encoders.ts'
import type { Report } from './result.ts'
import { transformersRuntime } from './transformers.ts'

export interface PageOptions extends Pick<Options, 'only'> {
  quick: boolean
  backend: string
  commit: string
  versions: Record<string, string>
  /** Address of transformers.js, and of the folder with the files of its ONNX Runtime. */
  peers: { script: string; runtime: string } | null
  /** Only runs that need no peers give them a reason. */
  missing: string
}

declare global {
  var runBench: (options: PageOptions) => Promise<Report>
}

globalThis.runBench = ({ quick, only, backend, commit, versions, peers: addresses, missing }) => {
  const peers: EncoderImpl[] = []
  const skipped: { impl: string; reason: string }[] = []
  const add = (impl: string, device: 'webgpu' | 'wasm', threads?: number) => {
    if (!addresses) skipped.push({ impl, reason: missing })
    else {
      // A module of its own: the number of threads is one for all sessions of a module.
      const script = `${addresses.script}?${impl}`
      const open = () => transformersRuntime({ script, runtime: addresses.runtime, device, threads })
      peers.push(runtimeEncoder(impl, device === 'webgpu', open))
    }
  }
  add('transformersjs-webgpu', 'webgpu')
  add('transformersjs-wasm-1', 'wasm', 1)
  const threads = navigator.hardwareConcurrency
  if (threads > 1 && globalThis.crossOriginIsolated) add(`transformersjs-wasm-${threads}`, 'wasm', threads)
  const log = (line: string) => console.log(line)
  return bench(
    { gpu: navigator.gpu, backend, versions, commit, peers, skipped, log },
    {
      extent: quick ? 'quick' : 'full',
      only,
    },
  )
}
