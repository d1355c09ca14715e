import reduce from '../../shaders/lib/reduce.wgsl'
import wgsl from '../../shaders/merge.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Plan } from '../gpu/kernel.ts'
import { fold } from './grid.ts'

export interface MergeShape {
  /** Sliced passages. */
  count: number
  /** Vectors of a query. */
  rows: number
  queries?: number
  /** Slots and passages of the index. */
  slots: number
  passages: number
}

/** Plans the scores of sliced passages; buffers: merges, alive, partials, scores. */
export function planMerge(shape: MergeShape, caps: Capabilities, subgroups = caps.subgroups !== null): Plan {
  const { count, rows, queries = 1, slots, passages } = shape
  return {
    variant: {
      name: `merge.${subgroups ? 'subgroup' : 'workgroup'}`,
      wgsl: reduce + wgsl,
      defines: { LANES: 64, SUBGROUPS: subgroups },
      enable: subgroups ? ['subgroups'] : [],
    },
    grid: fold(count, caps.limits.groups, queries),
    params: [count, rows, slots, passages],
  }
}
