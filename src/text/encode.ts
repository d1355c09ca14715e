import type { EncodingRules } from '../model/spec.ts'
import { expandedLength, LEAST_EXPANSION } from './expansion.ts'
import type { Tokenizer } from './tokenizer.ts'

/** The input of the model for one text; arrays run in parallel over its rows. */
export interface EncodedText {
  ids: Uint32Array
  /** 1 where other rows may attend to this one; 0 for expansion rows that are only scored. */
  attend: Uint8Array
  /** Rows whose vectors count, ascending. */
  keep: Uint32Array
  /** Range in the text as given, in UTF-16 units; -1 for markers, prompt and expansion. */
  starts: Int32Array
  ends: Int32Array
  /** Whether the text was longer than the model takes. */
  truncated: boolean
}

/**
 * Turns a text into the input of the model, by the rules of its role:
 * `[CLS] marker prompt text [SEP] expansion…`, cut so that [SEP] stays.
 */
export function encodeText(tokenizer: Tokenizer, rules: EncodingRules, text: string): EncodedText {
  const { prefix, suffix } = tokenizer
  const { marker, prompt, expansion } = rules
  const before = marker === null ? prefix : [...prefix, marker]
  const tokens = tokenizer.tokenize(prompt + text)
  const room = Math.max(0, rules.maxLength - before.length - suffix.length)
  const count = Math.min(tokens.ids.length, room)
  const real = before.length + count + suffix.length
  const wanted = expansion ? expandedLength(expansion, real) : real
  // A dynamic length leaves room below the positions of the model for the least expansion, not for every multiple.
  const rows = Math.min(wanted, Math.max(real, expansion?.length ?? 0, rules.maxLength + LEAST_EXPANSION))

  const ids = new Uint32Array(rows).fill(expansion?.token ?? 0)
  const attend = new Uint8Array(rows).fill(expansion?.attend ? 1 : 0)
  const starts = new Int32Array(rows).fill(-1)
  const ends = new Int32Array(rows).fill(-1)
  ids.set(before)
  ids.set(tokens.ids.slice(0, count), before.length)
  ids.set(suffix, before.length + count)
  attend.fill(1, 0, real)
  for (let i = 0; i < count; i++) {
    // A token can span the end of the prompt: what lies in the text is the text's.
    const end = tokens.ends[i] - prompt.length
    if (end <= 0) continue
    let start = Math.max(0, tokens.starts[i] - prompt.length)
    // Some tokenizers count the space before a word in.
    while (start < end - 1 && text[start] === ' ') start++
    starts[before.length + i] = start
    ends[before.length + i] = end
  }
  const skip = new Set(rules.skip)
  const keep = rules.pooled ? Uint32Array.of(0) : Uint32Array.from(ids.keys()).filter((row) => !skip.has(ids[row]))
  return { ids, attend, keep, starts, ends, truncated: count < tokens.ids.length }
}

/** Strings of the ids, for explanations. */
export const tokenStrings = (tokenizer: Tokenizer, ids: Iterable<number>): string[] =>
  Array.from(ids, (id) => tokenizer.tokenOf(id) ?? `[${id}]`)
