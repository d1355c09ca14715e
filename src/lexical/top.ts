/** A document by its place in the collection. */
export interface Placed {
  ordinal: number
  score: number
}

/**
 * The best of what it is offered, at most `size`: by score, then by ordinal, as everywhere in this package. A binary
 * heap with the worst on top.
 */
export class Top {
  #ordinals: Uint32Array
  #scores: Float64Array
  #count = 0

  constructor(private readonly size: number) {
    this.#ordinals = new Uint32Array(Math.min(size, 16))
    this.#scores = new Float64Array(this.#ordinals.length)
  }

  /** Whether it would be kept if it were offered now. */
  admits(ordinal: number, score: number): boolean {
    if (this.#count < this.size) return true
    return this.size > 0 && this.#isWorse(this.#ordinals[0], this.#scores[0], ordinal, score)
  }

  offer(ordinal: number, score: number): void {
    if (!this.admits(ordinal, score)) return
    if (this.#count < this.size) {
      if (this.#count === this.#ordinals.length) this.#grow()
      this.#put(this.#count, ordinal, score)
      this.#rise(this.#count++)
    } else {
      this.#put(0, ordinal, score)
      this.#sink()
    }
  }

  /** Best first. */
  list(): Placed[] {
    const all = Array.from(this.#ordinals.subarray(0, this.#count), (ordinal, i) => ({
      ordinal,
      score: this.#scores[i],
    }))
    return all.sort((a, b) => b.score - a.score || a.ordinal - b.ordinal)
  }

  #grow(): void {
    const room = Math.min(this.size, this.#ordinals.length * 2)
    const [ordinals, scores] = [this.#ordinals, this.#scores]
    this.#ordinals = new Uint32Array(room)
    this.#ordinals.set(ordinals)
    this.#scores = new Float64Array(room)
    this.#scores.set(scores)
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#worse(at, parent)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #sink(): void {
    for (let at = 0; ; ) {
      let worst = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < this.#count && this.#worse(child, worst)) worst = child
      if (worst === at) return
      this.#swap(at, worst)
      at = worst
    }
  }

  #put(at: number, ordinal: number, score: number): void {
    this.#ordinals[at] = ordinal
    this.#scores[at] = score
  }

  #swap(a: number, b: number): void {
    const [ordinal, score] = [this.#ordinals[a], this.#scores[a]]
    this.#put(a, this.#ordinals[b], this.#scores[b])
    this.#put(b, ordinal, score)
  }

  #worse(a: number, b: number): boolean {
    return this.#isWorse(this.#ordinals[a], this.#scores[a], this.#ordinals[b], this.#scores[b])
  }

  #isWorse(ordinalA: number, scoreA: number, ordinalB: number, scoreB: number): boolean {
    return scoreA < scoreB || (scoreA === scoreB && ordinalA > ordinalB)
  }
}
