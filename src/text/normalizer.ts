/**
 * The normalisation steps that BERT tokenizers use, each keeping track of where its characters come from.
 * They follow Hugging Face `tokenizers` (Rust), including its alignment rules: what a character turns into comes from
 * that character; what several are composed to comes from the first of them.
 */
import { MaxsiftError } from '../errors.ts'
import type { Aligned } from './aligned.ts'
import { isDropped, isHan, isMark, isNonspacing, isWhiteSpace, LATER_MARKS } from './unicode.ts'

export type Normalizer = (text: Aligned) => Aligned
type Config = Readonly<Record<string, unknown>>

/**
 * @param config the `normalizer` of a `tokenizer.json`
 * @throws MaxsiftError `MODEL_UNSUPPORTED` for a step that is not listed here
 */
export function createNormalizer(config: unknown): Normalizer {
  if (config === null || config === undefined) return (text) => text
  const { type, ...options } = config as Config
  switch (type) {
    case 'Sequence':
      return sequence(((options.normalizers as unknown[] | undefined) ?? []).map(createNormalizer))
    case 'BertNormalizer':
      return bert(options)
    case 'Lowercase':
      return perCodePoint(lowerCase)
    case 'StripAccents':
      return perCodePoint((c) => (isMark(c) ? '' : c))
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return unicode(type)
    case 'Strip':
      return strip(options.strip_left !== false, options.strip_right !== false)
    case 'Replace':
      return replace(options)
    default:
      throw new MaxsiftError(
        'MODEL_UNSUPPORTED',
        `tokenizer.json: the normalizer ${JSON.stringify(type)} is not supported`,
      )
  }
}

const sequence =
  (steps: Normalizer[]): Normalizer =>
  (text) =>
    steps.reduce((done, step) => step(done), text)

/** Lower case without regard to neighbours: the final sigma of `toLowerCase` on a whole word is not what Rust gives. */
function lowerCase(text: string): string {
  let result = ''
  for (const c of text) result += c.toLowerCase()
  return result
}

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

/**
 * BERT's normaliser. All its steps treat characters one by one, so their composition is a function of the character,
 * worked out once for each that occurs.
 */
function bert(options: Config): Normalizer {
  const clean = options.clean_text !== false
  const spaceHan = options.handle_chinese_chars !== false
  const lower = options.lowercase !== false
  const strip = options.strip_accents ?? lower
  const general = perCodePoint((c) => {
    let result = c
    if (clean) result = isDropped(c) && !isBreak(c) ? '' : isWhiteSpace(c) ? ' ' : c
    if (spaceHan && isHan(result)) result = ` ${result} `
    if (strip) result = [...result.normalize('NFD')].filter((d) => !isNonspacing(d)).join('')
    return lower ? lowerCase(result) : result
  })
  return (text) => {
    if (!PRINTABLE_ASCII.test(text.text)) return general(text)
    return lower ? text.relabel(text.text.toLowerCase()) : text
  }
}

const isBreak = (c: string) => c === '\t' || c === '\n' || c === '\r'

function perCodePoint(replace: (c: string) => string): Normalizer {
  const known = new Map<string, string>()
  const lookUp = (c: string) => {
    let result = known.get(c)
    if (result === undefined) {
      result = replace(c)
      known.set(c, result)
    }
    return result
  }
  return (text) => text.map(lookUp)
}

/** Of the later marks those of Unicode 9, which the reference's normalisation knows, unlike its classes. */
const NINTH = String.raw`\u08d4-\u08e1\u1dfb\u{11442}\u{11446}\u{11c3f}\u{1e000}-\u{1e02a}\u{1e944}-\u{1e94a}`
/** Spacing ones, which the classes need not tell apart. */
const LATER_SPACING = String.raw`\u1715\u{113cf}\u{1193d}\u{11f41}\u{16ff0}\u{16ff1}`
const LATE = `(?![${NINTH}])[${LATER_MARKS}${LATER_SPACING}]`

/**
 * A character with what may compose with it: marks, the vowels and finals of Hangul, half-width voicing marks.
 * Cut after 30 marks, as Unicode's stream-safe format does: engines sort a run of marks in quadratic time; and at marks
 * that are newer than the reference's tables, which it does not put in order.
 */
const CLUSTER = new RegExp(`${LATE}|[^](?:(?!${LATE})[\\p{M}\\u1160-\\u11ff\\uff9e\\uff9f\\uffa0-\\uffdc]){0,30}`, 'uy')

/**
 * NFC, NFD, NFKC, NFKD. The reference counts instead of remembering where a character came from: of the decomposition
 * of each, the first part takes the next character of the text and the others none; what is composed takes as many as
 * its parts together. It comes from the first that it takes, or, taking none, from the last that was taken. With marks
 * put in order that may be another than its own.
 */
function unicode(form: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Normalizer {
  const decomposed = form.length === 4 ? 'NFKD' : 'NFD'
  return (text) => {
    if (PRINTABLE_ASCII.test(text.text)) return text
    return text.rewrite((from, emit) => {
      CLUSTER.lastIndex = from
      const cluster = CLUSTER.exec(text.text)?.[0] as string
      const to = from + cluster.length
      const characters = [...cluster]
      if (characters.length === 1) {
        emit(cluster.normalize(form), from, to)
        return to
      }
      // The parts, and how many characters each takes. Equal ones stay in their order, whatever is put in order.
      const parts = characters.flatMap((c) =>
        [...c.normalize(decomposed)].map((part, i) => ({ part, takes: i ? 0 : 1 })),
      )
      const take = (part: string) =>
        parts.splice(
          parts.findIndex((each) => each.part === part),
          1,
        )[0].takes
      let taken = [from, from]
      for (const c of cluster.normalize(form)) {
        let takes = 0
        for (const part of form.endsWith('C') ? c.normalize('NFD') : c) takes += take(part)
        let origin: number[] | undefined
        for (; takes > 0; takes--) {
          taken = [taken[1], taken[1] + (characters.shift() as string).length]
          origin ??= taken
        }
        const [start, end] = origin ?? taken
        emit(c, start, end)
      }
      return to
    })
  }
}

function strip(left: boolean, right: boolean): Normalizer {
  return (text) => {
    let from = 0
    let to = text.text.length
    while (left && from < to && isWhiteSpace(text.text[from])) from++
    while (right && from < to && isWhiteSpace(text.text[to - 1])) to--
    return text.slice(from, to)
  }
}

function replace({ pattern, content }: Config): Normalizer {
  const needle = (pattern as Config | undefined)?.String
  if (typeof needle !== 'string' || needle === '' || typeof content !== 'string') {
    throw new MaxsiftError(
      'MODEL_UNSUPPORTED',
      'tokenizer.json: only plain strings are supported in a Replace normalizer',
    )
  }
  // By the reference's alignment a replacement comes from the last character that it replaces.
  const last = [...needle].at(-1) as string
  return (text) => {
    if (!text.text.includes(needle)) return text
    return text.rewrite((from, emit) => {
      if (text.text.startsWith(needle, from)) {
        const end = from + needle.length
        emit(content, end - last.length, end)
        return end
      }
      const next = text.text.indexOf(needle, from)
      const to = next < 0 ? text.text.length : next
      for (let i = from; i < to; i++) emit(text.text[i], i, i + 1)
      return to
    })
  }
}
