import wgsl from '../../shaders/attention.wgsl'
import type { Capabilities } from '../gpu/device.ts'
import { f32, type Plan } from '../gpu/kernel.ts'

/** Largest head dim: beyond it a tile does not fit workgroup memory. */
export const MAX_HEAD = 128

/** Largest head dim of the variant without barriers: it is unrolled, and takes seconds to compile beyond. */
export const MAX_PLAIN_HEAD = 64

export interface AttentionShape {
  hidden: number
  heads: number
  /** Entries of the work list. */
  tiles: number
  /** Whether queries and keys are turned by their positions. */
  rotary?: boolean
  /** A row sees the keys at most so far away; all without it. */
  window?: number
}

/** More than any sequence is long. */
const NO_WINDOW = 2 ** 30

export interface AttentionForce {
  tiled?: boolean
  /** 4 values at once; only where the head dim is a multiple of 4, with rotary positions of 8. */
  vec?: boolean
}

/** A sequence among packed tokens. */
export interface Sequence {
  /** First token. */
  start: number
  length: number
  /** Keys to look at, from the first on; all later ones are hidden. At least 1. */
  keys: number
}

/** Query rows of one entry of the work list. */
export function tileRows({ hidden, heads }: Pick<AttentionShape, 'hidden' | 'heads'>): number {
  return hidden / heads > 64 ? 16 : 32
}

/** The work list: 4 values an entry (first token, length, first row, keys), longest sequences first. */
export function listTiles(sequences: readonly Sequence[], rows: number): Uint32Array {
  const entries: number[] = []
  // Long ones first: a long tile that starts last would run alone at the end.
  for (const { start, length, keys } of sequences.toSorted((a, b) => b.keys - a.keys)) {
    for (let row = 0; row < length; row += rows) entries.push(start, length, row, keys)
  }
  return Uint32Array.from(entries)
}

/**
 * Plans softmax(q · kᵀ / √d) · v over packed sequences.
 * Buffers: qkv (tokens, 3 · hidden), work list, attend (tokens), out (tokens, hidden), and with rotary positions their
 * table (`rotaryTable`).
 */
export function planAttention(shape: AttentionShape, caps: Capabilities, force: AttentionForce = {}): Plan {
  const { hidden, heads, tiles, rotary = false, window = NO_WINDOW } = shape
  const head = hidden / heads
  if (!(head <= MAX_HEAD)) throw new Error(`a head dim of ${head}; at most ${MAX_HEAD} is possible`)
  const quads = Math.ceil(head / 4)
  const tiled = force.tiled ?? (!caps.fallback || head > MAX_PLAIN_HEAD)
  const rows = tileRows(shape)
  const parts = 128 / rows
  const keys = head <= 32 ? 32 : head <= 64 ? 16 : 8
  return {
    variant: {
      name: `attention.${tiled ? 'tiled' : 'plain'}.${head}${rotary ? '.rotary' : ''}`,
      wgsl,
      defines: {
        HEAD: head,
        QUADS: quads,
        VEC: force.vec ?? head % (rotary ? 8 : 4) === 0,
        ROTARY: rotary,
        TILED: tiled,
        TILE_ROWS: rows,
        KEYS: keys,
        PARTS: parts,
        OWN_KEYS: keys / parts,
        OWN_QUADS: Math.ceil(quads / parts),
      },
    },
    grid: [tiles, heads, 1],
    params: [hidden, f32(1 / Math.sqrt(head)), quads, Math.min(window, NO_WINDOW)],
  }
}

/**
 * Cosines, then sines, of each position: (positions, 2, head / 2) f32. In f32 step by step, as `transformers` computes
 * them: at large angles its rounding is part of the model.
 */
export function rotaryTable(theta: number, positions: number, head: number): Float32Array {
  const half = head / 2
  const frequencies = Float32Array.from({ length: half }, (_, i) => 1 / Math.fround(theta ** Math.fround(i / half)))
  const table = new Float32Array(positions * head)
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * frequencies[i])
      table[position * head + i] = Math.cos(angle)
      table[position * head + half + i] = Math.sin(angle)
    }
  }
  return table
}

/** Multiply-adds that a plan executes over its work list, in all heads: scores, and values. */
export function executedByAttention(work: Uint32Array, hidden: number, { variant, params }: Plan): number {
  const { TILED, TILE_ROWS, KEYS } = variant.defines
  const window = params[3]
  let executed = 0
  for (let at = 0; at < work.length; at += 4) {
    const [length, row, keys] = work.subarray(at + 1, at + 4)
    const rows = TILED ? Number(TILE_ROWS) : Math.min(Number(TILE_ROWS), length - row)
    const seen = Math.max(0, Math.min(keys, row + rows + window) - Math.max(0, row - window))
    executed += 2 * rows * Math.ceil(seen / Number(KEYS)) * Number(KEYS) * hidden
  }
  return executed
}
