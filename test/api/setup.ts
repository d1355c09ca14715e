import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { createIndex, type DocumentInput, type MaxsiftError, type SearchIndex } from '../../src/index.ts'
import type { CreateIndexOptions } from '../../src/search/types.ts'
import { checkpointFolder } from '../goldens/checkpoints.ts'

export const CHECKPOINT = 'pylate'

export interface Setup {
  worker: CreateIndexOptions['worker']
  /** Options of every index: what the engine runs on. */
  base: CreateIndexOptions
  /** An index name that no other test uses. */
  name(): string
  /** Opens an index that is closed after the test; in memory, of the golden checkpoint and of a new name unless told. */
  open(options?: CreateIndexOptions): Promise<SearchIndex>
  /** `open`, with these documents in it. */
  filled(documents: Iterable<DocumentInput>, options?: CreateIndexOptions): Promise<SearchIndex>
}

let names = 0

/** @param base Options of every index, unless a test says otherwise. */
export function setUp(worker: CreateIndexOptions['worker'], base: CreateIndexOptions = { backend: 'webgpu' }): Setup {
  const opened: SearchIndex[] = []
  let anchor: SearchIndex
  const name = () => `test ${Date.now()} ${++names}`
  const model = `/${checkpointFolder(CHECKPOINT)}`
  const open = async (options: CreateIndexOptions = {}) => {
    const index = await createIndex({ name: name(), model, store: 'memory', worker, ...base, ...options })
    opened.push(index)
    return index
  }
  // One index stays open, so that the tests share the engine, its device and the model.
  beforeAll(async () => {
    anchor = await createIndex({ name: name(), model, store: 'memory', worker, ...base })
  })
  afterEach(async () => {
    for (const index of opened.splice(0)) await index.close()
  })
  afterAll(() => anchor?.close())
  return {
    worker,
    base,
    name,
    open,
    async filled(documents, options) {
      const index = await open(options)
      await index.add(documents)
      return index
    },
  }
}

/** Twelve documents of one sentence, `d0` to `d11`. */
export const DOCUMENTS: DocumentInput[] = [
  'The lamp of the old lighthouse turns once in nine seconds.',
  'Feed a sourdough starter with flour and water.',
  'Jupiter has four bright moons.',
  'Saturn is famous for its rings.',
  'Brakes squeal when the pads are dirty and wet.',
  'Passengers with bicycles travel in the last carriage.',
  'The road over the pass is closed from October to May.',
  'Water boils at a lower temperature on a mountain.',
  'A small telescope shows the moons of Jupiter.',
  'The last train leaves at half past ten on Sunday.',
  'Bread needs time, warmth and a little salt.',
  'The sea carries the sand to the other bay.',
].map((text, i) => ({ id: `d${i}`, text }))

/** About sixty short sentences: several passages for every checkpoint of the tests. */
export const LONG_TEXT = Array.from(
  { length: 5 },
  (_, i) => `Part ${i} begins here. ${DOCUMENTS.map(({ text }) => text).join(' ')}`,
).join('\n\n')

export const idsOf = ({ hits }: { hits: { id: string }[] }): string[] => hits.map(({ id }) => id)

/** The error of a promise that must reject. */
export const failureOf = (promise: Promise<unknown>): Promise<MaxsiftError> =>
  promise.then(
    () => expect.fail('it did not reject'),
    (error) => error,
  )
