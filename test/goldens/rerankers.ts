/** The cross-encoders of this folder, and the scores that the reference library gives to pairs of texts. */
import { type Files, readFiles } from './checkpoints.ts'

export const RERANKERS = [
  'reranker-bert',
  'reranker-xlm-roberta',
  'reranker-distilbert',
  'reranker-modernbert',
  'reranker-modernbert-biases',
] as const
export type RerankerName = (typeof RERANKERS)[number]

export interface GoldenPair {
  query: string
  document: string
  ids: number[]
  types: number[]
  /** After the activation of the model. */
  score: number
}

/** The pairs of a golden, and the files of its checkpoint by their paths. */
export async function loadReranker(name: RerankerName): Promise<{ pairs: GoldenPair[]; files: Files }> {
  const golden = await readFiles(name, ['golden.json'])
  const { pairs, files } = JSON.parse(new TextDecoder().decode(golden.get('golden.json')))
  const model = await readFiles(`${name}/model`, files)
  return { pairs, files: model }
}
