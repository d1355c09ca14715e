/** The whole bench, in a page or in Node: see docs/guide/bench.md. */
import { Device } from '../src/gpu/device.ts'
import { count, overdrawn } from './counts.ts'
import { measureEncoders } from './encode.ts'
import { type EncoderImpl, ownEncoders } from './encoders.ts'
import { measureKernels } from './kernels.ts'
import { maxSimName, measureMaxSim, measureTop, type ScorerImpl, topName } from './maxsim.ts'
import { type Terms, withShares } from './measure.ts'
import type { Report, Result } from './result.ts'
import { better, measureRoofline } from './roofline.ts'
import { measureSearch, searchName } from './search.ts'
import { type Extent, SHAPES, sizes } from './shapes.ts'

/** Where the bench runs, and what there is to compare with. */
export interface Host {
  gpu: GPU
  /** `Chromium 140` or `Dawn in Node`. */
  backend: string
  versions: Record<string, string>
  commit: string
  peers: readonly EncoderImpl[]
  /** Other ways to MaxSim. */
  scorers?: readonly ScorerImpl[]
  skipped: readonly { impl: string; reason: string }[]
  /** Bytes of array buffers alive, where that can be known. */
  arrayBuffers?: () => Promise<number>
  log(line: string): void
}

export interface Options {
  extent: Extent
  /** Beginning of the names of the workloads wanted; all by default. */
  only?: string
}

/** @throws Error where an implementation gives another output than it should, or a count is above its limit */
export async function bench(host: Host, { extent, only = '' }: Options): Promise<Report> {
  const quick = extent === 'quick'
  const { gpu, backend, versions, commit, log } = host
  const start = performance.now()
  const device = await Device.open({ gpu })
  const { adapter, fallback } = device.caps
  log(`${adapter}, ${backend}`)
  const { shapes, queries, batches, maxsim, topk, search, kernels, rounds, budget } = sizes(fallback, extent)
  const terms: Terms = { rounds, budget }
  const wanted = (workload: string) => workload.startsWith(only)
  const results: Result[] = []
  const skipped = [...host.skipped]
  try {
    // Before anything else has compiled a shader.
    const [smallest] = shapes
    for (const passages of search) {
      const task = { shape: smallest, passages, terms }
      const names = [searchName(task), `load/${smallest}`]
      if (!names.some(wanted)) continue
      log(`${names[0]}, cold`)
      const peers = passages > 10_000 ? [] : host.peers
      const found = await measureSearch(gpu, peers, task, log)
      // Only the first one of a process is cold.
      results.push(...found.filter(({ workload }) => workload === names[0] || passages === search[0]))
    }
    log('roofline')
    const before = await measureRoofline(device, quick)
    log('counts')
    const counts = await count(device, SHAPES[smallest], host.arrayBuffers)
    const above = overdrawn(counts)
    if (above.length > 0) throw new Error(above.join('\n'))

    const impls = [...ownEncoders(device), ...host.peers]
    for (const shape of shapes) {
      results.push(...(await measureEncoders(device, impls, { shape, queries, batches, wanted, terms }, log)))
    }
    for (const size of maxsim) {
      if (!wanted(maxSimName(size))) continue
      log(maxSimName(size))
      results.push(...(await measureMaxSim(device, size, terms, host.scorers)))
    }
    for (const documents of topk) {
      for (const k of [10, 1000]) {
        if (!wanted(topName(documents, k))) continue
        log(topName(documents, k))
        results.push(...(await measureTop(device, documents, k, terms)))
      }
    }
    for (const shape of kernels ? shapes : []) {
      const batch = quick ? 0 : batches[batches.length - 1]
      results.push(...(await measureKernels(device, { shape, query: 32, batch, wanted, terms }, log)))
    }
    const roofline = quick ? before : better(before, await measureRoofline(device, quick))
    return {
      adapter,
      backend,
      software: fallback,
      versions,
      commit,
      date: new Date().toISOString(),
      seconds: Math.round((performance.now() - start) / 1000),
      roofline,
      counts,
      results: withShares(results, roofline),
      skipped,
    }
  } finally {
    device.destroy()
  }
}
