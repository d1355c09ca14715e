import wgsl from '../../shaders/topk.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Plan, Variant } from '../gpu/kernel.ts'
import { fold } from './grid.ts'
import { NONE } from './maxsim.ts'

/** Most hits that the GPU selects; above it the scores are read back and `selectTopK` selects. */
export const TOPK_LIMIT = 128

/** In the place of a document or passage: nothing there. */
export const EMPTY = 0xffffffff

const BLOCK = 1024
const LANES = 256

const level = (documents: boolean): Variant => ({
  name: `topk.${documents ? 'documents' : 'candidates'}`,
  wgsl,
  defines: { LANES, BLOCK, DOCUMENTS: documents },
})
const first = level(true)
const second = level(false)

/** Pairs that the first level gives: its buffer `best` has 8 bytes each. */
export function topKCandidates(documents: number, k: number): number {
  return Math.ceil(documents / BLOCK) * k
}

/** Plans the k best documents of each block; buffers: scores, starts, alive, best. */
export function planTopDocuments(documents: number, k: number, caps: Capabilities): Plan {
  return { variant: first, grid: fold(Math.ceil(documents / BLOCK), caps.limits.groups), params: [documents, k] }
}

/** Plans the k best of all candidates; buffers: candidates, best. */
export function planTopCandidates(candidates: number, k: number): Plan {
  return { variant: second, grid: [1, 1, 1], params: [candidates, k] }
}

export interface TopDocuments {
  /** Ordinals, best first. */
  documents: Uint32Array<ArrayBuffer>
  scores: Float32Array<ArrayBuffer>
}

/**
 * The k best documents on the CPU, in the order of the kernels: score descending, then ordinal ascending.
 * @param scores Of each passage; those of documents that are not alive are not looked at.
 * @param starts First passage of each document, and the end.
 * @param alive One bit a document.
 */
export function selectTopK(scores: Float32Array, starts: Uint32Array, alive: Uint32Array, k: number): TopDocuments {
  const documents = starts.length - 1
  const highest = new Float32Array(documents)
  const candidates = new Uint32Array(documents)
  let count = 0
  for (let document = 0; document < documents; document++) {
    if (((alive[document >>> 5] >>> (document & 31)) & 1) === 0) continue
    let score = NONE
    for (let p = starts[document]; p < starts[document + 1]; p++) score = Math.max(score, scores[p])
    if (!(score > NONE)) continue
    highest[document] = score
    candidates[count++] = document
  }
  const sorted = candidates.subarray(0, count).sort((a, b) => highest[b] - highest[a] || a - b)
  const best = sorted.slice(0, k)
  return { documents: best, scores: Float32Array.from(best, (document) => highest[document]) }
}
