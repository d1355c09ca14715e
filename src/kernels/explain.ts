import wgsl from '../../shaders/explain.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Plan } from '../gpu/kernel.ts'
import { type CodeBits, codesWgsl } from './codes.ts'
import { fold } from './grid.ts'
import { EMPTY } from './topk.ts'

/** What is read back of a search: `hits` records. */
export interface ResultShape {
  hits: number
  /** Best passages of each hit, 1 to 8. */
  best: number
  /** Query rows that are explained: all, or 0. */
  explained: number
}

export interface ExplainShape extends ResultShape {
  /** Query vectors. */
  rows: number
  dim: number
  bits: CodeBits
  /** Rows that the shard has room for. */
  capacity: number
  /** Passages of the shard: first, and the one after the last. */
  first: number
  end: number
}

/** Plans the records of the hits in one shard; buffers: query, shard, passages, starts, scores, hits, result. */
export function planExplain(shape: ExplainShape, caps: Capabilities): Plan {
  const { rows, dim, bits, capacity, first, end, hits, best, explained } = shape
  return {
    variant: { name: `explain.${bits}`, wgsl: codesWgsl + wgsl, defines: { LANES: 32, CODE_BITS: bits } },
    grid: fold(hits * best * Math.max(1, explained), caps.limits.groups),
    params: [rows, dim / 4, capacity, first, end, hits, best, explained],
  }
}

/** Bytes of the records. */
export function resultBytes({ hits, best, explained }: ResultShape): number {
  return 4 * hits * (2 + best * (2 + 2 * explained))
}

export interface PassageHit {
  /** Index of the passage in the whole index; passages of a document are consecutive. */
  passage: number
  score: number
  /** Of every query row, its best token within the passage; empty when not asked for. */
  tokens: Uint32Array
  /** Of every query row, the similarity with that token; they add up to the score. */
  similarities: Float32Array
}

export interface DocumentHit {
  /** Ordinal of the document. */
  document: number
  score: number
  /** Best first; at least one. */
  passages: PassageHit[]
}

/** Reads the records of a search, best hit first. */
export function readHits(data: ArrayBuffer, { hits, best, explained }: ResultShape): DocumentHit[] {
  const words = new Uint32Array(data)
  const floats = new Float32Array(data)
  const found: DocumentHit[] = []
  const part = 2 + 2 * explained
  for (let hit = 0; hit < hits; hit++) {
    const record = hit * (2 + best * part)
    if (words[record] === EMPTY) break
    const passages: PassageHit[] = []
    for (let rank = 0; rank < best; rank++) {
      const place = record + 2 + rank * part
      if (words[place] === EMPTY) break
      passages.push({
        passage: words[place],
        score: floats[place + 1],
        tokens: words.slice(place + 2, place + 2 + explained),
        similarities: floats.slice(place + 2 + explained, place + part),
      })
    }
    found.push({ document: words[record], score: floats[record + 1], passages })
  }
  return found
}
