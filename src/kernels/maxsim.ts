import wgsl from '../../shaders/maxsim.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import type { Defines } from '../gpu/expand.ts'
import type { Plan } from '../gpu/kernel.ts'
import { type CodeBits, codesWgsl } from './codes.ts'
import { fold } from './grid.ts'

export interface MaxSimShape {
  queries?: number
  /** Vectors of a query, 1 to 512. */
  rows: number
  dim: number
  bits: CodeBits
  /** Work items of the shard: passages, and slices of long ones. */
  slices: number
  /** Rows that the shard has room for. */
  capacity: number
  /** Passages of the index, and slots of partial maxima: the strides from one query to the next. */
  passages: number
  slots: number
}

/** Choices that a test may force; by default they follow from the shape and the device. */
export interface MaxSimForce {
  body?: MaxSimBody
  integer?: boolean
}

/**
 * Tiles in workgroup memory: a subgroup of lanes with two tokens each; or 64 lanes with one, reduced by subgroups or by a
 * tree. Or one invocation per passage, without barriers; in subgroups that load the query together.
 */
export const MAXSIM_BODIES = ['pair', 'subgroup', 'workgroup', 'lane', 'broadcast'] as const
export type MaxSimBody = (typeof MAXSIM_BODIES)[number]

/** Those that can multiply integers, with one token a lane: of two, the sums would not fit the registers. */
export const INTEGER_BODIES: readonly MaxSimBody[] = ['subgroup', 'workgroup']

/** What a passage without token vectors scores: below every score, and never a hit. Finite, an f32. */
export const NONE = Math.fround(-3.4e38)

/** Top bit of a slice's target: its maxima go to a slot of `partials` instead of a passage's score. */
export const PARTIAL = 0x80000000

/**
 * The bodies that an adapter can run, the preferred one first. Two tokens a lane want the registers of a GPU whose
 * subgroups always have 32 lanes or more; with more than 32, half of them would idle.
 */
export function maxSimBodies({ subgroups, fallback }: Capabilities): MaxSimBody[] {
  if (!subgroups) return fallback ? ['lane', 'workgroup'] : ['workgroup', 'lane']
  if (fallback) return MAXSIM_BODIES.toReversed()
  return subgroups.min === 32 ? [...MAXSIM_BODIES] : ['subgroup', 'workgroup', 'lane', 'broadcast', 'pair']
}

/** Whether MaxSim takes the query as integers: only where a probe found that to be faster. */
export function isInteger(bits: CodeBits, { packedDot, integer }: Capabilities): boolean {
  return bits === 8 && packedDot && integer === true
}

/** 8 query rows at a time: how many a lane loads, and how many lanes with different ones. */
function rowsOf(subgroups: boolean, caps: Capabilities): Defines {
  const width = subgroups ? Math.min(8, caps.subgroups!.min) : 1
  return { PER: 8 / width, WIDTH: width }
}

/**
 * Plans the scores of one shard; buffers: query, shard, slices, alive, scores, partials. For integers the query is what
 * `planSplit` makes of it.
 */
export function planMaxSim(shape: MaxSimShape, caps: Capabilities, force: MaxSimForce = {}): Plan {
  const { queries, rows, dim, bits, slices, capacity, passages, slots } = shape
  const integer = force.integer ?? isInteger(bits, caps)
  const body = force.body ?? maxSimBodies(caps).find((body) => !integer || INTEGER_BODIES.includes(body))!
  const tiled = body !== 'lane' && body !== 'broadcast'
  const pair = body === 'pair'
  const subgroups = body !== 'workgroup' && body !== 'lane'
  // A narrow workgroup spreads a small index over the cores of a software adapter.
  const lanes = pair ? 32 : tiled ? 64 : 16
  const tile: Defines = tiled
    ? { TOKENS: pair ? 2 : 1, FOURS: 8, COMPONENTS: 4 }
    : { ...rowsOf(subgroups, caps), FOURS: 2 }
  return {
    variant: {
      name: `maxsim.${integer ? 'integer' : bits}.${body}`,
      wgsl: codesWgsl + wgsl,
      defines: { CODE_BITS: bits, TILED: tiled, SUBGROUPS: subgroups, INTEGER: integer, LANES: lanes, ...tile },
      enable: subgroups ? ['subgroups'] : [],
    },
    grid: fold(tiled ? slices : Math.ceil(slices / lanes), caps.limits.groups, queries),
    params: [rows, dim / 4, slices, capacity, passages, slots],
  }
}
