import type { Tokenizer } from './tokenizer.ts'

/** Two texts as one input of a cross-encoder; arrays run in parallel over its rows. */
export interface EncodedPair {
  ids: Uint32Array
  /** Type id of each row: 0, and 1 for the second text where the tokenizer tells them apart. */
  types: Uint8Array
  /** Whether one of the texts was cut. */
  truncated: boolean
}

/**
 * `[CLS] first [SEP] second [SEP]`, or what the tokenizer has in its place. Where both do not fit, the longer one is cut
 * first, then both to equal lengths (`longest_first`, which is what CrossEncoder of sentence-transformers asks for).
 * @param maxLength Rows at most, markers included.
 */
export function encodePair(tokenizer: Tokenizer, first: string, second: string, maxLength: number): EncodedPair {
  const texts = [tokenizer.tokenize(first).ids, tokenizer.tokenize(second).ids]
  const around = tokenizer.pair.reduce((sum, { ids = [] }) => sum + ids.length, 0)
  const lengths = longestFirst(texts[0].length, texts[1].length, Math.max(0, maxLength - around))
  const parts = tokenizer.pair.map(({ ids, text = 0, type }) => ({
    type,
    ids: ids ?? texts[text].slice(0, lengths[text]),
  }))
  return {
    ids: Uint32Array.from(parts.flatMap(({ ids }) => ids)),
    types: Uint8Array.from(parts.flatMap(({ ids, type }) => ids.map(() => type))),
    truncated: lengths.some((length, i) => length < texts[i].length),
  }
}

/** Lengths of two texts that share `room` tokens, as Hugging Face `tokenizers` shares it (`utils/truncation`). */
function longestFirst(first: number, second: number, room: number): [number, number] {
  if (first + second <= room) return [first, second]
  const short = Math.min(first, second)
  let [least, most] = [short, short > room ? short : Math.max(short, room - short)]
  if (least + most > room) {
    least = room >> 1
    most = room - least
  }
  return first > second ? [most, least] : [least, most]
}
