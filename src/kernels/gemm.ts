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
  /** What is added to the result; `gate`: what it is multiplied with. */
  residual?: boolean | 'gate'
  /** Products in f16; only with `shader-f16` and F16 weights, and only tiled. */
  half?: boolean
  /** Sums over so many runs of k, to be added up by the next kernel; 1 by default. See `partsOf`. */
  parts?: number
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
  /** Invocations of a workgroup over columns and over rows. */
  lanes: readonly [wide: number, high: number]
  /** Lanes load rows for each other; only with `subgroups`. */
  shared?: boolean
}

export const TILES = {
  /** 32 × 32. */
  square: { tiled: true, rows: 4, vectors: 1, blocks: 8, lanes: [8, 8] },
  /** 64 × 64: each value is read half as often, in twice the registers. Only with fours, else it compiles for seconds. */
  large: { tiled: true, rows: 8, vectors: 2, blocks: 4, lanes: [8, 8] },
  /** 8 × 32: four times the workgroups, for a few rows. */
  flat: { tiled: true, rows: 1, vectors: 1, blocks: 8, lanes: [8, 8] },
  /** Without barriers, 8 × 8 an invocation. With 4 × 8, SwiftShader and lavapipe take up to a third longer. */
  register: { tiled: false, rows: 8, vectors: 2, blocks: 1, lanes: [8, 8] },
  /** The same, where lanes share the loads of rows. */
  broadcast: { tiled: false, rows: 8, vectors: 2, blocks: 1, lanes: [16, 1], shared: true },
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
 * Plans `out = activation(a · wᵀ + bias) + residual`, or `· residual`, for the columns of the shard.
 * Buffers: a (m, k), the shard of w, affine (bias, then scales of I8), out (parts, m, columns), residual (m, columns) if
 * any.
 */
export function planGemm(shape: GemmShape, caps: Capabilities, force: GemmForce = {}): Plan {
  const { m, k, columns, weights, activation = 'identity', residual = false, half = false, parts = 1 } = shape
  const { first, rows: n } = shape.shard ?? { first: 0, rows: columns }
  if (half && weights !== 'F16') throw new Error(`products in f16 with ${weights} weights`)
  if (parts > 1 && (activation !== 'identity' || residual))
    throw new Error('parts have neither activation nor residual')
  const vec = force.vec ?? (k % 4 === 0 && columns % 4 === 0)
  const name = force.tile ?? pickTile(m, n, caps, half, vec)
  const { tiled, rows, vectors, blocks, lanes, shared = false }: Tile = TILES[name]
  const [wide, high] = lanes
  const width = shared ? Math.min(rows, caps.subgroups!.min) : 1
  return {
    variant: {
      name: `gemm.${name}.${weights}${half ? '.half' : ''}`,
      wgsl: text,
      defines: {
        WEIGHTS: FORMATS[weights],
        ACTIVATION: ACTIVATIONS[activation],
        RESIDUAL: residual === true,
        GATED: residual === 'gate',
        VEC: vec,
        HALF: half,
        TILED: tiled,
        ROWS: rows,
        VECTORS: vectors,
        BLOCKS: blocks,
        FOUR: 4,
        SUBGROUPS: shared,
        WIDE: wide,
        HIGH: high,
        PER: rows / width,
        WIDTH: width,
      },
      enable: half ? ['f16'] : shared ? ['subgroups'] : [],
    },
    grid: [Math.ceil(n / (4 * vectors * wide)), Math.ceil(m / (rows * high)), parts],
    params: [m, n, k, first, columns, parts],
  }
}

/** Multiply-adds that a plan executes: whole tiles, also where they reach beyond the matrix. */
export function executedByGemm({ m, k, columns, shard }: GemmShape, { variant }: Plan): number {
  const { TILED, SUBGROUPS, ROWS, VECTORS, WIDE, HIGH } = variant.defines
  // Without barriers, a lane beyond the matrix ends at once, but where others need it.
  const [wide, high] = TILED || SUBGROUPS ? [Number(WIDE), Number(HIGH)] : [1, 1]
  const up = (count: number, step: number) => Math.ceil(count / step) * step
  return up(m, high * Number(ROWS)) * up(shard?.rows ?? columns, wide * 4 * Number(VECTORS)) * k
}

/** Workgroups that keep a GPU busy; a part of k that is worth its sums; most parts. */
const BUSY_GROUPS = 256
const SHORTEST_PART = 256
const MOST_PARTS = 4

/** How many parts a product of which only the sum is wanted best comes in: more for few rows and a long k. */
export function partsOf({ m, k, columns }: Pick<GemmShape, 'm' | 'k' | 'columns'>, caps: Capabilities): number {
  if (caps.fallback) return 1
  const { rows, vectors } = TILES[pickTile(m, columns, caps, false, true)]
  const groups = Math.ceil(columns / (32 * vectors)) * Math.ceil(m / (8 * rows))
  return Math.max(1, Math.min(MOST_PARTS, Math.floor(k / SHORTEST_PART), Math.ceil(BUSY_GROUPS / groups)))
}

/** Tiles of which a probe picks one; the first is taken without it. */
export const PROBED = ['square', 'large', 'register'] as const

/**
 * A software adapter gets no barriers; a GPU gets smaller tiles where large ones would leave most of it idle, or where
 * too much of them would lie beyond the matrix.
 */
function pickTile(
  m: number,
  n: number,
  { fallback, subgroups, tile }: Capabilities,
  half: boolean,
  vec: boolean,
): keyof typeof TILES {
  if (fallback && !half) return subgroups ? 'broadcast' : 'register'
  const [wide, narrow] = [64, 32].map((size) => Math.ceil(m / size) * Math.ceil(n / size))
  if (narrow < BUSY_GROUPS / 4) return 'flat'
  const probed = PROBED.find((name) => name === tile)
  const fits = vec && wide >= BUSY_GROUPS / 4 && m >= 512
  return probed && fits && !(half && probed === 'register') ? probed : 'square'
}
