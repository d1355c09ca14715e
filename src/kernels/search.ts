import { check, MaxsiftError } from '../errors.ts'
import type { Arena } from '../gpu/arena.ts'
import type { Capabilities, Device } from '../gpu/device.ts'
import type { Binding, Plan, Variant } from '../gpu/kernel.ts'
import { Recorder } from '../gpu/recorder.ts'
import type { CodeBits } from './codes.ts'
import { type DocumentHit, planExplain, type ResultShape, readHits, resultBytes } from './explain.ts'
import type { Layout } from './layout.ts'
import { isInteger, planMaxSim } from './maxsim.ts'
import { planMerge } from './merge.ts'
import { planSplit, splitBytes } from './split.ts'
import { EMPTY, planTopCandidates, planTopDocuments, selectTopK, TOPK_LIMIT, topKCandidates } from './topk.ts'

/** An index on the GPU: the tables of a layout, and the codes that they lead to. */
export interface SearchIndex {
  dim: number
  bits: CodeBits
  layout: Layout
  /** As many as the layout has; `data` holds the codes of `capacity` rows, then their scales. */
  shards: readonly { data: GPUBuffer; capacity: number; slices: GPUBuffer }[]
  starts: GPUBuffer
  passages: GPUBuffer
  /** Not needed while the layout has no sliced passages. */
  merges: GPUBuffer | null
}

export interface SearchRequest {
  /** Query vectors, 1 to 512. */
  rows: number
  /** Most documents wanted. */
  k: number
  /** Best passages of each, 1 to 8. */
  best: number
  /** Whether the best tokens of each query row are wanted too. */
  explain: boolean
  /** One bit a document: those that may be found. `layout.alive`, or less under a filter. */
  alive: Uint32Array<ArrayBuffer>
  signal?: AbortSignal
}

/** The dispatches that score all passages for one or several queries. */
export interface ScorePlan {
  /** The query as integers, where MaxSim takes it so. */
  split: Plan | null
  /** MaxSim, one a shard. */
  score: Plan[]
  merge: Plan | null
  /** Bytes of the working buffers, for the arena. */
  buffers: Record<'alive' | 'split' | 'scores' | 'partials', number>
}

/** Every dispatch of a search, without its buffers. */
export interface SearchPlan extends ScorePlan {
  /** One or two levels; none where the scores are read back and selected on the CPU. */
  top: Plan[]
  /** One a shard. */
  explain: Plan[]
  result: ResultShape
  buffers: ScorePlan['buffers'] & Record<'candidates' | 'hits' | 'result', number>
}

/** An index as far as planning goes. */
type Planned = Pick<SearchIndex, 'dim' | 'bits' | 'layout'> & { shards: readonly { capacity: number }[] }

/**
 * Plans the scores of all passages: at most shards + 2 dispatches, however many queries.
 * @throws MaxsiftError `INVALID_ARGUMENT`, `OUT_OF_MEMORY` where a working buffer exceeds a binding.
 */
export function planScores(
  { dim, bits, layout, shards }: Planned,
  { queries = 1, rows }: { queries?: number; rows: number },
  caps: Capabilities,
): ScorePlan {
  check(Number.isInteger(rows) && rows >= 1 && rows <= 512, `A query has 1 to 512 token vectors, not ${rows}.`)
  const { passageCount: passages, slots } = layout
  const integer = isInteger(bits, caps)
  const shape = { queries, rows, dim, bits, passages, slots }
  const buffers = {
    alive: layout.alive.length * 4,
    split: integer ? splitBytes(shape) : 0,
    scores: queries * passages * 4,
    partials: queries * slots * rows * 4,
  }
  assertBindable(buffers, caps)
  return {
    split: integer ? planSplit(shape) : null,
    score: shards.map(({ capacity }, i) =>
      planMaxSim({ ...shape, slices: layout.shards[i].slices.length / 4, capacity }, caps),
    ),
    merge: layout.merges.length > 0 ? planMerge({ ...shape, count: layout.merges.length / 4 }, caps) : null,
    buffers,
  }
}

function assertBindable(buffers: Readonly<Record<string, number>>, { limits }: Capabilities): void {
  for (const [name, bytes] of Object.entries(buffers)) {
    if (bytes <= limits.bindingBytes) continue
    throw new MaxsiftError('OUT_OF_MEMORY', `The ${name} of this search take ${bytes} bytes, more than one binding.`, {
      remedy: 'Ask for fewer hits, or search fewer documents at a time.',
    })
  }
}

/**
 * Plans a search: at most 2 · shards + 4 dispatches.
 * @throws MaxsiftError `INVALID_ARGUMENT`, `OUT_OF_MEMORY` where a working buffer exceeds a binding.
 */
export function planSearch(
  index: Planned,
  request: Omit<SearchRequest, 'alive' | 'signal'>,
  caps: Capabilities,
): SearchPlan {
  const { dim, bits, layout, shards } = index
  const { rows, best } = request
  const scores = planScores(index, { rows }, caps)
  check(Number.isInteger(request.k) && request.k >= 1, `The number of hits is a positive integer, not ${request.k}.`)
  check(Number.isInteger(best) && best >= 1 && best <= 8, `A hit shows 1 to 8 passages, not ${best}.`)
  const documents = layout.documentCount
  const k = Math.min(request.k, documents)
  const candidates = topKCandidates(documents, k)
  const result = { hits: k, best, explained: request.explain ? rows : 0 }
  const top: Plan[] = []
  if (k <= TOPK_LIMIT) {
    top.push(planTopDocuments(documents, k, caps))
    if (candidates > k) top.push(planTopCandidates(candidates, k))
  }
  const buffers = {
    ...scores.buffers,
    candidates: top.length === 2 ? candidates * 8 : 0,
    hits: k * 8,
    result: resultBytes(result),
  }
  assertBindable(buffers, caps)
  return {
    ...scores,
    top,
    explain: shards.map(({ capacity }, i) => {
      const { firstPassage: first, passages } = layout.shards[i]
      return planExplain({ rows, dim, bits, capacity, first, end: first + passages, ...result }, caps)
    }),
    result,
    buffers,
  }
}

/** The kernels of a plan. */
export function variantsOf({
  split,
  score,
  merge,
  top = [],
  explain = [],
}: ScorePlan & Partial<Pick<SearchPlan, 'top' | 'explain'>>): Variant[] {
  return [split ?? [], score, merge ?? [], top, explain].flat().map(({ variant }) => variant)
}

/**
 * Searches an index exhaustively: one submission and one readback of the hits alone; above 128 hits two of each, since
 * scores are then selected on the CPU, in the same order.
 * @param arena Working buffers; no other search may use them until this one has ended.
 * @param query Records what makes the query vectors, (rows, dim) f32, and says where they are; called once, with no
 *   pause before the submission. They must stay there until the search has ended.
 * @returns Documents by score descending, then ordinal; fewer than `k` where fewer can be found.
 * @throws MaxsiftError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`, `DEVICE_LOST`; the signal's reason.
 */
export async function searchIndex(
  device: Device,
  arena: Arena,
  index: SearchIndex,
  request: SearchRequest,
  query: (recorder: Recorder) => Binding,
): Promise<DocumentHit[]> {
  const { layout } = index
  const { alive, signal } = request
  if (layout.passageCount === 0) return []
  const plan = planSearch(index, request, device.caps)
  await device.kernels.prepare(variantsOf(plan))
  await arena.reserve(plan.buffers)
  signal?.throwIfAborted()

  const { queue } = device.gpu
  queue.writeBuffer(arena.get('alive'), 0, alive)
  const recorder = new Recorder(device)
  const vectors = query(recorder)
  recordScores(recorder, arena, index, plan, vectors)

  const bytes = resultBytes(plan.result)
  if (plan.top.length > 0) {
    recordTop(recorder, arena, index, plan)
    recordExplain(recorder, arena, index, plan, vectors)
    const records = recorder.read(arena.get('result'), 0, bytes)
    await recorder.submit()
    return readHits(await records, plan.result)
  }

  const scores = recorder.read(arena.get('scores'), 0, plan.buffers.scores)
  await recorder.submit()
  signal?.throwIfAborted()
  const best = selectTopK(new Float32Array(await scores), layout.starts.view(), alive, plan.result.hits)
  const hits = new Uint32Array(plan.result.hits * 2).fill(EMPTY)
  const bits = new Uint32Array(best.scores.buffer)
  best.documents.forEach((document, i) => {
    hits.set([document, bits[i]], 2 * i)
  })
  queue.writeBuffer(arena.get('hits'), 0, hits)
  const second = new Recorder(device)
  recordExplain(second, arena, index, plan, vectors)
  const records = second.read(arena.get('result'), 0, bytes)
  await second.submit()
  return readHits(await records, plan.result)
}

/**
 * The scores of all passages for several queries of as many vectors each: one submission and one readback.
 * @param query As for `searchIndex`: (queries, rows, dim) f32; a row of zeros changes no score.
 * @returns (queries, passages); `NONE` for a passage without token vectors.
 * @throws MaxsiftError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`, `DEVICE_LOST`.
 */
export async function scoreIndex(
  device: Device,
  arena: Arena,
  index: SearchIndex,
  request: { queries: number; rows: number },
  query: (recorder: Recorder) => Binding,
): Promise<Float32Array> {
  const plan = planScores(index, request, device.caps)
  await device.kernels.prepare(variantsOf(plan))
  await arena.reserve(plan.buffers)
  device.gpu.queue.writeBuffer(arena.get('alive'), 0, index.layout.alive.view())
  const recorder = new Recorder(device)
  recordScores(recorder, arena, index, plan, query(recorder))
  const scores = recorder.read(arena.get('scores'), 0, plan.buffers.scores)
  await recorder.submit()
  return new Float32Array(await scores)
}

/** Records the score of every passage into the arena's `scores`; its buffers are those of the plan, and `alive` is there. */
export function recordScores(
  recorder: Recorder,
  arena: Arena,
  index: SearchIndex,
  plan: ScorePlan,
  query: Binding,
): void {
  const [alive, scores, partials] = [arena.get('alive'), arena.get('scores'), arena.get('partials')]
  if (plan.split) recorder.dispatch(plan.split, [query, arena.get('split')])
  const given = plan.split ? arena.get('split') : query
  plan.score.forEach((score, i) => {
    const { data, slices } = index.shards[i]
    recorder.dispatch(score, [given, data, slices, alive, scores, partials])
  })
  if (plan.merge) recorder.dispatch(plan.merge, [index.merges!, alive, partials, scores])
}

function recordTop(recorder: Recorder, arena: Arena, index: SearchIndex, plan: SearchPlan): void {
  const [first, second] = plan.top
  const best = arena.get(second ? 'candidates' : 'hits')
  recorder.dispatch(first, [arena.get('scores'), index.starts, arena.get('alive'), best])
  if (second) recorder.dispatch(second, [best, arena.get('hits')])
}

function recordExplain(recorder: Recorder, arena: Arena, index: SearchIndex, plan: SearchPlan, query: Binding): void {
  const [scores, hits, result] = [arena.get('scores'), arena.get('hits'), arena.get('result')]
  plan.explain.forEach((explain, i) => {
    const { passages, starts, shards } = index
    recorder.dispatch(explain, [query, shards[i].data, passages, starts, scores, hits, result])
  })
}
