/** Scores of every passage of an index for one query, and the best of many scores. */
import { codecOf } from '../src/codec/codec.ts'
import { Arena } from '../src/gpu/arena.ts'
import type { Device } from '../src/gpu/device.ts'
import { Recorder } from '../src/gpu/recorder.ts'
import { rowBytes } from '../src/kernels/codes.ts'
import { isInteger } from '../src/kernels/maxsim.ts'
import { planScores, recordScores, type SearchIndex, variantsOf } from '../src/kernels/search.ts'
import { planTopCandidates, planTopDocuments, selectTopK, TOPK_LIMIT, topKCandidates } from '../src/kernels/topk.ts'
import { GpuResidents } from '../src/search/residents.ts'
import { GpuBackend } from '../src/search/webgpu.ts'
import { Corpus, DISTINCT, unitVectors } from './corpus.ts'
import { type Contender, race, resultsOf, type Terms } from './measure.ts'
import { planNaive } from './naive.ts'
import { plainMaxSim, plainTop } from './plain.ts'
import type { Result } from './result.ts'
import { CODECS, type MaxSimSize } from './shapes.ts'
import { largestDifference, short, uniform } from './stats.ts'

const ROWS = 32
/** Of a sum of 32 similarities: products in f32, added in another order. */
const TOLERANCE = 1e-3
/** Beyond so many passages JavaScript takes minutes, and their vectors in f32 gigabytes. */
const MOST_IN_MEMORY = 10_000

/** A way to the scores on the GPU: what it records, and where the scores then are. */
interface Scorer extends Contender {
  scores(): Promise<Float32Array>
}

/** Another way to the scores, over vectors in memory. */
export interface ScorerImpl {
  impl: string
  open(corpus: Corpus, query: Float32Array): Promise<{ scores(): Promise<Float32Array>; close(): void }>
}

export const maxSimName = ({ passages, dim, codec }: MaxSimSize) => `maxsim-${short(passages)}/${dim}/${codec}`

/** @throws Error where scores differ from those of plain JavaScript */
export async function measureMaxSim(
  device: Device,
  size: MaxSimSize,
  terms: Terms,
  others: readonly ScorerImpl[] = [],
): Promise<Result[]> {
  const { passages, dim, codec } = size
  const workload = maxSimName(size)
  const corpus = new Corpus(passages, dim, codecOf({ id: codec }))
  const residents = new GpuResidents(new GpuBackend(device), corpus.codec, dim)
  const arena = new Arena(device, 'bench')
  const opened: { close(): void }[] = []
  try {
    await corpus.appendTo(residents)
    const index = residents.index!
    const query = unitVectors(ROWS, dim, 11)
    await arena.reserve({ query: query.byteLength })
    device.gpu.queue.writeBuffer(arena.get('query'), 0, query as Float32Array<ArrayBuffer>)
    const scorers = await ownScorers(device, arena, index)
    scorers.push(await naiveScorer(device, arena, index))
    for (const { impl, open } of passages <= MOST_IN_MEMORY ? others : []) {
      const { scores, close } = await open(corpus, query)
      opened.push({ close })
      scorers.push({ impl, run: scores, scores })
    }
    const expected = plainMaxSim(query, corpus, Math.min(passages, DISTINCT))
    for (const { impl, scores } of scorers) {
      const actual = await scores()
      const wanted = Float32Array.from(actual, (_, passage) => expected[passage % DISTINCT])
      const difference = largestDifference(actual, wanted)
      if (!(difference <= TOLERANCE)) throw new Error(`${workload}: scores of ${impl} are off by ${difference}`)
    }
    const contenders: Contender[] = [...scorers]
    if (passages <= MOST_IN_MEMORY) {
      contenders.push({ impl: 'js', run: async () => plainMaxSim(query, corpus, passages) })
    }
    const needs = {
      operations: 2 * ROWS * corpus.tokens * dim,
      bytes: corpus.tokens * rowBytes(CODECS[codec], dim),
    }
    return resultsOf({ workload, needs }, contenders, await race(contenders, terms))
  } finally {
    for (const { close } of opened) close()
    arena.destroy()
    residents.destroy()
  }
}

/** As it is on this adapter; on a GPU with dot products of bytes the other way too, to see what the probe chose from. */
async function ownScorers(device: Device, arena: Arena, index: SearchIndex): Promise<Scorer[]> {
  const { caps } = device
  const choices = [{ impl: 'maxsift', integer: isInteger(index.bits, caps) }]
  if (index.bits === 8 && caps.packedDot && !caps.fallback) {
    const other = !choices[0].integer
    choices.push({ impl: other ? 'maxsift-integer' : 'maxsift-float', integer: other })
  }
  const scorers: Scorer[] = []
  for (const { impl, integer } of choices) {
    const plan = planScores(index, { rows: ROWS }, { ...caps, integer })
    await device.kernels.prepare(variantsOf(plan))
    await arena.reserve(plan.buffers)
    device.gpu.queue.writeBuffer(arena.get('alive'), 0, index.layout.alive.view())
    const record = (recorder: Recorder) => recordScores(recorder, arena, index, plan, arena.get('query'))
    // Two bytes a component of the query.
    const price = integer ? ({ arithmetic: 'int8', parts: 2 } as const) : {}
    scorers.push({ ...scorer(impl, device, arena, index, record), ...price })
  }
  return scorers
}

async function naiveScorer(device: Device, arena: Arena, index: SearchIndex): Promise<Scorer> {
  const { pieces, matrixBytes } = planNaive(index, ROWS, device.caps)
  await device.kernels.prepare([pieces[0].matrix.variant, pieces[0].reduction.variant])
  await arena.reserve({ matrix: matrixBytes })
  const record = (recorder: Recorder) => {
    for (const { shard, matrix, reduction } of pieces) {
      recorder.dispatch(matrix, [arena.get('query'), index.shards[shard].data, arena.get('matrix')])
      recorder.dispatch(reduction, [arena.get('matrix'), index.passages, arena.get('scores')])
    }
  }
  return scorer('naive-wgsl', device, arena, index, record)
}

function scorer(
  impl: string,
  device: Device,
  arena: Arena,
  { layout }: SearchIndex,
  record: (recorder: Recorder) => void,
): Scorer {
  const read = async (bytes: number) => {
    const recorder = new Recorder(device)
    record(recorder)
    const scores = recorder.read(arena.get('scores'), 0, bytes)
    await recorder.submit()
    return new Float32Array(await scores)
  }
  return { impl, arithmetic: 'f32', run: () => read(16), scores: () => read(layout.passageCount * 4) }
}

export const topName = (documents: number, k: number) => `topk-${k}/${short(documents)}`

/** The k best of random scores that lie on the GPU. @throws Error where they are not those of a sort */
export async function measureTop(device: Device, documents: number, k: number, terms: Terms): Promise<Result[]> {
  const next = uniform(5)
  const scores = Float32Array.from({ length: documents }, () => next() * 32)
  const starts = Uint32Array.from({ length: documents + 1 }, (_, i) => i)
  const alive = new Uint32Array(Math.ceil(documents / 32)).fill(0xffffffff)
  const candidates = topKCandidates(documents, k)
  const plans = k <= TOPK_LIMIT ? [planTopDocuments(documents, k, device.caps), planTopCandidates(candidates, k)] : []
  await device.kernels.prepare(plans.map(({ variant }) => variant))
  const data = { scores, starts, alive }
  const sizes = { scores: scores.byteLength, starts: starts.byteLength, alive: alive.byteLength }
  const arena = new Arena(device, 'bench')
  await arena.reserve({ ...sizes, candidates: candidates * 8, hits: k * 8 })
  for (const [name, values] of Object.entries(data)) device.gpu.queue.writeBuffer(arena.get(name), 0, values)
  const read = async (recorder: Recorder, name: string, bytes: number) => {
    const values = recorder.read(arena.get(name), 0, bytes)
    await recorder.submit()
    return values
  }
  const readScores = async () => new Float32Array(await read(new Recorder(device), 'scores', scores.byteLength))

  const own = async (): Promise<ArrayLike<number>> => {
    if (plans.length === 0) return selectTopK(await readScores(), starts, alive, k).documents
    const recorder = new Recorder(device)
    recorder.dispatch(plans[0], [arena.get('scores'), arena.get('starts'), arena.get('alive'), arena.get('candidates')])
    recorder.dispatch(plans[1], [arena.get('candidates'), arena.get('hits')])
    return new Uint32Array(await read(recorder, 'hits', k * 8)).filter((_, i) => i % 2 === 0)
  }
  const contenders: { impl: string; run(): Promise<ArrayLike<number>> }[] = [
    { impl: 'maxsift', run: own },
    { impl: 'js', run: async () => plainTop(await readScores(), k) },
  ]
  try {
    const [actual, expected] = [await contenders[0].run(), await contenders[1].run()]
    if (Array.from(actual).join() !== Array.from(expected).join()) throw new Error(`topk-${k}: not the ${k} best`)
    return resultsOf({ workload: topName(documents, k) }, contenders, await race(contenders, terms))
  } finally {
    arena.destroy()
  }
}
