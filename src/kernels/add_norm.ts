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
  /** Parts of x, which are added up; 1 by default, 0 for the residual alone. */
  parts?: number
  /** Whether the sum itself is wanted too. */
  sums?: boolean
}

/** Plans `out = LayerNorm(Σ x + residual)`; buffers: x (parts, rows, columns), residual, affine, out, sums if wanted. */
export function planAddNorm(
  { rows, columns, epsilon, parts = 1, sums = false }: AddNormShape,
  caps: Capabilities,
  force?: RowForce,
): Plan {
  const { defines, enable } = rowVariant(columns, caps, force)
  return {
    variant: { name: 'add_norm', wgsl: text, defines: { ...defines, SUMS: sums }, enable },
    grid: fold(rows, caps.limits.groups),
    params: [rows, columns, f32(epsilon), parts],
  }
}
