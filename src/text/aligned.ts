/**
 * A text on its way through normalisation, which remembers where in the original each of its UTF-16 units comes from.
 *
 * As long as nothing has changed lengths the ranges are the identity (`starts` is null), shifted by `base`.
 */
export class Aligned {
  readonly text: string
  /** Position in the original of the first unit. */
  private readonly base: number
  private readonly starts: readonly number[] | null
  private readonly ends: readonly number[] | null

  constructor(
    text: string,
    base: number,
    starts: readonly number[] | null = null,
    ends: readonly number[] | null = null,
  ) {
    this.text = text
    this.base = base
    this.starts = starts
    this.ends = ends
  }

  /** Where in the original the unit at `index` begins; at the very end, where the last one ends. */
  start(index: number): number {
    return this.starts ? this.starts[index] : this.base + index
  }

  /** Where in the original the unit before `index` ends. */
  end(index: number): number {
    return this.ends ? this.ends[index - 1] : this.base + index
  }

  slice(from: number, to: number): Aligned {
    if (from === 0 && to === this.text.length) return this
    if (!this.starts || !this.ends) return new Aligned(this.text.slice(from, to), this.base + from)
    return new Aligned(this.text.slice(from, to), 0, this.starts.slice(from, to), this.ends.slice(from, to))
  }

  /** The same positions under another text of the same length. */
  relabel(text: string): Aligned {
    return new Aligned(text, this.base, this.starts, this.ends)
  }

  /** Replaces code points one by one; what replaces one comes from where it came from. A lone surrogate is one code point. */
  map(replace: (codePoint: string) => string): Aligned {
    return this.rewrite((from, emit) => {
      const code = this.text.codePointAt(from) as number
      const to = from + (code > 0xffff ? 2 : 1)
      emit(replace(code > 0xffff ? this.text.slice(from, to) : this.text[from]), from, to)
      return to
    })
  }

  /**
   * Rewrites from left to right. `step` is called with a position, emits replacements with the range each comes from,
   * and returns the position to go on from.
   */
  rewrite(step: (from: number, emit: (text: string, from: number, to: number) => void) => number): Aligned {
    const parts: string[] = []
    const starts: number[] = []
    const ends: number[] = []
    const emit = (text: string, from: number, to: number) => {
      if (text === '') return
      parts.push(text)
      const start = this.start(from)
      const end = this.end(to)
      for (let i = 0; i < text.length; i++) {
        starts.push(start)
        ends.push(end)
      }
    }
    for (let at = 0; at < this.text.length; ) at = step(at, emit)
    return new Aligned(parts.join(''), 0, starts, ends)
  }
}
