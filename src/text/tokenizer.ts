import { MaxsiftError } from '../errors.ts'
import { type AddedToken, createFinder, type Finder } from './added.ts'
import { Aligned } from './aligned.ts'
import { createNormalizer, type Normalizer } from './normalizer.ts'
import { createSplitter, type Splitter } from './words.ts'

/** A `tokenizer.json` and a `tokenizer_config.json`, parsed. */
export interface TokenizerFiles {
  json: Readonly<Record<string, unknown>>
  config: Readonly<Record<string, unknown>>
}

/** A text in pieces; the arrays run in parallel. */
export interface Tokens {
  ids: number[]
  /** Range of each token in the original text, in UTF-16 units. */
  starts: number[]
  ends: number[]
  /** Index of the word that a token belongs to; rises by one from word to word. */
  words: number[]
}

const invalid = (message: string) => new MaxsiftError('MODEL_INVALID', `tokenizer.json: ${message}`)

/**
 * WordPiece tokenizer that gives ids and offsets equal to those of Hugging Face's fast tokenizers (Rust), from the same
 * `tokenizer.json`. Linear in the length of the text.
 */
export class Tokenizer {
  /** Ids put before and after every input, such as [CLS] and [SEP]. */
  readonly prefix: readonly number[]
  readonly suffix: readonly number[]
  /** One more than the highest id. */
  readonly size: number
  readonly unknown: number
  private readonly ids: ReadonlyMap<string, number>
  private readonly tokens: ReadonlyMap<number, string>
  private readonly continuing: string
  private readonly maxWord: number
  private readonly maxPiece: number
  private readonly normalizer: Normalizer
  private readonly splitter: Splitter
  /** Added tokens, by content. */
  private readonly added: ReadonlyMap<string, AddedToken>
  private readonly findPlain: Finder
  private readonly findNormalized: Finder

  /** @throws MaxsiftError `MODEL_UNSUPPORTED` or `MODEL_INVALID` */
  constructor({ json }: Pick<TokenizerFiles, 'json'>) {
    const model = (json.model ?? {}) as Record<string, unknown>
    if ((model.type ?? 'WordPiece') !== 'WordPiece') {
      throw new MaxsiftError(
        'MODEL_UNSUPPORTED',
        `tokenizer.json: a ${model.type} tokenizer is not supported, only WordPiece`,
      )
    }
    const vocabulary = readVocabulary(model.vocab)
    this.continuing = stringOr(model.continuing_subword_prefix, '##')
    this.maxWord = typeof model.max_input_chars_per_word === 'number' ? model.max_input_chars_per_word : 100
    // No piece can be longer than the longest entry: that bounds the look-ups for each character.
    this.maxPiece = vocabulary.reduce((longest, [token]) => Math.max(longest, token.length), 0)
    const unknownToken = stringOr(model.unk_token, '[UNK]')

    const added = readAddedTokens(json.added_tokens)
    this.added = new Map(added.map((token) => [token.content, token]))
    const all: [string, number][] = [...vocabulary, ...added.map(({ content, id }): [string, number] => [content, id])]
    this.ids = new Map(all)
    this.tokens = new Map(all.map(([token, id]) => [id, token]))
    this.size = all.reduce((size, [, id]) => Math.max(size, id + 1), 0)
    const unknown = this.ids.get(unknownToken)
    if (unknown === undefined) throw invalid(`the unknown token ${unknownToken} is not in the vocabulary`)
    this.unknown = unknown

    this.normalizer = createNormalizer(json.normalizer)
    this.splitter = createSplitter(json.pre_tokenizer)
    this.findPlain = createFinder(new Map(added.filter((t) => !t.normalized).map((t) => [t.content, t])))
    this.findNormalized = createFinder(
      new Map(added.filter((t) => t.normalized).map((t) => [this.normalizer(new Aligned(t.content, 0)).text, t])),
    )
    ;[this.prefix, this.suffix] = readTemplate(json.post_processor)
  }

  /** Id of a token by its exact string. */
  idOf(token: string): number | undefined {
    return this.ids.get(token)
  }

  /** String of a token, `##` included; undefined for an id that the vocabulary lacks. */
  tokenOf(id: number): string | undefined {
    return this.tokens.get(id)
  }

  /** Whether a token goes on with the word of the one before it (`##ing`). */
  continuesWord(id: number): boolean {
    const token = this.tokens.get(id) ?? ''
    return token.startsWith(this.continuing) && !this.added.has(token)
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
    return out
  }

  /** A section without added tokens that are found before normalisation. */
  private tokenizeSection(original: Aligned, out: Tokens): void {
    if (original.text === '') return
    const section = this.normalizer(original)
    const emit = (from: number, to: number) => this.tokenizeWord(section, from, to, out)
    let at = 0
    for (const { id, start, end } of this.findNormalized(section.text)) {
      if (at < start) this.splitter(section.text, at, start, emit)
      push(out, id, section.start(start), section.end(end), nextWord(out))
      at = end
    }
    if (at < section.text.length) this.splitter(section.text, at, section.text.length, emit)
  }

  /** Greedy longest match from the left; a word with a part that no piece matches is unknown as a whole. */
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

function push(out: Tokens, id: number, start: number, end: number, word: number): void {
  out.ids.push(id)
  out.starts.push(start)
  out.ends.push(end)
  out.words.push(word)
}

const nextWord = (out: Tokens) => (out.words.length > 0 ? out.words[out.words.length - 1] + 1 : 0)

function codePoints(text: string, from: number, to: number): number {
  let count = 0
  for (let i = from; i < to; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0xdc00 || unit > 0xdfff) count++
  }
  return count
}

const stringOr = (value: unknown, fallback: string) => (typeof value === 'string' ? value : fallback)

const isId = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31

function readVocabulary(vocab: unknown): [string, number][] {
  if (typeof vocab !== 'object' || vocab === null) throw invalid('the vocabulary is missing')
  const entries = Object.entries(vocab)
  if (entries.length === 0) throw invalid('the vocabulary is empty')
  for (const [token, id] of entries) if (!isId(id)) throw invalid(`the id of ${JSON.stringify(token)} is not a count`)
  return entries
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

/** Ids around a single text in the template of a post-processor. */
function readTemplate(config: unknown): [prefix: number[], suffix: number[]] {
  if (config === null || config === undefined) return [[], []]
  const { type, single, special_tokens: specials, cls, sep } = config as Record<string, unknown>
  if (type === 'BertProcessing') return [[pairId(cls)], [pairId(sep)]]
  if (type !== 'TemplateProcessing' || !Array.isArray(single)) {
    throw new MaxsiftError(
      'MODEL_UNSUPPORTED',
      `tokenizer.json: the post-processor ${JSON.stringify(type)} is not supported`,
    )
  }
  const ids = new Map(Object.entries((specials ?? {}) as Record<string, { ids?: unknown }>))
  const text = single.findIndex((part) => part?.Sequence?.id === 'A')
  if (text < 0) throw invalid('the template of the post-processor has no place for the text')
  const idsOf = (parts: { SpecialToken?: { id?: string } }[]) =>
    parts.flatMap((part) => {
      const list = ids.get(part?.SpecialToken?.id ?? '')?.ids
      if (!Array.isArray(list) || !list.every(isId))
        throw invalid('the template of the post-processor names an unknown token')
      return list as number[]
    })
  return [idsOf(single.slice(0, text)), idsOf(single.slice(text + 1))]
}

function pairId(pair: unknown): number {
  const id = Array.isArray(pair) ? pair[1] : undefined
  if (!isId(id)) throw invalid('the post-processor lacks an id')
  return id
}
