/**
 * The dictionary: what MeCab looks up, without the features that say what a word means.
 *
 * A file is `mxja`, a version, the bytes of the deflated sections (u32 each, little-endian), these, and to its end the
 * arithmetic-coded matrix. Everything is exact: equal rows and columns of the matrix are one, context ids with the same
 * row and column are one class, and of entries with equal surface and class the cheapest is kept, since the others can
 * be on no best path.
 */
import { Decoder } from './coder.ts'
import { damaged } from './damaged.ts'
import { codeMatrix } from './matrix.ts'
import { readRanks, readSections, type Sections } from './sections.ts'
import { Words } from './words.ts'

const MAGIC = 'mxja'
const VERSION = 1
const HEADER_BYTES = 12

/** More than a dictionary has, inflated. */
const MAX_BYTES = 1 << 24
const MAX_CELLS = 1 << 27

/** Entries of a word or of a category of unknown words: classes and costs, in the order of the source. */
export interface Entries {
  classes: Uint16Array
  costs: Int16Array
}

/** What is known of a kind of characters (MeCab's `CharInfo`). */
export interface Kind {
  /** One bit a category. */
  categories: number
  /** Of unknown words that begin with one: the ranges of `unknown` from `first` to `last`. */
  first: number
  last: number
  /** Whether unknown words are proposed beside known ones; whether as long as the run is; and up to which length. */
  invoke: boolean
  group: boolean
  length: number
}

export interface Dictionary {
  notice: string
  words: Words
  /** Kind of each UTF-16 code unit; what lies outside the BMP has that of U+0000, as in MeCab. */
  kinds: readonly Kind[]
  kindOf: Uint8Array
  unknown: Entries
  /** Longest group of unknown characters, but the first. */
  maxGroup: number
  rows: Uint16Array
  columns: Uint16Array
  /** Cost of a word of column c before one of row r, at r · width + c. */
  matrix: Int16Array
  width: number
}

/** @throws MaxsiftError `MODEL_INVALID` */
export async function readDictionary(file: Uint8Array<ArrayBuffer>): Promise<Dictionary> {
  const header = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < HEADER_BYTES || String.fromCharCode(...file.subarray(0, 4)) !== MAGIC) {
    throw damaged('it does not begin as one')
  }
  if (header.getUint32(4, true) !== VERSION) throw damaged('it is of another version')
  const end = HEADER_BYTES + header.getUint32(8, true)
  if (end > file.length) throw damaged('it ends too early')
  const sections = readSections(await inflate(file.subarray(HEADER_BYTES, end)))
  const { notice, sizes, rows, columns, unknownCounts, unknownClasses, unknownCosts } = sections
  const [height, width, maxGroup] = sizes
  if (sizes.length !== 3 || !(height > 0 && width > 0 && height * width <= MAX_CELLS))
    throw damaged('its matrix has no size')
  if (rows.length === 0 || rows.length !== columns.length) throw damaged('its classes have no connections')
  if (!rows.every((row) => row < height) || !columns.every((column) => column < width)) {
    throw damaged('a class has a connection that is not there')
  }
  const inRange = (id: number) => id < rows.length
  if (unknownClasses.length !== unknownCosts.length || !unknownClasses.every(inRange)) {
    throw damaged('its unknown words have no classes')
  }
  const { kinds, kindOf } = readKinds(sections, unknownCounts)
  const words = readWords(sections, rows.length)
  const matrix = new Int16Array(height * width)
  const decoder = new Decoder(file, end)
  codeMatrix(decoder, matrix, height, width)
  decoder.end()
  const unknown = { classes: unknownClasses, costs: unknownCosts }
  return {
    notice: new TextDecoder().decode(notice),
    words,
    kinds,
    kindOf,
    unknown,
    maxGroup,
    rows,
    columns,
    matrix,
    width,
  }
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader()
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw damaged('it cannot be inflated')
    })
    if (done) break
    parts.push(value)
    size += value.length
    if (size > MAX_BYTES) {
      await reader.cancel().catch(() => {})
      throw damaged('it is larger than any')
    }
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

function readKinds(sections: Sections, counts: Uint8Array): Pick<Dictionary, 'kinds' | 'kindOf'> {
  const firsts: number[] = []
  let entries = 0
  for (const count of counts) {
    firsts.push(entries)
    entries += count
  }
  if (entries !== sections.unknownClasses.length) throw damaged('the numbers of two lists differ')
  const kinds = Array.from(sections.kinds, (packed): Kind => {
    const category = (packed >>> 18) & 255
    if (!(counts[category] > 0)) throw damaged('a category has no unknown words')
    return {
      categories: packed & 0x3ffff,
      first: firsts[category],
      last: firsts[category] + counts[category],
      length: (packed >>> 26) & 15,
      group: ((packed >>> 30) & 1) === 1,
      invoke: packed >>> 31 === 1,
    }
  })
  const { runStarts, runKinds } = sections
  if (runStarts.length !== runKinds.length || runStarts[0] !== 0 || !runKinds.every((kind) => kind < kinds.length)) {
    throw damaged('its characters have no kinds')
  }
  const kindOf = new Uint8Array(0x10000)
  runStarts.forEach((start, i) => {
    const next = i + 1 < runStarts.length ? runStarts[i + 1] : 0x10000
    if (next <= start) throw damaged('its characters are out of order')
    kindOf.fill(runKinds[i], start, next)
  })
  return { kinds, kindOf }
}

/** Puts the words into their trie; their entries come out in the order of its nodes. */
function readWords(sections: Sections, classes: number): Words {
  const { alphabet, shared, tailLengths, tails, patternLengths, patternClasses, patterns, costs } = sections
  const count = shared.length
  if (count === 0 || tailLengths.length !== count) throw damaged('it has no words')
  if (!patternClasses.every((id) => id < classes)) throw damaged('a word has a class that is not there')
  const patternStarts = [0]
  for (const length of patternLengths) patternStarts.push(patternStarts[patternStarts.length - 1] + length)
  if (patternStarts.at(-1) !== patternClasses.length) throw damaged('the numbers of two lists differ')

  const patternOf = new Uint16Array(count)
  const uses = new Uint32Array(patternLengths.length)
  readRanks(patterns, count, patternLengths.length, (rank, word) => {
    patternOf[word] = rank
    uses[rank]++
  })
  // Where the costs of the next word of each pattern are.
  const next = new Uint32Array(uses.length)
  let entries = 0
  uses.forEach((words, pattern) => {
    next[pattern] = entries
    entries += words * patternLengths[pattern]
  })
  if (entries !== costs.length) throw damaged('the numbers of two lists differ')

  let units = 0
  for (const length of tailLengths) units += length
  const letters = new Uint16Array(units)
  readRanks(tails, units, alphabet.length, (rank, i) => {
    letters[i] = alphabet[rank]
  })
  const words = new Words(units, entries)
  let at = 0
  for (let word = 0; word < count; word++) {
    const to = at + tailLengths[word]
    if (!words.begin(shared[word]) || to === at) throw damaged('its words are out of order')
    while (at < to) words.extend(letters[at++])
    const pattern = patternOf[word]
    for (let i = patternStarts[pattern]; i < patternStarts[pattern + 1]; i++)
      words.enter(patternClasses[i], costs[next[pattern]++])
  }
  words.finish()
  return words
}
