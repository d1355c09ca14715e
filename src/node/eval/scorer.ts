/** The script of a scoring thread: queries come with it, then one task after the other. */
import { parentPort, workerData } from 'node:worker_threads'
import { type ScoringTask, scoreDocuments } from './score.ts'

parentPort?.on('message', (task: ScoringTask) => {
  const scores = scoreDocuments(workerData, task)
  parentPort?.postMessage(scores, [scores.buffer as ArrayBuffer])
})
