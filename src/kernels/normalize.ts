import wgsl from '../../shaders/normalize.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Plan } from '../gpu/kernel.ts'
import { fold } from './grid.ts'
import { type RowForce, rowLibrary, rowVariant } from './rows.ts'

const text = rowLibrary + wgsl

export interface NormalizeShape {
  /** Kept rows. */
  rows: number
  /** At most 1,024. */
  columns: number
}

/** Plans `out[i] = x[keep[i]] / max(‖x[keep[i]]‖, 1e-12)`; buffers: x, keep, out. */
export function planNormalize({ rows, columns }: NormalizeShape, caps: Capabilities, force?: RowForce): Plan {
  return {
    variant: { name: 'normalize', wgsl: text, ...rowVariant(columns, caps, force) },
    grid: fold(rows, caps.limits.groups),
    params: [rows, columns],
  }
}
