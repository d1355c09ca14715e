/**
 * The `Precompiled` normalizer: SentencePiece's table of what characters become (`nmt_nfkc` in most models), a double
 * array over UTF-8 bytes (Darts) with the replacements behind it, read as the Rust crate `spm_precompiled` does.
 */
import type { Aligned } from './aligned.ts'
import type { Normalizer } from './normalizer.ts'
import { invalid } from './subwords.ts'
import { utf8, utf8Length } from './utf8.ts'

/** The reference looks a whole grapheme cluster up if it has fewer bytes than this, and else its characters. */
const MOST_BYTES = 6

/** @param base64 `precompiled_charsmap` */
export function precompiled(base64: unknown): Normalizer {
  if (typeof base64 !== 'string') throw invalid('precompiled_charsmap is missing')
  const transform = reader(decode(base64))
  const known = new Map<string, string | undefined>()
  const lookUp = (chunk: string) => {
    if (known.has(chunk)) return known.get(chunk)
    const found = transform(utf8(chunk))
    known.set(chunk, found)
    return found
  }
  return (text) => {
    const list: Transformation[] = []
    let modified = false
    for (let at = 0, end: number; at < text.text.length; at = end) {
      end = clusterEnd(text.text, at)
      const cluster = text.text.slice(at, end)
      for (const part of byteLength(cluster) < MOST_BYTES && lookUp(cluster) !== undefined ? [cluster] : cluster) {
        const found = lookUp(part)
        if (found === undefined) list.push([part, 0])
        else replace(list, part, found)
        modified ||= found !== undefined
      }
    }
    return modified ? transformed(text, list) : text
  }
}

/** A character of the result; 1 if it was inserted, minus the characters that were dropped after the one it replaces. */
type Transformation = [char: string, change: number]

function replace(list: Transformation[], before: string, after: string): void {
  const chars = [...after]
  const change = chars.length - [...before].length
  for (const char of chars) list.push([char, 0])
  for (let i = list.length - 1; i >= list.length - change && i >= 0; i--) list[i][1] = 1
  if (change < 0 && list.length > 0) list[list.length - 1][1] += change
}

/** Ranges go by the order of characters: what was inserted comes from the one before it. */
function transformed(text: Aligned, list: readonly Transformation[]): Aligned {
  const places: number[] = []
  for (let at = 0; at < text.text.length; at += (text.text.codePointAt(at) as number) > 0xffff ? 2 : 1) places.push(at)
  places.push(text.text.length)
  return text.rewrite((_, emit) => {
    let next = 0
    for (const [char, change] of list) {
      const from = change > 0 ? next - 1 : next
      emit(char, places[from], places[from + 1])
      if (change <= 0) next += 1 - change
    }
    return text.text.length
  })
}

const byteLength = (text: string) => {
  let bytes = 0
  for (const char of text) bytes += utf8Length(char.codePointAt(0) as number)
  return bytes
}

/** What may belong to a grapheme cluster with its neighbour; all else is one by itself. */
const JOINS_BEFORE =
  /^[\n\p{M}\p{Cf}\p{Emoji_Modifier}\uff9e\uff9f\u0e33\u0eb3\u1100-\u11ff\ua960-\ua97f\uac00-\ud7ff]/u
const JOINS_AFTER =
  /^[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u{110bd}\u{110cd}\u{111c2}\u{111c3}\u{113d1}\u{1193f}\u{11941}\u{11a3a}\u{11a84}-\u{11a89}\u{11d46}\u{11f02}]/u
const PLAIN = 0x300

const graphemes: { of?: Intl.Segmenter } = {}

/** Where the grapheme cluster that starts here ends. */
function clusterEnd(text: string, at: number): number {
  const code = text.codePointAt(at) as number
  const end = at + (code > 0xffff ? 2 : 1)
  const next = text.codePointAt(end)
  if (next === undefined || (code < PLAIN && next < PLAIN && next !== 0x0a && next !== 0xad)) return end
  if (!JOINS_BEFORE.test(String.fromCodePoint(next)) && !JOINS_AFTER.test(String.fromCodePoint(code))) return end
  graphemes.of ??= new Intl.Segmenter('en', { granularity: 'grapheme' })
  // Engines take time for all of the text that they are given, for each cluster.
  for (let width = 16; ; width *= 4) {
    const found = graphemes.of.segment(text.slice(at, at + width)).containing(0)?.segment.length ?? 1
    if (found < width - 1 || at + width >= text.length) return at + found
  }
}

const decode = (base64: string) => {
  try {
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  } catch (cause) {
    throw invalid(`precompiled_charsmap is not base64 (${cause})`)
  }
}

/** Looks up what the shortest prefix that is in the table becomes: all of the chunk becomes that. */
function reader(bytes: Uint8Array): (chunk: Uint8Array) => string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const size = bytes.length < 4 ? 0 : view.getUint32(0, true)
  if (size === 0 || size % 4 !== 0 || size + 4 > bytes.length) throw invalid('precompiled_charsmap is damaged')
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true))
  const texts = bytes.subarray(4 + size)
  const offset = (unit: number) => ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0
  return (chunk) => {
    let place = offset(units[0])
    for (const byte of chunk) {
      if (byte === 0) return undefined
      place = (place ^ byte) >>> 0
      // Beyond the end it is undefined, which is no label.
      const unit = units[place]
      if ((unit & 0x800000ff) >>> 0 !== byte || unit === undefined) return undefined
      place = (place ^ offset(unit)) >>> 0
      if ((unit & 0x100) !== 0) {
        const start = units[place] & 0x7fffffff
        const end = texts.indexOf(0, start)
        return new TextDecoder().decode(texts.subarray(start, end < 0 ? texts.length : end))
      }
    }
    return undefined
  }
}
