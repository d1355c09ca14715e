import wgsl from '../../shaders/split.wgsl'
import type { Plan } from '../gpu/kernel.ts'

export interface SplitShape {
  queries?: number
  /** Vectors of a query. */
  rows: number
  dim: number
}

/** Rows of a tile, as MaxSim takes them. */
const LANES = 32

/** Bytes of the codes of so many queries. */
export function splitBytes({ queries = 1, rows, dim }: SplitShape): number {
  return queries * Math.ceil(rows / LANES) * (dim / 2 + 1) * LANES * 4
}

/** Plans query vectors → two bytes a component; buffers: vectors (queries, rows, dim) f32, codes. */
export function planSplit({ queries = 1, rows, dim }: SplitShape): Plan {
  return {
    variant: { name: 'split', wgsl, defines: { LANES } },
    grid: [Math.ceil(rows / LANES), 1, queries],
    params: [rows, dim / 4],
  }
}
