import wgsl from '../../shaders/add_norm.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import { f32, type Plan } from '../gpu/kernel.ts'
import { fold } from './grid.ts'

export interface AddNormShape {
  rows: number
  /** At most 1,024. */
  columns: number
  epsilon: number
}

/** Plans `out = LayerNorm(x + residual)`; buffers: x, residual, gamma_beta, out. */
export function planAddNorm({ rows, columns, epsilon }: AddNormShape, caps: Capabilities): Plan {
  const lanes = columns <= 64 ? 32 : columns <= 256 ? 64 : 128
  return {
    variant: { name: 'add_norm', wgsl, defines: { LANES: lanes, KEEP: Math.ceil(columns / lanes) } },
    grid: fold(rows, caps.limits.groups),
    params: [rows, columns, f32(epsilon)],
  }
}
