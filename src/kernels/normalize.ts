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
  /** Whether `keep` has runs of rows, of which the mean is taken. */
  mean?: boolean
  /** False leaves the rows as long as they are. */
  unit?: boolean
}

/** Plans `out[i] = x[keep[i]] / max(‖x[keep[i]]‖, 1e-12)`; buffers: x, keep, out. */
export function planNormalize(
  { rows, columns, mean = false, unit = true }: NormalizeShape,
  caps: Capabilities,
  force?: RowForce,
): Plan {
  const { defines, enable } = rowVariant(columns, caps, force)
  return {
    variant: { name: 'normalize', wgsl: text, defines: { ...defines, MEAN: mean, UNIT: unit }, enable },
    grid: fold(rows, caps.limits.groups),
    params: [rows, columns],
  }
}
