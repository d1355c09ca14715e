/**
 * The first part of a dictionary file: arrays of numbers one after another, deflated. Shared by what reads and, in
 * scripts/japanese/pack.mjs, what writes.
 */
import { damaged } from './damaged.ts'

/** The arrays, in the order in which they lie in the file. Numbers are little-endian. */
export const SECTIONS = {
  /** The licence of the dictionary, in UTF-8. */
  notice: Uint8Array,
  /** Rows and columns of the matrix of connection costs, and the longest group of unknown characters but one. */
  sizes: Uint32Array,
  /** Row of each class of words, when it follows another word; the class 0 is the end of the text. */
  rows: Uint16Array,
  /** Column of each class of words, when another word follows; the class 0 is the beginning of the text. */
  columns: Uint16Array,
  /** First code unit of each run of characters of one kind. */
  runStarts: Uint16Array,
  runKinds: Uint8Array,
  /** Each kind of characters as MeCab's char.bin packs it: 18 bits categories, 8 default, 4 length, group, invoke. */
  kinds: Uint32Array,
  /** Of each category, how many entries it has for unknown words; and these. */
  unknownCounts: Uint8Array,
  unknownClasses: Uint16Array,
  unknownCosts: Int16Array,
  /** Code units, the most frequent first. */
  alphabet: Uint16Array,
  /** Words in the order of their code units: how many each shares with the one before, how many follow, and these. */
  shared: Uint8Array,
  tailLengths: Uint8Array,
  tails: Uint8Array,
  /** The lists of classes that words have, the most frequent first; and of each word, which it has. */
  patternLengths: Uint8Array,
  patternClasses: Uint16Array,
  patterns: Uint8Array,
  /** Costs of the classes of all words of the first pattern, then the second, … */
  costs: Int16Array,
} as const

export type Sections = { -readonly [name in keyof typeof SECTIONS]: InstanceType<(typeof SECTIONS)[name]> }

const NAMES = Object.keys(SECTIONS) as (keyof typeof SECTIONS)[]

/** Numbers below this take one byte, others two. */
const SHORT = 200

/** Of most frequent first numbers: one byte or two each. */
export function writeRanks(ranks: readonly number[]): Uint8Array {
  return Uint8Array.from(
    ranks.flatMap((rank) => (rank < SHORT ? [rank] : [SHORT + Math.floor((rank - SHORT) / 256), (rank - SHORT) % 256])),
  )
}

/** Calls `emit` with each number. @throws MaxsiftError `MODEL_INVALID` unless there are `count`, all below `limit` */
export function readRanks(
  bytes: Uint8Array,
  count: number,
  limit: number,
  emit: (rank: number, i: number) => void,
): void {
  let at = 0
  for (let i = 0; i < count; i++) {
    const first = bytes[at++]
    const rank = first < SHORT ? first : SHORT + (first - SHORT) * 256 + bytes[at++]
    if (!(rank < limit)) throw damaged('a number is out of range')
    emit(rank, i)
  }
  if (at !== bytes.length) throw damaged('the numbers of two lists differ')
}

/** The arrays as bytes, before they are deflated: the length of each, then their contents. */
export function writeSections(sections: Sections): Uint8Array {
  const parts = NAMES.map((name) => {
    const { buffer, byteOffset, byteLength } = sections[name]
    return new Uint8Array(buffer, byteOffset, byteLength)
  })
  const lengths = new Uint8Array(Uint32Array.from(parts, (part) => part.length).buffer)
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, lengths.length))
  let at = 0
  for (const part of [lengths, ...parts]) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** @throws MaxsiftError `MODEL_INVALID` unless the lengths fit the bytes */
export function readSections(bytes: Uint8Array): Sections {
  let at = NAMES.length * 4
  if (bytes.length < at) throw damaged('it ends too early')
  const lengths = new Uint32Array(bytes.slice(0, at).buffer)
  const sections = NAMES.map((name, i) => {
    const View = SECTIONS[name]
    if (lengths[i] % View.BYTES_PER_ELEMENT !== 0 || at + lengths[i] > bytes.length) {
      throw damaged('the length of a part does not fit')
    }
    // Copied: where it lies in the file is no multiple of the size of its numbers.
    const section = new View(bytes.slice(at, at + lengths[i]).buffer)
    at += lengths[i]
    return [name, section]
  })
  if (at !== bytes.length) throw damaged('it is longer than its contents')
  return Object.fromEntries(sections) as Sections
}
