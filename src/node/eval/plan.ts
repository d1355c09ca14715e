/** Which systems are evaluated, from what the command line asks for. */
import type { CodecId } from '../../codec/codec.ts'
import { MaxsiftError } from '../../errors.ts'
import { lexicalSystem, runSystem } from '../../eval/baselines.ts'
import type { Collection } from '../../eval/collection.ts'
import type { System } from '../../eval/evaluate.ts'
import { fusedSystem, rememberedSystem } from '../../eval/fusion.ts'
import { LuceneBm25, MiniSearchBm25, PassageSearch } from '../../eval/lexical.ts'
import { readRun } from '../../eval/run.ts'
import { FUSIONS } from '../../lexical/fusion.ts'
import type { QueryLength } from '../../model/spec.ts'
import type { BackendChoice } from '../args.ts'
import { readChunks } from '../files.ts'
import type { Terminal } from '../terminal.ts'
import { encodeMissing } from './encode.ts'
import { type ModelAddress, openSets, readModel, type Sets } from './inputs.ts'
import { vectorSystem } from './vector-system.ts'

export interface Plan {
  bm25: boolean
  /** Lexical search, and both fusions of it with the model's int8 vectors. */
  fusion: boolean
  /** Files. */
  runs: readonly string[]
  /** Models to compare with, by the name that their systems get. */
  baselines: ReadonlyMap<string, string>
  /** The model under evaluation, and how its vectors are kept. */
  model: ModelAddress | null
  /** Of its queries, if not as the model says. */
  queryLength?: QueryLength
  /** What encodes. */
  backend: BackendChoice
  codecs: readonly CodecId[]
  split: boolean
  /** Documents ranked for a query. */
  depth: number
  threads?: number
  /** Folder of cached vectors. */
  vectors: string
  /** Another program makes the vectors: what is missing is not encoded here. */
  foreign: boolean
}

interface PlannedModel {
  name: string
  address: ModelAddress
  baseline: boolean
  queryLength?: QueryLength
  /** By its token vectors, though it has one vector a text. */
  pooling?: 'none'
  single: boolean
  sets: Map<Collection, Sets>
}

/**
 * Reads the models and sees to it that all vectors are there.
 * @returns the systems for each collection, in the order of a report: baselines first.
 */
export async function makeSystems(
  plan: Plan,
  collections: readonly Collection[],
  terminal: Terminal,
): Promise<(collection: Collection) => Promise<System[]>> {
  const models: PlannedModel[] = []
  const take = async (planned: Omit<PlannedModel, 'single' | 'sets'>) => {
    const { signal, progress: onProgress } = terminal
    const { address, queryLength, pooling } = planned
    const model = await readModel(address, { signal, onProgress, queryLength, pooling })
    const { spec } = model.checkpoint
    const sets = new Map<Collection, Sets>()
    for (const collection of collections) {
      sets.set(collection, await openSets(plan.vectors, collection, model, plan.split))
    }
    const single = spec.pooling !== undefined
    models.push({ ...planned, name: planned.name || spec.name, single, sets })
    return single
  }
  for (const [name, address] of plan.baselines) {
    const single = await take({ name, address, baseline: true })
    if (single) await take({ name, address, baseline: true, pooling: 'none' })
  }
  const { queryLength } = plan
  if (plan.model !== null) await take({ name: '', address: plan.model, baseline: false, queryLength })
  if (plan.foreign) requireVectors(plan.vectors, models)
  for (const { address, sets, queryLength, pooling } of models) {
    const options = { backend: plan.backend, queryLength, pooling }
    await encodeMissing(address, options, [...sets.values()].flatMap(both), terminal)
  }

  return async (collection) => {
    const { depth, threads } = plan
    const { signal } = terminal
    const systems: System[] = []
    if (plan.bm25) {
      systems.push(
        lexicalSystem('bm25', 'BM25+ by minisearch', new MiniSearchBm25(), collection, depth, signal),
        lexicalSystem('bm25-lucene', 'BM25 as in Lucene, k1 1.2, b 0.75', new LuceneBm25(), collection, depth, signal),
      )
    }
    const about = 'BM25 as lexical search has it: titles count twice, misspelt words are matched'
    const lexical = rememberedSystem(lexicalSystem('lexical', about, new PassageSearch(), collection, depth, signal))
    if (plan.fusion) systems.push(lexical)
    for (const path of plan.runs) {
      systems.push(runSystem(await readRun(readChunks(path, signal), path, collection.ids)))
    }
    for (const { name, baseline, single, sets } of models) {
      const found = sets.get(collection)!
      const common = { sets: found, depth, threads, signal }
      if (baseline) {
        const about = single ? `${name}, one vector a text, f32` : `token vectors of ${name} with MaxSim, f32`
        systems.push(vectorSystem({ ...common, name: `${name}/${single ? 'single' : 'maxsim'}`, about, codec: 'f32' }))
      } else {
        const kept = (codec: CodecId) => {
          const rule = queryLength === undefined ? '' : `, queries of length ${queryLength}`
          const about = `${name} with MaxSim, vectors kept as ${codec}${rule}`
          return vectorSystem({ ...common, name: `${name}/${codec}`, about, codec })
        }
        const int8 = rememberedSystem(kept('int8'))
        for (const codec of plan.codecs) systems.push(codec === 'int8' && plan.fusion ? int8 : kept(codec))
        if (plan.fusion) {
          for (const by of FUSIONS) systems.push(fusedSystem(by, int8, lexical, collection))
        }
      }
    }
    return systems
  }
}

const both = ({ queries, documents }: Sets) => [queries, documents]

/** @throws MaxsiftError `INVALID_ARGUMENT` saying what makes the vectors that are missing. */
function requireVectors(folder: string, models: readonly PlannedModel[]): void {
  const wanting = models.filter(({ sets }) => [...sets.values()].flatMap(both).some((set) => set.missing().length > 0))
  if (wanting.length === 0) return
  const commands = wanting.map(({ name, address }) => {
    const model = typeof address === 'string' ? address : `DIR (the folder of ${name})`
    return `  python training/vectors.py ${folder} --model ${model}`
  })
  throw new MaxsiftError(
    'INVALID_ARGUMENT',
    `${folder} lacks vectors; the inputs that they are to be made of are there now.`,
    {
      remedy: `Make them, then run this command again:\n${commands.join('\n')}`,
    },
  )
}
