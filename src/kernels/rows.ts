import layerNorm from '../../shaders/lib/layer_norm.wgsl'
import reduce from '../../shaders/lib/reduce.wgsl'
import value from '../../shaders/lib/value.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Variant } from '../gpu/kernel.ts'

/** Choices that a test may force; by default they follow from the shape and the device. */
export interface RowForce {
  subgroups?: boolean
  /** 4 columns at once; only where the columns are a multiple of 4. */
  vec?: boolean
}

/** Longest row of the kernels in which a workgroup keeps one row in registers. */
export const MAX_COLUMNS = 1024

/** Text that the row kernels share. */
export const rowLibrary = [value, reduce].join('\n')
export const normLibrary = [value, reduce, layerNorm].join('\n')

/** The part of a row kernel's variant that follows from the row length. */
export function rowVariant(
  columns: number,
  caps: Capabilities,
  force: RowForce = {},
): { defines: { LANES: number; KEEP: number; VEC: boolean; SUBGROUPS: boolean }; enable: Variant['enable'] } {
  if (columns > MAX_COLUMNS) throw new Error(`a row of ${columns} columns; at most ${MAX_COLUMNS} are possible`)
  const vec = force.vec ?? columns % 4 === 0
  // Barriers and subgroups alike are emulated on software adapters; the tree has fewer surprises.
  const subgroups = force.subgroups ?? (caps.subgroups !== null && !caps.fallback)
  const values = vec ? columns / 4 : columns
  const lanes = values <= 128 ? 32 : values <= 512 ? 64 : 128
  return {
    defines: { LANES: lanes, KEEP: Math.ceil(values / lanes), VEC: vec, SUBGROUPS: subgroups },
    enable: subgroups ? ['subgroups'] : [],
  }
}
