import { MaxsiftError } from '../errors.ts'
import type { Aligned } from './aligned.ts'
import { invalid, isId, nextWord, push, type SubwordModel, type Tokens } from './subwords.ts'
import { createSplitter, type Splitter } from './words.ts'

type Json = Readonly<Record<string, unknown>>

/** WordPiece: greedy longest match from the left, with what splits a text into words before. */
export class WordPiece implements SubwordModel {
  readonly size: number
  readonly unknown: number
  readonly settled = true
  private readonly ids: ReadonlyMap<string, number>
  private readonly tokens: ReadonlyMap<number, string>
  private readonly continuing: string
  private readonly maxWord: number
  private readonly maxPiece: number
  private readonly splitter: Splitter

  /**
   * @param json a `tokenizer.json`
   * @param morphemes what stands for the pre-tokenizer `MeCab`
   * @throws MaxsiftError `MODEL_UNSUPPORTED` or `MODEL_INVALID`
   */
  constructor(json: Json, morphemes?: Splitter) {
    const model = (json.model ?? {}) as Json
    if ((model.type ?? 'WordPiece') !== 'WordPiece')
      throw new MaxsiftError('MODEL_UNSUPPORTED', `tokenizer.json: a ${model.type} tokenizer is not supported here`)
    const vocabulary = readVocabulary(model.vocab)
    this.continuing = stringOr(model.continuing_subword_prefix, '##')
    this.maxWord = typeof model.max_input_chars_per_word === 'number' ? model.max_input_chars_per_word : 100
    // No piece can be longer than the longest entry: that bounds the look-ups for each character.
    this.maxPiece = vocabulary.reduce((longest, [token]) => Math.max(longest, token.length), 0)
    this.ids = new Map(vocabulary)
    this.tokens = new Map(vocabulary.map(([token, id]) => [id, token]))
    this.size = vocabulary.reduce((size, [, id]) => Math.max(size, id + 1), 0)
    const unknownToken = stringOr(model.unk_token, '[UNK]')
    const unknown = this.ids.get(unknownToken)
    if (unknown === undefined) throw invalid(`the unknown token ${unknownToken} is not in the vocabulary`)
    this.unknown = unknown
    this.splitter = createSplitter(json.pre_tokenizer, morphemes)
  }

  idOf(token: string): number | undefined {
    return this.ids.get(token)
  }

  tokenOf(id: number): string | undefined {
    return this.tokens.get(id)
  }

  /** Whether the token is one like `##ing`. */
  continuesWord(id: number): boolean {
    return this.tokens.get(id)?.startsWith(this.continuing) ?? false
  }

  tokenize(section: Aligned, out: Tokens): void {
    this.splitter(section.text, 0, section.text.length, (from, to) => this.tokenizeWord(section, from, to, out))
  }

  /** A word with a part that no piece matches is unknown as a whole. */
  private tokenizeWord(section: Aligned, from: number, to: number, out: Tokens): void {
    const { text } = section
    const before = out.ids.length
    const word = nextWord(out)
    let at = codePoints(text, from, to) > this.maxWord ? -1 : from
    while (at >= 0 && at < to) {
      let end = Math.min(to, at + this.maxPiece)
      let id: number | undefined
      for (; end > at; end--) {
        const piece = text.slice(at, end)
        id = this.ids.get(at > from ? this.continuing + piece : piece)
        if (id !== undefined) break
      }
      if (id === undefined) at = -1
      else {
        push(out, id, section.start(at), section.end(end), word)
        at = end
      }
    }
    if (at < 0) {
      for (const list of [out.ids, out.starts, out.ends, out.words]) list.length = before
      push(out, this.unknown, section.start(from), section.end(to), word)
    }
  }
}

function codePoints(text: string, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0xdc00 || unit > 0xdfff) count++
  }
  return count
}

const stringOr = (value: unknown, fallback: string) => (typeof value === 'string' ? value : fallback)

/** A vocabulary `{ token: id }`, as WordPiece and BPE have it. */
export function readVocabulary(vocab: unknown): [string, number][] {
  if (typeof vocab !== 'object' || vocab === null) throw invalid('the vocabulary is missing')
  const entries = Object.entries(vocab)
  if (entries.length === 0) throw invalid('the vocabulary is empty')
  for (const [token, id] of entries) if (!isId(id)) throw invalid(`the id of ${JSON.stringify(token)} is not a count`)
  return entries
}
