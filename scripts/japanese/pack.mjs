/** Writes what src/japanese reads. */
import { deflateRawSync } from 'node:zlib'

/** Encodes what `Decoder` of src/japanese/coder.ts decodes. */
export class Encoder {
  bytes = []
  #low = 0
  #range = 0xffffffff
  #held = 0
  #cache = -1

  bit(contexts, context, bit) {
    const bound = (this.#range >>> 16) * contexts.probability(context)
    if (bit) this.#range = bound
    else {
      this.#low += bound
      this.#range -= bound
    }
    contexts.update(context, bit)
    while (this.#range < 2 ** 24) {
      this.#range = (this.#range << 8) >>> 0
      this.#shift()
    }
    return bit
  }

  finish() {
    for (let i = 0; i < 4; i++) this.#shift()
    // The byte that is still held back.
    this.#shift()
    return Uint8Array.from(this.bytes)
  }

  /** Moves the highest byte out; one of 255 waits, since a carry may still come. */
  #shift() {
    if (this.#low < 0xff000000 || this.#low >= 2 ** 32) {
      const carry = this.#low >= 2 ** 32 ? 1 : 0
      if (this.#cache >= 0) this.bytes.push((this.#cache + carry) & 255)
      for (; this.#held > 0; this.#held--) this.bytes.push((255 + carry) & 255)
      this.#cache = Math.floor(this.#low / 2 ** 24) & 255
    } else this.#held++
    this.#low = (this.#low % 2 ** 24) * 256
  }
}

/** Of entries with the same class only the cheapest can win; the order of the others decides ties. */
export function cheapest(entries, classOf) {
  const least = new Map()
  for (const { id, cost } of entries) {
    const known = least.get(classOf(id))
    if (known === undefined || cost < known) least.set(classOf(id), cost)
  }
  return entries.flatMap(({ id, cost }) => {
    const kind = classOf(id)
    if (least.get(kind) !== cost) return []
    least.delete(kind)
    return [{ kind, cost }]
  })
}

/** Numbers by how often they occur. */
function rank(values) {
  const counts = new Map()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value)
  return { sorted, rankOf: new Map(sorted.map((value, i) => [value, i])) }
}

/** The sections of words and their entries. @param lexicon Lists of `{ kind, cost }` by word. */
export function packWords(lexicon, writeRanks) {
  const words = [...lexicon].sort(([a], [b]) => (a < b ? -1 : 1))
  const shared = []
  const tails = []
  let last = ''
  for (const [word] of words) {
    let common = 0
    while (common < last.length && common < word.length && word[common] === last[common]) common++
    shared.push(common)
    tails.push(word.slice(common))
    last = word
  }
  if (words.some(([word]) => word.length > 255)) throw new Error('a word is too long')
  const units = tails.flatMap((tail) => tail.split(''))
  const alphabet = rank(units)
  const patternOf = words.map(([, entries]) => entries.map(({ kind }) => kind).join())
  const patterns = rank(patternOf)
  const lists = patterns.sorted.map((pattern) => pattern.split(',').map(Number))
  const costs = patterns.sorted.map(() => [])
  words.forEach(([, entries], i) => {
    for (const { cost } of entries) costs[patterns.rankOf.get(patternOf[i])].push(cost)
  })
  return {
    alphabet: Uint16Array.from(alphabet.sorted, (unit) => unit.charCodeAt(0)),
    shared: Uint8Array.from(shared),
    tailLengths: Uint8Array.from(tails, (tail) => tail.length),
    tails: writeRanks(units.map((unit) => alphabet.rankOf.get(unit))),
    patternLengths: Uint8Array.from(lists, (list) => list.length),
    patternClasses: Uint16Array.from(lists.flat()),
    patterns: writeRanks(patternOf.map((pattern) => patterns.rankOf.get(pattern))),
    costs: Int16Array.from(costs.flat()),
  }
}

export const HEADER_BYTES = 12

/** A dictionary file, as src/japanese/dictionary.ts reads it. */
export function packFile(sections, matrix, height, width, codeMatrix) {
  const deflated = deflateRawSync(sections, { level: 9 })
  const encoder = new Encoder()
  codeMatrix(encoder, matrix, height, width)
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('mxja')
  header.writeUInt32LE(1, 4)
  header.writeUInt32LE(deflated.length, 8)
  return Buffer.concat([header, deflated, encoder.finish()])
}
