import wgsl from '../../shaders/gemm.wgsl'
import activation from '../../shaders/lib/activation.wgsl'
import decode from '../../shaders/lib/decode.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Plan } from '../gpu/kernel.ts'
import { FORMATS, type RowRange, type WeightFormat } from './weights.ts'

const text = decode + activation + wgsl

/** Activations of the epilogue, and what the shader calls them. `gelu` is the exact one (erf). */
export const ACTIVATIONS = { identity: 0, gelu: 1, tanh: 2, relu: 3, sigmoid: 4, silu: 5 } as const

export interface GemmShape {
  /** Rows of `a`: tokens. */
  m: number
  /** Columns of `a`. */
  k: number
  /** Columns of the result, rows of the weight matrix. */
  columns: number
  /** The part of the weight matrix that is bound; all of it by default. */
  shard?: RowRange
  weights: WeightFormat
  activation?: keyof typeof ACTIVATIONS
  residual?: boolean
  /** Products in f16; only with `shader-f16` and F16 weights, and only tiled. */
  half?: boolean
}

/** The tile of one workgroup: see the shader. */
export interface Tile {
  tiled: boolean
  /** Rows an invocation. */
  rows: number
  /** Fours of columns an invocation. */
  vectors: number
  /** Fours of k a step; only where tiled. */
  blocks: number
}

export const TILES = {
  /** 32 × 32. */
  square: { tiled: true, rows: 4, vectors: 1, blocks: 8 },
  /** 8 × 32: four times the workgroups, for a few rows. */
  flat: { tiled: true, rows: 1, vectors: 1, blocks: 8 },
  /** Without barriers, 8 × 8 an invocation. */
  register: { tiled: false, rows: 8, vectors: 2, blocks: 1 },
} as const satisfies Record<string, Tile>

export interface GemmForce {
  tile?: keyof typeof TILES
  /** 4 values at once; only where k and columns are multiples of 4. */
  vec?: boolean
}

/** Whether products in f16 are to be trusted: on Intel Xe-LPG they are not, and its name does not always tell. */
export function halfWorks({ f16, adapter }: Capabilities): boolean {
  return f16 && !/^intel\b/i.test(adapter)
}

/**
 * Plans `out = activation(a · wᵀ + bias) + residual` for the columns of the shard.
 * Buffers: a (m, k), the shard of w, affine (bias, then scales of I8), out (m, columns), residual (m, columns) if any.
 */
export function planGemm(shape: GemmShape, caps: Capabilities, force: GemmForce = {}): Plan {
  const { m, k, columns, weights, activation = 'identity', residual = false, half = false } = shape
  const { first, rows: n } = shape.shard ?? { first: 0, rows: columns }
  if (half && weights !== 'F16') throw new Error(`products in f16 with ${weights} weights`)
  const name = force.tile ?? pickTile(m, n, caps.fallback && !half)
  const { tiled, rows, vectors, blocks } = TILES[name]
  const vec = force.vec ?? (k % 4 === 0 && columns % 4 === 0)
  return {
    variant: {
      name: `gemm.${name}.${weights}${half ? '.half' : ''}`,
      wgsl: text,
      defines: {
        WEIGHTS: FORMATS[weights],
        ACTIVATION: ACTIVATIONS[activation],
        RESIDUAL: residual,
        VEC: vec,
        HALF: half,
        TILED: tiled,
        ROWS: rows,
        VECTORS: vectors,
        BLOCKS: blocks,
        FOUR: 4,
      },
      enable: half ? ['f16'] : [],
    },
    grid: [Math.ceil(n / (32 * vectors)), Math.ceil(m / (8 * rows)), 1],
    params: [m, n, k, first, columns],
  }
}

/** Multiply-adds that a plan executes: whole tiles, also where they reach beyond the matrix. */
export function executedByGemm({ m, k, columns, shard }: GemmShape, { variant }: Plan): number {
  const { TILED, ROWS, VECTORS } = variant.defines
  const around = TILED ? 8 : 1
  const up = (count: number, step: number) => Math.ceil(count / step) * step
  return up(m, around * Number(ROWS)) * up(shard?.rows ?? columns, around * 4 * Number(VECTORS)) * k
}

/** A software adapter gets no barriers; a GPU gets smaller tiles where large ones would leave most of it idle. */
function pickTile(m: number, n: number, software: boolean): keyof typeof TILES {
  if (software) return 'register'
  return Math.ceil(m / 32) * Math.ceil(n / 32) < 64 ? 'flat' : 'square'
}
