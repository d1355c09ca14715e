import wgsl from '../../shaders/quantize.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Plan } from '../gpu/kernel.ts'
import { type CodeBits, codesWgsl } from './codes.ts'
import { fold } from './grid.ts'

export interface QuantizeShape {
  rows: number
  dim: number
  bits: CodeBits
  /** The row of the shard that the first vector goes to. */
  base: number
  /** Rows that the shard has room for. */
  capacity: number
}

const LANES = 64

/** Plans token vectors → codes; buffers: vectors (rows, dim) f32, shard. */
export function planQuantize({ rows, dim, bits, base, capacity }: QuantizeShape, caps: Capabilities): Plan {
  return {
    variant: {
      name: `quantize.${bits}`,
      wgsl: codesWgsl + wgsl,
      defines: { LANES, CODE_BITS: bits },
    },
    grid: fold(Math.ceil(rows / LANES), caps.limits.groups),
    params: [rows, dim / 4, base, capacity],
  }
}
