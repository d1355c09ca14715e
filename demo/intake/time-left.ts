/** Milliseconds that the speed is measured over: long enough to level batches, short enough to follow a change. */
const WINDOW = 30_000
/** No guess before so many milliseconds have been seen. */
const FIRST = 2_000

/** Guesses how long work will take from how fast it went lately. */
export class TimeLeft {
  #seen: { at: number; done: number }[] = []

  /** @param done Of the work, in any unit; it only grows */
  note(done: number, now: number): void {
    this.#seen.push({ at: now, done })
    // One that is older than the window stays: the window begins at it.
    while (this.#seen.length > 2 && now - this.#seen[1].at > WINDOW) this.#seen.shift()
  }

  /** Milliseconds until `total`, or null where there is nothing to go by yet. */
  until(total: number, now: number): number | null {
    const [first] = this.#seen
    const last = this.#seen.at(-1)
    if (!first || !last || now - first.at < FIRST || last.done <= first.done) return null
    const speed = (last.done - first.done) / (last.at - first.at)
    // Since the last note work went on, though nobody has said how far.
    return Math.max(0, (total - last.done) / speed - (now - last.at))
  }
}
