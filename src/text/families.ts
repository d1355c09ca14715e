/**
 * The tokenizers of RoBERTa, ModernBERT, XLM-R and their kin: byte-pair encoding and SentencePiece's unigram model, with
 * the normalizers and pre-tokenizers that go with them. A script of its own, which those who use BERT do not load.
 */
import type { Aligned } from './aligned.ts'
import { Bpe } from './bpe.ts'
import { precompiled } from './charsmap.ts'
import { createNormalizer as createBertNormalizer, type Normalizer } from './normalizer.ts'
import { readPattern } from './pattern.ts'
import { type Pieces, remembered } from './pieces.ts'
import { createSteps, prepended, type Step } from './steps.ts'
import { nextWord, push, type SubwordModel, type Tokens, unsupported } from './subwords.ts'
import { isWhiteSpace } from './unicode.ts'
import { Unigram } from './unigram.ts'

type Json = Readonly<Record<string, unknown>>

/** How byte-level BPE writes bytes: those that print as themselves, the others as letters from U+0100 on (GPT-2). */
const ALPHABET = byteAlphabet()

/** @param config the `normalizer` of a `tokenizer.json` */
export function createNormalizer(config: unknown): Normalizer {
  const steps = createStep(config)
  // Halves of surrogate pairs are no text in the reference; this is what they become on the way to it.
  return (text) =>
    steps(/[\ud800-\udfff]/u.test(text.text) ? text.relabel(text.text.replace(/[\ud800-\udfff]/gu, '\ufffd')) : text)
}

function createStep(config: unknown): Normalizer {
  const { type, normalizers, prepend, pattern, content, precompiled_charsmap: table } = (config ?? {}) as Json
  if (type === 'Sequence' && Array.isArray(normalizers)) {
    const steps = normalizers.map(createStep)
    return (text) => steps.reduce((done, step) => step(done), text)
  }
  if (type === 'Precompiled') return precompiled(table)
  if (type === 'Prepend' && typeof prepend === 'string')
    return (text) => (text.text === '' ? text : prepended(text, prepend))
  const regex = (pattern as Json | undefined)?.Regex
  if (type === 'Replace' && typeof regex === 'string' && typeof content === 'string')
    return replaced(readPattern(regex), content)
  return createBertNormalizer(config)
}

/** By the reference's alignment a replacement comes from the last character that it replaces. */
function replaced(pattern: RegExp, content: string): Normalizer {
  return (text) => {
    const found = [...text.text.matchAll(pattern)].filter(([match]) => match !== '')
    if (found.length === 0) return text
    let next = 0
    return text.rewrite((at, emit) => {
      const match = found[next]
      if (at !== match?.index) {
        emit(text.text[at], at, at + 1)
        return at + 1
      }
      next++
      const end = at + match[0].length
      emit(content, end - ([...match[0]].at(-1) as string).length, end)
      return end
    })
  }
}

/** Models are large, and made again with every change of added tokens. */
const models = new WeakMap<object, Bpe | Unigram>()

function readModel(model: Json): Bpe | Unigram {
  let found = models.get(model)
  if (!found) {
    // Older files do not say what they are.
    const type = model.type ?? (Array.isArray(model.vocab) ? 'Unigram' : 'BPE')
    if (type !== 'Unigram' && type !== 'BPE') throw unsupported('model', type)
    found = type === 'Unigram' ? new Unigram(model) : new Bpe(model)
    models.set(model, found)
  }
  return found
}

/** @param json a whole `tokenizer.json` */
export function createModel(json: Json): SubwordModel {
  const model = readModel((json.model ?? {}) as Json)
  const { step, bytes } = createSteps(json.pre_tokenizer)
  if (bytes && model instanceof Unigram) throw unsupported('pre-tokenizer of a Unigram model', json.pre_tokenizer)
  const encode =
    model instanceof Unigram
      ? (word: string) => model.encode(word)
      : (word: string) => model.encode(word, bytes ? ALPHABET : null)
  return new Subwords(model, step, remembered(encode), bytes, json.post_processor)
}

class Subwords implements SubwordModel {
  readonly size: number
  readonly unknown: number
  readonly settled = false
  /** By id, once it was asked for: see `#shape`. */
  readonly #shapes = new Map<number, number>()

  constructor(
    private readonly model: Bpe | Unigram,
    private readonly step: Step,
    private readonly encode: (word: string) => Pieces,
    private readonly bytes: boolean,
    private readonly postProcessor: unknown,
  ) {
    this.size = model.size
    this.unknown = model.unknown
  }

  idOf(token: string): number | undefined {
    return this.model.idOf(token)
  }

  tokenOf(id: number): string | undefined {
    return this.model.tokenOf(id)
  }

  /** Letters and digits go on with letters and digits, but not in scripts without spaces: there each piece is a word. */
  continuesWord(id: number, before?: number): boolean {
    return (this.#shape(id) & BEGINS) > 0 && (before === undefined || (this.#shape(before) & ENDS) > 0)
  }

  tokenize(section: Aligned, out: Tokens): void {
    this.step(section, (part) => {
      const { ids, starts, ends } = this.encode(part.text)
      ids.forEach((id, i) => {
        const [start, end] = [part.start(starts[i]), part.end(ends[i])]
        const last = out.ids.length - 1
        // Parts of one character, and what the tokenizer put before a word, are of that word.
        const goesOn = i > 0 && (start < out.ends[last] || this.continuesWord(id, ids[i - 1]))
        push(out, id, start, end, goesOn ? out.words[last] : nextWord(out))
      })
    })
  }

  finish(tokens: Tokens, text: string, isAdded: (id: number) => boolean): void {
    const charsOf = (id: number, start: number, end: number) =>
      isAdded(id) ? text.slice(start, end) : (this.model.tokenOf(id) ?? '')
    for (const { type, trim_offsets: trim, add_prefix_space: prefixed } of postProcessors(this.postProcessor)) {
      if ((type === 'ByteLevel' || type === 'RobertaProcessing') && trim !== false)
        trimRanges(tokens, text, charsOf, prefixed !== false)
    }
  }

  /** Whether a token begins, and ends, in the middle of a word as far as it alone can say. */
  #shape(id: number): number {
    let shape = this.#shapes.get(id)
    if (shape === undefined) {
      const text = this.#textOf(id)
      shape = (WITHIN_AT_START.test(text) ? BEGINS : 0) + (WITHIN_AT_END.test(text) ? ENDS : 0)
      this.#shapes.set(id, shape)
    }
    return shape
  }

  #textOf(id: number): string {
    const token = this.model.tokenOf(id) ?? ''
    const byte = /^<0x([0-9A-F]{2})>$/.exec(token)
    // A part of a character is U+FFFD.
    if (byte) return new TextDecoder().decode(Uint8Array.of(Number.parseInt(byte[1], 16)))
    return this.bytes ? new TextDecoder().decode(Uint8Array.from(token, (c) => BYTES.get(c) ?? 0x20)) : token
  }
}

const BEGINS = 1
const ENDS = 2
const WITHOUT_SPACES =
  '\\p{scx=Hani}\\p{scx=Hira}\\p{scx=Kana}\\p{sc=Thai}\\p{sc=Laoo}\\p{sc=Khmr}\\p{sc=Mymr}\\p{sc=Tibt}'
const WITHIN = `[[\\p{L}\\p{M}\\p{N}\\ufffd]--[${WITHOUT_SPACES}]]`
const WITHIN_AT_START = new RegExp(`^${WITHIN}`, 'v')
const WITHIN_AT_END = new RegExp(`${WITHIN}$`, 'v')

function postProcessors(config: unknown): Json[] {
  if (config === null || config === undefined) return []
  const { type, processors } = config as Json
  return type === 'Sequence' && Array.isArray(processors) ? processors.flatMap(postProcessors) : [config as Json]
}

/** Takes the white space at both ends of tokens off their ranges (`process_offsets` of the reference). */
function trimRanges(
  { ids, starts, ends }: Tokens,
  text: string,
  charsOf: (id: number, start: number, end: number) => string,
  prefixed: boolean,
): void {
  ids.forEach((id, i) => {
    const chars = [...charsOf(id, starts[i], ends[i])]
    const first = chars.findIndex((c) => !isSpace(c))
    const trailing = chars.length - 1 - chars.findLastIndex((c) => !isSpace(c))
    let leading = first < 0 ? chars.length : first
    // One space in front of a text is the tokenizer's own, where it puts one there.
    if (leading === 1 && prefixed && (i === 0 || starts[i] === 0)) leading = 0
    let start = starts[i]
    let end = ends[i]
    for (; leading > 0 && start < end; leading--) start += (text.codePointAt(start) as number) > 0xffff ? 2 : 1
    for (let left = trailing; left > 0 && end > start; left--) end -= isPair(text, end - 2) ? 2 : 1
    starts[i] = start
    ends[i] = end
  })
}

const isSpace = (c: string) => c === ALPHABET[0x20] || isWhiteSpace(c)
const isPair = (text: string, at: number) => at >= 0 && (text.codePointAt(at) as number) > 0xffff

function byteAlphabet(): string[] {
  const prints = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(prints(byte) ? byte : next++))
}

const BYTES: ReadonlyMap<string, number> = new Map(ALPHABET.map((char, byte) => [char, byte]))
