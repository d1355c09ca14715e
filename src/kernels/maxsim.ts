import wgsl from '../../shaders/maxsim.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Defines } from '../gpu/expand.ts'
import type { Plan } from '../gpu/kernel.ts'
import { type CodeBits, codesWgsl } from './codes.ts'
import { fold } from './grid.ts'

export interface MaxSimShape {
  /** Query vectors, 1 to 512. */
  rows: number
  dim: number
  bits: CodeBits
  /** Work items of the shard: passages, and slices of long ones. */
  slices: number
  /** Rows that the shard has room for. */
  capacity: number
}

/** Tiles in workgroup memory, reduced by subgroups or by a tree; or one invocation per passage, without barriers. */
export const MAXSIM_BODIES = ['subgroup', 'workgroup', 'lane'] as const
export type MaxSimBody = (typeof MAXSIM_BODIES)[number]

/** What a passage without token vectors scores: below every score, and never a hit. Finite, an f32. */
export const NONE = Math.fround(-3.4e38)

/** Top bit of a slice's target: its maxima go to a slot of `partials` instead of a passage's score. */
export const PARTIAL = 0x80000000

/** The bodies that an adapter can run, the preferred one first. */
export function maxSimBodies(caps: Capabilities): MaxSimBody[] {
  const able = MAXSIM_BODIES.filter((body) => body !== 'subgroup' || caps.subgroups)
  return caps.fallback ? able.toReversed() : able
}

/** Plans the scores of one shard; buffers: query, shard, slices, alive, scores, partials. */
export function planMaxSim(shape: MaxSimShape, caps: Capabilities, force?: MaxSimBody): Plan {
  const { rows, dim, bits, slices, capacity } = shape
  const body = force ?? maxSimBodies(caps)[0]
  const tiled = body !== 'lane'
  // A narrow workgroup spreads a small index over the cores of a software adapter.
  const lanes = tiled ? 64 : 16
  const tile: Defines = tiled ? { FOURS: 8, COMPONENTS: 4 } : { ROWS: 8 }
  return {
    variant: {
      name: `maxsim.${bits}.${body}`,
      wgsl: codesWgsl + wgsl,
      defines: { CODE_BITS: bits, TILED: tiled, SUBGROUPS: body === 'subgroup', LANES: lanes, ...tile },
      enable: body === 'subgroup' ? ['subgroups'] : [],
    },
    grid: fold(tiled ? slices : Math.ceil(slices / lanes), caps.limits.groups),
    params: [rows, dim / 4, slices, capacity],
  }
}
