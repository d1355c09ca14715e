/** What the subword models have in common: WordPiece here, Unigram and BPE in a script of their own (`families.ts`). */
import { MaxsiftError } from '../errors.ts'
import type { Aligned } from './aligned.ts'
import type { Normalizer } from './normalizer.ts'

/** A text in pieces; the arrays run in parallel. */
export interface Tokens {
  ids: number[]
  /** Range of each token in the original text, in UTF-16 units. */
  starts: number[]
  ends: number[]
  /** Index of the word that a token belongs to; rises by one from word to word. */
  words: number[]
}

/** A vocabulary and how texts are put together from it. */
export interface SubwordModel {
  /** One more than the highest id. */
  readonly size: number
  /** Id of what no piece matches; -1 where there is none. */
  readonly unknown: number
  /** Whether a word has the same tokens wherever it stands, and wherever the text around it is cut. */
  readonly settled: boolean
  idOf(token: string): number | undefined
  tokenOf(id: number): string | undefined
  /** Whether a token that follows `before` without a gap goes on with its word. */
  continuesWord(id: number, before?: number): boolean
  /** Adds the tokens of a normalised text without added tokens. */
  tokenize(section: Aligned, out: Tokens): void
  /** What the post-processor does to ranges. */
  finish?(tokens: Tokens, text: string, isAdded: (id: number) => boolean): void
}

/** What `families.ts` exports: the parts of a `tokenizer.json` that BERT's has not. */
export interface TokenizerFamilies {
  /** @param config the `normalizer` of a `tokenizer.json` */
  createNormalizer(config: unknown): Normalizer
  /** @param json a whole `tokenizer.json` */
  createModel(json: Readonly<Record<string, unknown>>): SubwordModel
}

export function push(out: Tokens, id: number, start: number, end: number, word: number): void {
  out.ids.push(id)
  out.starts.push(start)
  out.ends.push(end)
  out.words.push(word)
}

export const nextWord = (out: Tokens) => (out.words.length > 0 ? out.words[out.words.length - 1] + 1 : 0)

export const invalid = (message: string) => new MaxsiftError('MODEL_INVALID', `tokenizer.json: ${message}`)

export const unsupported = (what: string, value: unknown) =>
  new MaxsiftError('MODEL_UNSUPPORTED', `tokenizer.json: the ${what} ${JSON.stringify(value)} is not supported`)

export const isId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
