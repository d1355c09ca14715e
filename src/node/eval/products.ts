/** MaxSim of all queries by matrix products of ONNX Runtime: an order of magnitude faster than threads of JavaScript. */
import { codecOf } from '../../codec/codec.ts'
import { MaxsiftError } from '../../errors.ts'
import { throughCodec, type Vectors } from '../../eval/maxsim.ts'
import { runtimeMultiplier } from '../../onnx/multiplier.ts'
import type { Runtime } from '../../onnx/runtime.ts'
import { nodeRuntime } from '../onnx.ts'
import type { ScoringTask } from './score.ts'
import type { Scorer } from './threads.ts'

/** Query rows of one product: bounds its size to some 30 MB for a part of a collection. */
const ROWS = 1_024

/** Whole queries that are multiplied together. */
interface Group {
  first: number
  /** First row of each query within the group, and the number of rows at the end. */
  starts: Uint32Array
  multiply: (values: Float32Array) => Promise<Float32Array>
}

/** The scorer; null where ONNX Runtime is not installed. */
export async function openProducts(queries: Vectors): Promise<Scorer | null> {
  const runtime = await nodeRuntime().catch((error) => {
    if (error instanceof MaxsiftError && error.code === 'ONNX_UNAVAILABLE') return null
    throw error
  })
  return runtime && productScorer(runtime, queries)
}

export function productScorer(runtime: Runtime, queries: Vectors): Scorer {
  const groups = groupsOf(runtime, queries)
  const count = queries.starts.length - 1
  return {
    async score(task) {
      const values = decoded(task)
      const scores = new Float32Array(count * task.documents).fill(Number.NEGATIVE_INFINITY)
      for (const group of groups) addScores(scores, group, await group.multiply(values), task)
      return scores
    },
    close: async () => {},
  }
}

function groupsOf(runtime: Runtime, { dim, values, starts }: Vectors): Group[] {
  const multiplier = runtimeMultiplier(runtime)
  const groups: Group[] = []
  for (let first = 0; first < starts.length - 1; ) {
    let last = first + 1
    while (last < starts.length - 1 && starts[last + 1] - starts[first] <= ROWS) last++
    const rows = values.subarray(starts[first] * dim, starts[last] * dim)
    const within = starts.slice(first, last + 1).map((start) => start - starts[first])
    groups.push({ first, starts: within, multiply: multiplier(rows, dim) as Group['multiply'] })
    first = last
  }
  return groups
}

/** Token vectors as a codec gives them back. */
function decoded({ dim, codec, values, starts }: ScoringTask): Float32Array {
  const { values: coded, scales } = throughCodec({ dim, values, starts }, codecOf({ id: codec }))
  if (!scales) return coded as Float32Array
  return Float32Array.from(coded, (value, i) => value * scales[Math.floor(i / dim)])
}

/** @param products (rows of documents, rows of the group) */
function addScores(scores: Float32Array, group: Group, products: Float32Array, task: ScoringTask): void {
  const { starts, owners, documents } = task
  const rows = group.starts[group.starts.length - 1]
  const best = new Float32Array(rows)
  for (let passage = 0; passage < owners.length; passage++) {
    const [from, to] = [starts[passage], starts[passage + 1]]
    if (from === to) continue
    best.fill(Number.NEGATIVE_INFINITY)
    for (let row = from; row < to; row++) {
      const at = row * rows
      for (let i = 0; i < rows; i++) if (products[at + i] > best[i]) best[i] = products[at + i]
    }
    for (let query = 0; query < group.starts.length - 1; query++) {
      let sum = 0
      for (let i = group.starts[query]; i < group.starts[query + 1]; i++) sum += best[i]
      const at = (group.first + query) * documents + owners[passage]
      scores[at] = Math.max(scores[at], sum)
    }
  }
}
