/**
 * Splits a text into words at the least cost: the Viterbi search of MeCab 0.996 (`viterbi.cpp`, `tokenizer.cpp`), with
 * its rules for unknown words and its choice among equals.
 *
 * Where MeCab gives up or loses text, this goes on: a U+0000, at which it takes the text to end, is an unknown
 * character; costs do not overflow; more than 64 kB of white space are white space.
 */
import type { Dictionary, Kind } from './dictionary.ts'

/** Nodes after which what can no longer change is given out. */
const SETTLE = 1 << 15

export class Lattice {
  readonly #dictionary: Dictionary
  // A node is a word at a place. Node 0 is the beginning, or the last word of which nothing can change any more.
  #nodes = 0
  #starts = new Int32Array(2 * SETTLE)
  #ends = new Int32Array(2 * SETTLE)
  #classes = new Int32Array(2 * SETTLE)
  /** Of the cheapest way to the end of the node, from the beginning. */
  #costs = new Float64Array(2 * SETTLE)
  #previous = new Int32Array(2 * SETTLE)
  /** The next node with the same end. */
  #next = new Int32Array(2 * SETTLE)
  /** First of the nodes that end at a place, relative to the text's beginning; -1 for none. */
  #ending = new Int32Array(0)
  /** Furthest end of a node. */
  #reach = 0
  // Words that begin at the present place, in the order in which they were found.
  readonly #foundEnds: number[] = []
  readonly #foundClasses: number[] = []
  readonly #foundCosts: number[] = []
  // The best node before a word of a row, at the present place.
  readonly #rowPlaces: Int32Array
  readonly #rowNodes: Int32Array
  readonly #rowCosts: Float64Array

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    const rows = dictionary.matrix.length / dictionary.width
    this.#rowPlaces = new Int32Array(rows)
    this.#rowNodes = new Int32Array(rows)
    this.#rowCosts = new Float64Array(rows)
  }

  /** Calls `emit` with the range of each word of `text` between `from` and `to`; white space is in none. */
  split(text: string, from: number, to: number, emit: (from: number, to: number) => void): void {
    if (this.#ending.length <= to - from) this.#ending = new Int32Array(2 * (to - from) + 1)
    this.#ending.fill(-1, 0, to - from + 1)
    this.#rowPlaces.fill(-1)
    this.#nodes = 1
    this.#starts[0] = this.#ends[0] = from
    this.#classes[0] = this.#costs[0] = this.#previous[0] = 0
    this.#next[0] = -1
    this.#ending[0] = 0
    this.#reach = from
    let full = SETTLE
    for (let at = from; at < to; at++) {
      if (this.#ending[at - from] < 0) continue
      const start = this.#skipSpace(text, at, to)
      // White space at the end belongs to no word.
      if (start === to) continue
      this.#find(text, start, to)
      this.#connect(at - from, start, from)
      if (this.#nodes < full) continue
      this.#settle(at + 1, from, emit)
      // In a text that repeats itself ways can stay apart to its end: then it is tried ever more rarely.
      full = Math.max(SETTLE, 2 * this.#nodes)
    }
    this.#finish(from, emit)
  }

  #kindAt(text: string, at: number, to: number): Kind {
    const { kinds, kindOf } = this.#dictionary
    return kinds[kindOf[isAstral(text, at, to) ? 0 : text.charCodeAt(at)]]
  }

  #skipSpace(text: string, at: number, to: number): number {
    const { kinds, kindOf } = this.#dictionary
    let kind = kinds[kindOf[0x20]]
    while (at < to) {
      const next = this.#kindAt(text, at, to)
      if ((kind.categories & next.categories) === 0) break
      kind = next
      at += isAstral(text, at, to) ? 2 : 1
    }
    return at
  }

  /** Known words that begin at `start`, then unknown ones. */
  #find(text: string, start: number, to: number): void {
    const { words } = this.#dictionary
    this.#foundEnds.length = this.#foundClasses.length = this.#foundCosts.length = 0
    for (let at = start, node = 0; at < to; ) {
      node = words.step(node, text.charCodeAt(at++))
      if (node === 0) break
      for (let i = words.first[node]; i < words.first[node + 1]; i++)
        this.#propose(at, words.classes[i], words.costs[i])
    }
    const kind = this.#kindAt(text, start, to)
    if (this.#foundEnds.length === 0 || kind.invoke) this.#findUnknown(text, start, to, kind)
  }

  #findUnknown(text: string, start: number, to: number, kind: Kind): void {
    const { unknown, maxGroup } = this.#dictionary
    const propose = (end: number) => {
      for (let i = kind.first; i < kind.last; i++) this.#propose(end, unknown.classes[i], unknown.costs[i])
    }
    let end = start + (isAstral(text, start, to) ? 2 : 1)
    let group = -1
    if (kind.group) {
      // Each character must be of the kind of its neighbour, not of the first.
      let last = kind
      let count = 0
      let at = end
      for (; at < to && count <= maxGroup; count++) {
        const next = this.#kindAt(text, at, to)
        if ((last.categories & next.categories) === 0) break
        last = next
        at += isAstral(text, at, to) ? 2 : 1
      }
      if (count <= maxGroup) {
        propose(at)
        group = at
      }
    }
    for (let length = 1; length <= kind.length && end !== group; length++) {
      propose(end)
      if (end === to || (kind.categories & this.#kindAt(text, end, to).categories) === 0) break
      end += isAstral(text, end, to) ? 2 : 1
    }
    if (this.#foundEnds.length === 0) propose(end)
  }

  #propose(end: number, id: number, cost: number): void {
    this.#foundEnds.push(end)
    this.#foundClasses.push(id)
    this.#foundCosts.push(cost)
  }

  /**
   * Makes nodes of the words found, each behind the cheapest of those that end at `place`. MeCab's lists are stacks:
   * the last found is connected first, and among equally cheap nodes the one connected last wins.
   */
  #connect(place: number, start: number, from: number): void {
    const { rows } = this.#dictionary
    const count = this.#foundEnds.length
    this.#reserve(count)
    for (let i = count - 1; i >= 0; i--) {
      const id = this.#foundClasses[i]
      const end = this.#foundEnds[i]
      const row = rows[id]
      if (this.#rowPlaces[row] !== place) this.#choose(row, place)
      const node = this.#nodes++
      this.#starts[node] = start
      this.#ends[node] = end
      this.#classes[node] = id
      this.#costs[node] = this.#rowCosts[row] + this.#foundCosts[i]
      this.#previous[node] = this.#rowNodes[row]
      this.#next[node] = this.#ending[end - from]
      this.#ending[end - from] = node
      if (end > this.#reach) this.#reach = end
    }
  }

  /** The cheapest of the nodes that end at `place` for what comes with a row of the matrix. */
  #choose(row: number, place: number): void {
    const { columns, matrix, width } = this.#dictionary
    let best = -1
    let least = 0
    for (let node = this.#ending[place]; node >= 0; node = this.#next[node]) {
      const cost = this.#costs[node] + matrix[row * width + columns[this.#classes[node]]]
      if (best < 0 || cost < least) {
        best = node
        least = cost
      }
    }
    this.#rowPlaces[row] = place
    this.#rowNodes[row] = best
    this.#rowCosts[row] = least
  }

  #reserve(count: number): void {
    if (this.#nodes + count <= this.#starts.length) return
    const length = 2 * this.#starts.length + count
    const grow = (array: Int32Array) => {
      const larger = new Int32Array(length)
      larger.set(array)
      return larger
    }
    this.#starts = grow(this.#starts)
    this.#ends = grow(this.#ends)
    this.#classes = grow(this.#classes)
    const costs = new Float64Array(length)
    costs.set(this.#costs)
    this.#costs = costs
    this.#previous = grow(this.#previous)
    this.#next = grow(this.#next)
  }

  /** Gives out the words on the way to a node. */
  #emitTo(node: number, emit: (from: number, to: number) => void): void {
    const path: number[] = []
    for (let at = node; at > 0; at = this.#previous[at]) path.push(at)
    for (const each of path.reverse()) emit(this.#starts[each], this.#ends[each])
  }

  #finish(from: number, emit: (from: number, to: number) => void): void {
    // The end of the text comes after the last place that a word reaches, behind which there is white space only.
    const { rows } = this.#dictionary
    const place = this.#reach - from
    this.#rowPlaces[rows[0]] = -1
    this.#choose(rows[0], place)
    this.#emitTo(this.#rowNodes[rows[0]], emit)
  }

  /**
   * Gives out the words that all ways share which can still become the best, and forgets the nodes before. So memory
   * stays bounded, however long the text; ways meet within a few words.
   */
  #settle(at: number, from: number, emit: (from: number, to: number) => void): void {
    const waiting = new Uint8Array(this.#nodes)
    let count = 0
    for (let place = at - from; place <= this.#reach - from; place++) {
      for (let node = this.#ending[place]; node >= 0; node = this.#next[node]) {
        waiting[node] = 1
        count++
      }
    }
    // The way back from all of them: a node comes after the one before it.
    let shared = this.#nodes - 1
    for (; count > 1 || !waiting[shared]; shared--) {
      if (!waiting[shared]) continue
      count--
      if (!waiting[this.#previous[shared]]) {
        waiting[this.#previous[shared]] = 1
        count++
      }
    }
    if (shared === 0) return
    this.#emitTo(shared, emit)
    for (const array of [this.#starts, this.#ends, this.#classes, this.#costs, this.#previous, this.#next]) {
      array.copyWithin(0, shared, this.#nodes)
    }
    this.#nodes -= shared
    for (let node = 0; node < this.#nodes; node++) {
      this.#previous[node] = Math.max(0, this.#previous[node] - shared)
      this.#next[node] = this.#next[node] < 0 ? -1 : Math.max(0, this.#next[node] - shared)
    }
    for (let place = at - from; place <= this.#reach - from; place++) {
      if (this.#ending[place] >= 0) this.#ending[place] -= shared
    }
  }
}

/** Whether a character outside the BMP begins here: two code units. */
function isAstral(text: string, at: number, to: number): boolean {
  const unit = text.charCodeAt(at)
  if (unit < 0xd800 || unit > 0xdbff || at + 1 >= to) return false
  const low = text.charCodeAt(at + 1)
  return low >= 0xdc00 && low <= 0xdfff
}
