/** Tokens of one word, with their ranges in it. */
export interface Pieces {
  ids: number[]
  starts: number[]
  ends: number[]
}

/** Texts have few words that are many of theirs: those are kept. */
const MOST_WORDS = 1 << 14
const LONGEST_WORD = 32

/** The same function, which remembers what it gave for short words. */
export function remembered(encode: (word: string) => Pieces): (word: string) => Pieces {
  const known = new Map<string, Pieces>()
  return (word) => {
    if (word.length > LONGEST_WORD) return encode(word)
    let found = known.get(word)
    if (!found) {
      found = encode(word)
      if (known.size >= MOST_WORDS) known.clear()
      known.set(word, found)
    }
    return found
  }
}
