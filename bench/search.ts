/** From a text to the hits of an index, by one who has never searched before, and by one who has. */
import { codecOf } from '../src/codec/codec.ts'
import { Device } from '../src/gpu/device.ts'
import { Model } from '../src/search/model.ts'
import { GpuBackend } from '../src/search/webgpu.ts'
import { encodeText } from '../src/text/encode.ts'
import { makeCheckpoint } from './checkpoint.ts'
import { Corpus } from './corpus.ts'
import type { EncoderImpl } from './encoders.ts'
import { type Contender, race, resultsOf, type Terms } from './measure.ts'
import { plainMaxSim, plainTop } from './plain.ts'
import type { Result } from './result.ts'
import { SHAPES, type ShapeName } from './shapes.ts'
import { short } from './stats.ts'

const TEXT = 'w100 w200 w300 w400 w500 w600 w700'
const HITS = 10
/** Of a sum of 32 similarities whose query vectors differ by up to the tolerance of the encoders. */
const TOLERANCE = 0.05

export interface SearchTask {
  shape: ShapeName
  passages: number
  terms: Terms
}

/** Something that can be searched; `scores` are those of the best passages, best first. */
interface Searcher {
  impl: string
  loading: number
  search(): Promise<number[]>
  destroy(): void
}

export const searchName = ({ shape, passages }: Pick<SearchTask, 'shape' | 'passages'>) =>
  `search-${short(passages)}/${shape}`

/**
 * Times `load`, from the files of the model to the first hits without the time to fill the index; the first search,
 * `cold`; and further ones, warm. What is cold can only be measured once in a process, before anything else.
 */
export async function measureSearch(
  gpu: GPU,
  peers: readonly EncoderImpl[],
  { shape, passages, terms }: SearchTask,
  log: (line: string) => void,
): Promise<Result[]> {
  const workload = searchName({ shape, passages })
  const corpus = new Corpus(passages, SHAPES[shape].dim, codecOf({ id: 'int8' }))
  const model = await Model.open(makeCheckpoint(SHAPES[shape]))
  const searchers: Searcher[] = []
  try {
    const cold: number[][] = []
    let expected: number[] | undefined
    for (const open of [
      () => openOwn(gpu, model, corpus),
      ...peers.map((peer) => () => openPeer(peer, model, corpus)),
    ]) {
      const searcher = await open()
      searchers.push(searcher)
      const start = performance.now()
      const scores = await searcher.search()
      cold.push([performance.now() - start])
      expected ??= scores
      const worst = Math.max(...scores.map((score, i) => Math.abs(score - expected![i])))
      if (scores.length !== HITS || !(worst <= TOLERANCE)) {
        throw new Error(`${workload}: scores of ${searcher.impl} are off by ${worst}`)
      }
    }
    const contenders: Contender[] = searchers.map(({ impl, search }) => ({ impl, run: search }))
    log(`${workload}, warm`)
    return [
      ...resultsOf(
        { workload: `load/${shape}` },
        contenders,
        searchers.map(({ loading }, i) => [loading + cold[i][0]]),
      ),
      ...resultsOf({ workload: `${workload}/cold` }, contenders, cold),
      ...resultsOf({ workload }, contenders, await race(contenders, terms)),
    ]
  } finally {
    for (const searcher of searchers) searcher.destroy()
  }
}

async function openOwn(gpu: GPU, model: Model, corpus: Corpus): Promise<Searcher> {
  const start = performance.now()
  const backend = new GpuBackend(await Device.open({ gpu }))
  const encoder = await backend.loadEncoder(model.checkpoint, {})
  const loading = performance.now() - start
  const residents = backend.residents(corpus.codec, corpus.dim)
  await corpus.appendTo(residents)
  return {
    impl: 'maxsift',
    loading,
    search: async () => {
      const query = encodeText(model.tokenizer, model.spec.query, TEXT)
      const alive = residents.layout.alive.view()
      const hits = await residents.search(encoder, query, { k: HITS, best: 1, explain: true, alive })
      return hits.map(({ score }) => score)
    },
    destroy: () => {
      residents.destroy()
      encoder.destroy()
      backend.destroy()
    },
  }
}

/** A runtime for the encoder, and plain JavaScript for the rest: what there is to put together today. */
async function openPeer({ impl, load }: EncoderImpl, model: Model, corpus: Corpus): Promise<Searcher> {
  const start = performance.now()
  const encoder = await load(model.checkpoint)
  const loading = performance.now() - start
  return {
    impl: `${impl} + js`,
    loading,
    search: async () => {
      const vectors = await encoder.vectors([encodeText(model.tokenizer, model.spec.query, TEXT)])
      const scores = plainMaxSim(vectors, corpus, corpus.passages)
      return plainTop(scores, HITS).map((passage) => scores[passage])
    },
    destroy: () => encoder.destroy(),
  }
}
