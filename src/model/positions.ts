import type { EncoderSpec } from './spec.ts'

/** The row of the position table for each id of an input. */
export function positionsOf({ padding }: Pick<EncoderSpec, 'padding'>, ids: Uint32Array): Uint32Array {
  if (padding === undefined) return Uint32Array.from(ids.keys())
  // As RoBERTa counts them: a token of padding, also one that a text spells out, stays at the first and takes none.
  let last = padding
  return ids.map((id) => (id === padding ? padding : ++last))
}
