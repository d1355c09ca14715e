import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { PackedQuery } from '../../cpu/maxsim.ts'
import { type ScoringTask, scoreDocuments } from './score.ts'

/** Scores tasks; one at a time each. */
export interface Scorer {
  score(task: ScoringTask): Promise<Float32Array>
  close(): Promise<void>
}

/** Beside the built command line. */
const SCRIPT = join(fileURLToPath(new URL('.', import.meta.url)), 'scorer.js')

/**
 * One scorer a thread. Where the script is not there, as when this runs from its sources, one on this thread.
 * @param threads Default: as many as there are cores.
 */
export function openScorers(
  queries: readonly PackedQuery[],
  threads = availableParallelism(),
  script = SCRIPT,
): Scorer[] {
  if (!existsSync(script)) return [{ score: async (task) => scoreDocuments(queries, task), close: async () => {} }]
  const shared = share(queries)
  return Array.from({ length: threads }, () => openThread(script, shared))
}

function openThread(script: string, workerData: readonly PackedQuery[]): Scorer {
  const worker = new Worker(script, { workerData })
  // Why it can score no more.
  let ended: Error | null = null
  let waiting: { resolve: (scores: Float32Array) => void; reject: (error: Error) => void } | null = null
  const end = (error: Error) => {
    ended ??= error
    waiting?.reject(ended)
  }
  worker.on('message', (scores: Float32Array) => waiting?.resolve(scores))
  worker.on('error', end)
  worker.on('exit', () => end(new Error('A scoring thread has ended.')))
  return {
    score: (task) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject }
        if (ended) reject(ended)
        else worker.postMessage(task, [task.values.buffer as ArrayBuffer])
      }),
    close: async () => void (await worker.terminate()),
  }
}

/** Held once for all threads. */
function share(queries: readonly PackedQuery[]): PackedQuery[] {
  const length = queries.reduce((sum, { groups }) => sum + groups.length, 0)
  const shared = new Float64Array(new SharedArrayBuffer(length * Float64Array.BYTES_PER_ELEMENT))
  let end = 0
  return queries.map(({ groups, ...query }) => {
    const start = end
    end += groups.length
    shared.set(groups, start)
    return { ...query, groups: shared.subarray(start, end) }
  })
}
