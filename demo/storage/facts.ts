import type { IndexInfo } from 'maxsift'
import { bytes, count, number } from '../ui/words.ts'

const STORES = {
  indexeddb: 'in this browser',
  memory: 'in memory only: gone when this page is closed',
  http: 'on the server of this page',
  folder: 'in a folder',
}

/** What is kept, as pairs of a name and a value. */
export function factsOf(info: IndexInfo | null, estimate?: StorageEstimate): [string, string][] {
  if (!info) return [['Documents', 'not open']]
  const { documents, passages, tokens, pending, model, codec, dim } = info
  const facts: [string, string][] = [
    ['Documents', pending > 0 ? `${number(documents)}, and ${number(pending)} being indexed` : number(documents)],
    ['Passages', `${number(passages)} (${count(tokens, 'token vector')}, ${dim} × ${codec})`],
    ['Index', `${bytes(info.bytes)} ${STORES[info.store]}, ${bytes(info.gpuBytes)} on the GPU`],
    ['Model', `${model.name}, ${bytes(model.bytes)}`],
    ['Generation', number(info.generation)],
    ['Kept', info.persisted ? 'until you remove it' : 'as long as the browser has room'],
    [
      'Runs on',
      info.ready ? `${info.backend === 'webgpu' ? 'WebGPU' : info.backend}: ${info.adapter}` : 'not loaded yet',
    ],
  ]
  if (estimate?.usage !== undefined && estimate.quota !== undefined)
    facts.push(['This site', `${bytes(estimate.usage)} of ${bytes(estimate.quota)} that it may use`])
  return facts
}
