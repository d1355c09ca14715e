/** A submission should take about this long: far below the 2 s watchdog, and a search waits for two. */
const TARGET_MS = 50
const FEWEST_TOKENS = 32
/** Beyond this a GPU gains nothing any more, and the widest working buffer stays small. */
const MOST_TOKENS = 4_096

/** How many tokens go into one submission: learnt from the ones before. */
export class Pace {
  /** Tokens a millisecond; a careful first guess. */
  #rate = 2.56

  get tokens(): number {
    return Math.min(MOST_TOKENS, Math.max(FEWEST_TOKENS, Math.round(this.#rate * TARGET_MS)))
  }

  /** How many submissions are under way at a time: the GPU has the next one when one ends, unless each keeps it long. */
  get depth(): number {
    return this.#rate * TARGET_MS < FEWEST_TOKENS ? 1 : 2
  }

  /** Tokens that can be encoded in this time. */
  within(milliseconds: number): number {
    return Math.max(FEWEST_TOKENS, this.#rate * milliseconds)
  }

  learn(tokens: number, milliseconds: number): void {
    // The mean with the last rate: one slow submission (a pipeline's first use, another tab) does not decide alone.
    this.#rate = (this.#rate + tokens / Math.max(0.1, milliseconds)) / 2
  }

  /** Cuts a list into submissions: as many inputs as fit, at least one. */
  *batches<Item>(items: readonly Item[], tokensOf: (item: Item) => number): Generator<Item[]> {
    let batch: Item[] = []
    let tokens = 0
    for (const item of items) {
      if (batch.length > 0 && tokens + tokensOf(item) > this.tokens) {
        yield batch
        batch = []
        tokens = 0
      }
      batch.push(item)
      tokens += tokensOf(item)
    }
    if (batch.length > 0) yield batch
  }
}
