/** What is measured, and how large: a software adapter computes a thousandth of what a GPU does. */
import type { CodeBits } from '../src/kernels/codes.ts'

export interface Shape {
  layers: number
  hidden: number
  heads: number
  /** Width of a token vector. */
  dim: number
}

/** Those of three real families, MiniLM-L6, MiniLM-L12 and BERT base; and a small one, to check that all runs. */
export const SHAPES = {
  '2x128': { layers: 2, hidden: 128, heads: 4, dim: 48 },
  '6x384': { layers: 6, hidden: 384, heads: 12, dim: 96 },
  '12x384': { layers: 12, hidden: 384, heads: 12, dim: 96 },
  '12x768': { layers: 12, hidden: 768, heads: 12, dim: 128 },
} as const satisfies Record<string, Shape>

export type ShapeName = keyof typeof SHAPES

export const CODECS = { f32: 32, f16: 16, int8: 8 } as const satisfies Record<string, CodeBits>
export type CodecName = keyof typeof CODECS

export interface MaxSimSize {
  passages: number
  dim: number
  codec: CodecName
}

/**
 * How much is measured: `quick` checks outputs and counts in a few minutes on a software adapter, `short` is what a person
 * waits for in a page, `full` makes a report.
 */
export type Extent = 'quick' | 'short' | 'full'

export interface Sizes {
  shapes: readonly ShapeName[]
  /** Tokens of a query. */
  queries: readonly number[]
  /** Documents of a batch, from the start of `LENGTHS`. */
  batches: readonly number[]
  maxsim: readonly MaxSimSize[]
  /** Documents whose scores are sorted. */
  topk: readonly number[]
  /** Passages of the index that is searched from text to hits. */
  search: readonly number[]
  /** Whether each kernel is measured by itself. */
  kernels: boolean
  /** Most repetitions of each measurement, … */
  rounds: number
  /** … of which there are fewer where they take longer than this together, in ms: `Terms`. */
  budget: number
}

const every = (passages: number, dims: readonly number[]): MaxSimSize[] =>
  dims.flatMap((dim) => (Object.keys(CODECS) as CodecName[]).map((codec) => ({ passages, dim, codec })))

export function sizes(software: boolean, extent: Extent): Sizes {
  if (extent === 'quick') {
    return {
      shapes: ['2x128'],
      queries: [8, 32],
      batches: [1, 4],
      maxsim: every(200, [96]),
      topk: [5_000],
      search: [200],
      kernels: true,
      rounds: 1,
      budget: 0,
    }
  }
  if (extent === 'short') {
    const passages = software ? 1_000 : 10_000
    return {
      shapes: ['6x384'],
      queries: [32],
      batches: software ? [1] : [16],
      maxsim: every(passages, [96]),
      topk: [passages],
      search: [passages],
      kernels: false,
      rounds: software ? 3 : 15,
      budget: software ? 3_000 : 1_500,
    }
  }
  if (software) {
    return {
      shapes: ['6x384'],
      queries: [8, 32, 64],
      batches: [1, 2],
      maxsim: [
        ...every(1_000, [96]),
        { passages: 1_000, dim: 48, codec: 'int8' },
        { passages: 1_000, dim: 128, codec: 'int8' },
        { passages: 10_000, dim: 96, codec: 'int8' },
      ],
      topk: [10_000, 100_000],
      search: [1_000],
      kernels: true,
      rounds: 7,
      budget: 8_000,
    }
  }
  return {
    shapes: ['6x384', '12x384', '12x768'],
    queries: [8, 32, 64],
    batches: [1, 16, 64],
    maxsim: [1_000, 10_000, 100_000].flatMap((passages) => every(passages, [48, 96, 128])),
    topk: [10_000, 100_000],
    search: [10_000, 100_000],
    kernels: true,
    rounds: 25,
    budget: 4_000,
  }
}
