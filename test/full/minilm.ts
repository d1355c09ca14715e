/** What `.ci/run` prepares: all-MiniLM-L6-v2, and what transformers says about it on Cranfield. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Golden } from '../goldens/checkpoints.ts'

export const folder = '.cache/minilm'

export const minilmMissing = existsSync(join(folder, 'golden.json')) ? null : `${folder} is missing (made by .ci/run)`

export const modelFolder = () => realpathSync(join(folder, 'model'))

export interface MiniLM extends Golden {
  queryIds: string[]
  documentIds: string[]
}

export function loadMiniLM(): MiniLM {
  const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as MiniLM
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, 'golden.bin'))
  const values = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength))
  let at = 0
  for (const item of [...golden.queries, ...golden.documents]) {
    const length = item.kept.length * golden.dim
    item.vectors = values.subarray(at, at + length)
    at += length
  }
  return golden
}
