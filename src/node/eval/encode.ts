import { MaxsiftError } from '../../errors.ts'
import type { QueryLength } from '../../model/spec.ts'
import { Engine } from '../../search/engine.ts'
import type { BackendChoice } from '../args.ts'
import { nodeEnvironment } from '../environment.ts'
import type { Terminal } from '../terminal.ts'
import type { ModelAddress } from './inputs.ts'
import type { VectorSet } from './vector-set.ts'

/** Encodes what sets lack with our own encoder. What is done when it is interrupted stays. */
export async function encodeMissing(
  model: ModelAddress,
  options: { backend: BackendChoice; queryLength?: QueryLength; pooling?: 'none' },
  sets: readonly VectorSet[],
  terminal: Terminal,
): Promise<void> {
  const wanting = sets.filter((set) => set.missing().length > 0)
  if (wanting.length === 0) return
  const { signal } = terminal
  const engine = await Engine.open(nodeEnvironment, model, { signal, onProgress: terminal.progress, ...options })
  terminal.note(`Backend: ${engine.backend}, ${engine.adapter}`)
  try {
    for (const set of wanting) await encodeSet(engine, set, terminal)
  } finally {
    await engine.close()
  }
}

async function encodeSet(engine: Engine, set: VectorSet, { signal, note, progress }: Terminal): Promise<void> {
  const { role, collection, parts, inputs: total } = set.record
  if (set.record.model.fingerprint !== engine.fingerprint) {
    throw new MaxsiftError('MODEL_MISMATCH', `The files of ${engine.spec.name} changed while they were read.`)
  }
  const missing = set.missing()
  note(
    `Encoding ${collection.name}: ${missing.length} of ${parts} parts of its ${role === 'query' ? 'queries' : 'documents'}`,
  )
  for (const part of missing) {
    const inputs = await set.inputs(part)
    const started = performance.now()
    const encodings = await engine.encode(
      role,
      inputs.map(({ text }) => text),
      signal,
    )
    const seconds = (performance.now() - started) / 1_000
    const vectors = new Float32Array(encodings.reduce((sum, { vectors }) => sum + vectors.length, 0))
    let at = 0
    for (const each of encodings) {
      vectors.set(each.vectors, at)
      at += each.vectors.length
    }
    await set.save(part, vectors, seconds, `${engine.backend}, ${engine.adapter}`)
    progress({ stage: 'encode', loaded: Math.round(((part + 1) / parts) * total), total })
  }
}
