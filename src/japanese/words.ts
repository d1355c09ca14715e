/** The words of a dictionary in a trie over UTF-16 code units, whose edges are in one hash table. */
export class Words {
  /** Entries of the word that ends at node n: from `first[n]` to `first[n + 1]`. */
  readonly first: Uint32Array
  readonly classes: Uint16Array
  readonly costs: Int16Array
  readonly #parents: Uint32Array
  readonly #units: Uint16Array
  /** Nodes by the hash of their parent and their unit; 0, the root, where there is none. */
  readonly #table: Uint32Array
  readonly #mask: number
  #nodes = 1
  #entries = 0
  /** Nodes of the word being added, the root first. */
  readonly #path = [0]

  /** @param nodes How many there will be, the root left out. */
  constructor(nodes: number, entries: number) {
    this.first = new Uint32Array(nodes + 2)
    this.classes = new Uint16Array(entries)
    this.costs = new Int16Array(entries)
    this.#parents = new Uint32Array(nodes + 1)
    this.#units = new Uint16Array(nodes + 1)
    // At most half full: a search ends after one or two steps.
    const size = 2 ** Math.ceil(Math.log2(2 * (nodes + 1)))
    this.#table = new Uint32Array(size)
    this.#mask = size - 1
  }

  /** Begins a word that has its first units in common with the one before. @returns whether that one has as many */
  begin(shared: number): boolean {
    if (shared >= this.#path.length) return false
    this.#path.length = shared + 1
    return true
  }

  extend(unit: number): void {
    const parent = this.#path[this.#path.length - 1]
    const node = this.#nodes++
    this.#parents[node] = parent
    this.#units[node] = unit
    this.first[node] = this.#entries
    let at = this.#hash(parent, unit)
    while (this.#table[at] !== 0) at = (at + 1) & this.#mask
    this.#table[at] = node
    this.#path.push(node)
  }

  /** Adds an entry to the word as it is now. */
  enter(id: number, cost: number): void {
    this.classes[this.#entries] = id
    this.costs[this.#entries++] = cost
  }

  /** After the last word. */
  finish(): void {
    this.first[this.#nodes] = this.#entries
  }

  /** The node that a unit leads to; 0 where no word goes on with it. The root is 0 too. */
  step(parent: number, unit: number): number {
    let at = this.#hash(parent, unit)
    for (;;) {
      const node = this.#table[at]
      if (node === 0 || (this.#parents[node] === parent && this.#units[node] === unit)) return node
      at = (at + 1) & this.#mask
    }
  }

  #hash(parent: number, unit: number): number {
    const mixed = Math.imul(Math.imul(parent, 0x9e3779b1) ^ unit, 0x85ebca6b)
    return (mixed ^ (mixed >>> 15)) & this.#mask
  }
}
