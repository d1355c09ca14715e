/**
 * The checkpoints of this folder and what the reference libraries say of them, for tests in Node and in a browser.
 * In a browser the files come from the server of the tests, whose root is the project.
 */

/** What tests choose by; the rest is in the files themselves. */
export interface CheckpointTraits {
  style: 'stanford' | 'sentence-transformers' | 'bert'
  weights: 'F32' | 'F16' | 'BF16' | 'I8'
  /** Set where vectors are not of length 1. */
  unnormalized?: true
  /** In one line: why it is here. */
  shows: string
}

export const CHECKPOINTS = {
  stanford: { style: 'stanford', weights: 'F32', shows: 'Stanford; hidden [MASK] rows; head dim 8' },
  'stanford-attend': {
    style: 'stanford',
    weights: 'F16',
    shows: 'attended [MASK] rows, other markers, vocab.txt alone, epsilon 1e-3, head dim 16',
  },
  pylate: {
    style: 'sentence-transformers',
    weights: 'F32',
    shows: 'three projections: Tanh + bias + linear residual, plain, GELU + identity residual; head dim 32',
  },
  'pylate-no-expansion': {
    style: 'sentence-transformers',
    weights: 'F16',
    shows: 'no expansion, own skiplist with words that the vocabulary lacks, F32 projection after an F16 encoder',
  },
  'pylate-attend': {
    style: 'sentence-transformers',
    weights: 'F16',
    shows: 'attended expansion, no markers, lowercasing by sentence_bert_config.json, head dim 32',
  },
  answerai: {
    style: 'sentence-transformers',
    weights: 'F16',
    shows: 'the files of answerai-colbert-small: Stanford markers, padding and truncation in tokenizer.json, 3 layers',
  },
  'native-fixed': {
    style: 'sentence-transformers',
    weights: 'F32',
    shows: 'saved by sentence-transformers 6; prompts that are one special token each',
  },
  'native-min': {
    style: 'sentence-transformers',
    weights: 'F16',
    shows:
      'expansion to a minimum with another token, text prompts, skiplist on queries too, no projection, head dim 24',
  },
  bert: {
    style: 'bert',
    weights: 'F32',
    shows: 'plain BERT with `bert.`, gamma and beta, pooler, I64 position_ids; cased',
  },
  'bert-accents': {
    style: 'bert',
    weights: 'BF16',
    shows: 'plain BERT without `bert.`, accents kept, vocab.txt alone, head dim 8',
  },
  'stanford-f16': { style: 'stanford', weights: 'F16', shows: 'the weights of `stanford` in F16' },
  'stanford-bf16': { style: 'stanford', weights: 'BF16', shows: 'the weights of `stanford` in BF16' },
  'stanford-i8': { style: 'stanford', weights: 'I8', shows: 'the weights of `stanford` in I8 with a scale a row' },
  'stanford-shards': { style: 'stanford', weights: 'F16', shows: 'three shards and an index; punctuation kept' },
} as const satisfies Record<string, CheckpointTraits>

/** Of other families and heads; they need kernels of their own, which take long to compile on software adapters. */
export const FAMILIES = {
  distilbert: {
    style: 'sentence-transformers',
    weights: 'F16',
    unnormalized: true,
    shows: 'DistilBERT, one vector a text: [CLS], compared by dot product',
  },
  contriever: {
    style: 'sentence-transformers',
    weights: 'F32',
    shows: 'BERT, one vector a text: the mean, a Tanh projection, Normalize; text prompts',
  },
  'xlm-roberta': {
    style: 'sentence-transformers',
    weights: 'F32',
    shows: 'XLM-R: positions from 2 on, one type; hidden expansion rows',
  },
  modernbert: {
    style: 'sentence-transformers',
    weights: 'F32',
    shows: 'ModernBERT: local layers in which some expansion rows see nothing',
  },
  'modernbert-biases': {
    style: 'sentence-transformers',
    weights: 'BF16',
    unnormalized: true,
    shows: 'ModernBERT with all biases, the first layer local; one vector a text: the mean, by dot product',
  },
} as const satisfies Record<string, CheckpointTraits>

export type CheckpointName = keyof typeof CHECKPOINTS | keyof typeof FAMILIES

export const CHECKPOINT_NAMES = Object.keys(CHECKPOINTS) as (keyof typeof CHECKPOINTS)[]
export const FAMILY_NAMES = Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]

export interface GoldenText {
  text: string
  /** The whole input of the model, expansion included. */
  ids: number[]
  /** Rows of `ids` that are scored. */
  kept: number[]
  /** Whether the text was cut at the model's limit. */
  truncated: boolean
  /** (kept.length, dim), row-major, each row of length 1. */
  vectors: Float32Array
}

export interface Golden {
  /** The library that gave ids, rows, vectors and scores. */
  reference: 'sentence-transformers' | 'transformers'
  dim: number
  /** Every file of the checkpoint, relative to its folder. */
  files: string[]
  queries: GoldenText[]
  documents: GoldenText[]
  /** MaxSim sums: scores[query][document]. */
  scores: number[][]
}

/** Where a checkpoint lies, relative to the project, with a slash at the end. */
export function checkpointFolder(name: CheckpointName): string {
  return `test/goldens/${name}/model/`
}

/** The bytes of one file of a checkpoint; rejects where there is none. */
export function readCheckpointFile(name: CheckpointName, path: string): Promise<Uint8Array<ArrayBuffer>> {
  return read(`${name}/model/${path}`)
}

/** Every file of a checkpoint by its path, for sources that are a map. */
export async function readCheckpoint(name: CheckpointName): Promise<Files> {
  const { files } = await loadGolden(name)
  return readFiles(`${name}/model`, files)
}

export type Files = Map<string, Uint8Array<ArrayBuffer>>

/** Files of a folder here, by their paths in it. */
export async function readFiles(folder: string, paths: readonly string[]): Promise<Files> {
  return new Map(await Promise.all(paths.map(async (path) => [path, await read(`${folder}/${path}`)] as const)))
}

export async function loadGolden(name: CheckpointName): Promise<Golden> {
  return parseGolden(...(await Promise.all([read(`${name}/golden.json`), read(`${name}/golden.bin`)])))
}

/** Puts the two files of a golden together, also of one made elsewhere (test/reference/minilm.py). */
export function parseGolden<G extends Golden>(json: Uint8Array, binary: Uint8Array): G {
  const golden = JSON.parse(new TextDecoder().decode(json)) as G
  const values = new Float32Array(new Uint8Array(binary).buffer)
  let at = 0
  for (const item of [...golden.queries, ...golden.documents]) {
    const length = item.kept.length * golden.dim
    item.vectors = values.slice(at, at + length)
    at += length
  }
  if (at !== values.length) throw new Error(`golden.bin holds ${values.length} numbers, golden.json says ${at}`)
  return golden
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof window === 'undefined' && typeof process !== 'undefined') {
    // Out of the bundler's sight: a browser never gets here.
    const module = 'node:fs/promises'
    const { readFile } = (await import(/* @vite-ignore */ module)) as typeof import('node:fs/promises')
    return new Uint8Array(await readFile(new URL(path, import.meta.url)))
  }
  const response = await fetch(`/test/goldens/${path}`)
  // A development server may answer with its page instead of a 404.
  if (!response.ok || response.headers.get('content-type')?.includes('text/html')) {
    throw new Error(`cannot read /test/goldens/${path}: ${response.status}`)
  }
  return new Uint8Array(await response.arrayBuffer())
}
