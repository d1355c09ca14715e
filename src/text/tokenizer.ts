import { type AddedToken, createFinder, type Finder } from './added.ts'
import { Aligned } from './aligned.ts'
import { createNormalizer, type Normalizer } from './normalizer.ts'
import {
  invalid,
  isId,
  nextWord,
  push,
  type SubwordModel,
  type TokenizerFamilies,
  type Tokens,
  unsupported,
} from './subwords.ts'
import { readTemplate, type TemplatePart } from './template.ts'
import { WordPiece } from './wordpiece.ts'
import type { Splitter } from './words.ts'

export type { Tokens } from './subwords.ts'

/** A `tokenizer.json` and a `tokenizer_config.json`, parsed. */
export interface TokenizerFiles {
  json: Readonly<Record<string, unknown>>
  config: Readonly<Record<string, unknown>>
  /** Splits texts into words where `json.pre_tokenizer` says `MeCab`. */
  morphemes?: Splitter
  /** Subword models other than WordPiece, where `json.model` is one. */
  families?: TokenizerFamilies
}

/**
 * Tokenizer that gives ids and offsets equal to those of Hugging Face's fast tokenizers (Rust), from the same
 * `tokenizer.json`; and ids equal to those of `BertJapaneseTokenizer`.
 */
export class Tokenizer {
  /** Ids put before and after every input, such as [CLS] and [SEP]. */
  readonly prefix: readonly number[]
  readonly suffix: readonly number[]
  /** What is put around two texts that make up one input. */
  readonly pair: readonly TemplatePart[]
  /** One more than the highest id. */
  readonly size: number
  /** -1 where there is none. */
  readonly unknown: number
  /** Whether a word has the same tokens wherever it stands, and wherever the text around it is cut. */
  readonly settled: boolean
  private readonly model: SubwordModel
  private readonly normalizer: Normalizer
  /** Added tokens, by content and by id. */
  private readonly added: ReadonlyMap<string, AddedToken>
  private readonly addedById: ReadonlyMap<number, AddedToken>
  private readonly findPlain: Finder
  private readonly findNormalized: Finder

  /** @throws MaxsiftError `MODEL_UNSUPPORTED` or `MODEL_INVALID` */
  constructor({ json, morphemes, families }: Omit<TokenizerFiles, 'config'>) {
    this.model = families ? families.createModel(json) : new WordPiece(json, morphemes)
    this.normalizer = (families?.createNormalizer ?? createNormalizer)(json.normalizer)
    const added = readAddedTokens(json.added_tokens)
    this.added = new Map(added.map((token) => [token.content, token]))
    this.addedById = new Map(added.map((token) => [token.id, token]))
    this.size = added.reduce((size, { id }) => Math.max(size, id + 1), this.model.size)
    this.unknown = this.model.unknown
    this.settled = this.model.settled
    this.findPlain = createFinder(new Map(added.filter((t) => !t.normalized).map((t) => [t.content, t])))
    this.findNormalized = createFinder(
      new Map(added.filter((t) => t.normalized).map((t) => [this.normalizer(new Aligned(t.content, 0)).text, t])),
    )
    const { prefix, suffix, pair, trims } = readTemplate(json.post_processor)
    if (trims && !this.model.finish) throw unsupported('post-processor', json.post_processor)
    this.prefix = prefix
    this.suffix = suffix
    this.pair = pair
  }

  /** Id of a token by its exact string. */
  idOf(token: string): number | undefined {
    return this.added.get(token)?.id ?? this.model.idOf(token)
  }

  /** String of a token as the vocabulary has it (`##ing`); undefined for an id that it lacks. */
  tokenOf(id: number): string | undefined {
    return this.addedById.get(id)?.content ?? this.model.tokenOf(id)
  }

  /** Whether a token that follows `before` without a gap goes on with its word (`##ing`). */
  continuesWord(id: number, before: number): boolean {
    return !this.addedById.has(id) && !this.addedById.has(before) && this.model.continuesWord(id, before)
  }

  /** The added token with exactly this content. */
  addedToken(content: string): AddedToken | undefined {
    return this.added.get(content)
  }

  /** Pieces of a text, without the ids of `prefix` and `suffix`. */
  tokenize(text: string): Tokens {
    const out: Tokens = { ids: [], starts: [], ends: [], words: [] }
    let at = 0
    for (const { id, start, end } of this.findPlain(text)) {
      this.tokenizeSection(new Aligned(text.slice(at, start), at), out)
      push(out, id, start, end, nextWord(out))
      at = end
    }
    this.tokenizeSection(new Aligned(text.slice(at), at), out)
    this.model.finish?.(out, text, (id) => this.addedById.has(id))
    return out
  }

  /** A section without added tokens that are found before normalisation. */
  private tokenizeSection(original: Aligned, out: Tokens): void {
    if (original.text === '') return
    const section = this.normalizer(original)
    let at = 0
    for (const { id, start, end } of this.findNormalized(section.text)) {
      if (at < start) this.model.tokenize(section.slice(at, start), out)
      push(out, id, section.start(start), section.end(end), nextWord(out))
      at = end
    }
    if (at < section.text.length) this.model.tokenize(section.slice(at, section.text.length), out)
  }
}

function readAddedTokens(list: unknown): AddedToken[] {
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) throw invalid('added_tokens is not a list')
  return list.map((token) => {
    if (typeof token?.content !== 'string' || !isId(token.id)) throw invalid('an added token lacks its content or id')
    const special = token.special === true
    return {
      id: token.id,
      content: token.content,
      normalized: token.normalized ?? !special,
      singleWord: token.single_word === true,
      lstrip: token.lstrip === true,
      rstrip: token.rstrip === true,
      special,
    }
  })
}
