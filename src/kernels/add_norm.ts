import wgsl from '../../shaders/add_norm.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import { f32, type Plan } from '../gpu/kernel.ts'
import { fold } from './grid.ts'
import { normLibrary, type RowForce, rowVariant } from './rows.ts'

const text = normLibrary + wgsl

export interface AddNormShape {
  rows: number
  /** At most 1,024. */
  columns: number
  epsilon: number
}

/** Plans `out = LayerNorm(x + residual)`; buffers: x, residual, affine, out. */
export function planAddNorm({ rows, columns, epsilon }: AddNormShape, caps: Capabilities, force?: RowForce): Plan {
  return {
    variant: { name: 'add_norm', wgsl: text, ...rowVariant(columns, caps, force) },
    grid: fold(rows, caps.limits.groups),
    params: [rows, columns, f32(epsilon)],
  }
}
