/** Times implementations of one workload against each other. */
import type { Arithmetic, Needs, Result, Roofline } from './result.ts'
import { median } from './stats.ts'

/** An implementation that is ready to run; its output has been compared. */
export interface Contender {
  impl: string
  run(): Promise<unknown>
  /** What it computes in, where it runs on the adapter of the roofline. */
  arithmetic?: Arithmetic
  /** Products it takes for each one needed, where that is its price for this arithmetic; else 1. */
  parts?: number
}

export interface Terms {
  rounds: number
  /** ms that the repetitions of one contender may take together, once there are three; before that thrice as many. */
  budget: number
}

/**
 * Runs all contenders in turn, round after round, so that whatever else the machine does hits all of them alike. Each
 * has run before, for its output to be compared.
 * @returns ms of each run, by contender
 */
export async function race(contenders: readonly Contender[], { rounds, budget }: Terms): Promise<number[][]> {
  const times: number[][] = contenders.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, { run }] of contenders.entries()) {
      const spent = times[i].reduce((sum, time) => sum + time, 0)
      if (spent > (round >= 3 ? budget : 3 * budget)) continue
      times[i].push(await timed(run))
    }
  }
  return times
}

export async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

export interface Workload {
  workload: string
  /** Where the unit is tokens a second instead of ms. */
  tokens?: number
  /** What a run needs. */
  needs?: Omit<Needs, 'arithmetic'>
}

/** Results of a race. */
export function resultsOf(
  { workload, tokens, needs }: Workload,
  contenders: readonly Contender[],
  times: readonly (readonly number[])[],
): Result[] {
  return contenders.map(({ impl, arithmetic, parts = 1 }, i) => {
    const values = tokens === undefined ? times[i] : times[i].map((ms) => (1000 * tokens) / ms)
    return {
      workload,
      impl,
      unit: tokens === undefined ? 'ms' : 'tokens/s',
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      n: values.length,
      checked: true,
      ms: median(times[i]),
      ...(needs && arithmetic && { needs: { bytes: needs.bytes, operations: needs.operations * parts, arithmetic } }),
    }
  })
}

/** Beyond it a cache cannot hold what is read, and memory itself is the limit. */
const CACHED_BYTES = 2 ** 28

/** Puts each result beside the roofline. */
export function withShares(results: readonly Result[], roofline: Roofline): Result[] {
  const peaks = { f32: roofline.flops, f16: roofline.flops_f16, int8: roofline.ops_int8 }
  return results.map((result) => {
    const { needs, ms } = result
    if (!needs) return result
    const computing = needs.operations / (peaks[needs.arithmetic] ?? roofline.flops)
    const reading = needs.bytes / (needs.bytes < CACHED_BYTES ? roofline.cached_bytes_per_s : roofline.bytes_per_s)
    const share = Math.max(computing, reading) / (ms / 1000)
    return { ...result, share, bound: computing >= reading ? 'arithmetic' : 'bytes' }
  })
}

/** Results that no adapter could reach: mistakes of the bench. */
export function impossible(results: readonly Result[]): Result[] {
  return results.filter(({ share }) => share !== undefined && share > 1)
}
