/** Pre-tokenizers that change texts, split them by patterns, or turn them into bytes; as Hugging Face `tokenizers` does. */
import type { Aligned } from './aligned.ts'
import { readPattern } from './pattern.ts'
import { unsupported } from './subwords.ts'
import { createSplitter } from './words.ts'

/** Gives the parts of a part, in order; none of them is empty. */
export type Step = (part: Aligned, emit: (part: Aligned) => void) => void

type Json = Readonly<Record<string, unknown>>

/** How the reference's `ByteLevel` cuts words, which is GPT-2's. */
const GPT2 = readPattern(String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`)

/**
 * @param config the `pre_tokenizer` of a `tokenizer.json`
 * @returns the steps one after the other, and whether words are to be taken as bytes afterwards
 * @throws MaxsiftError `MODEL_UNSUPPORTED`
 */
export function createSteps(config: unknown): { step: Step; bytes: boolean } {
  const list = flatten(config)
  const bytes = list.findIndex(({ type }) => type === 'ByteLevel')
  // What comes after it would see bytes instead of text.
  if (bytes >= 0 && bytes < list.length - 1) throw unsupported('pre-tokenizer', list[bytes + 1])
  const step = list.map(createStep).reduce<Step>(
    (first, second) => (part, emit) => first(part, (each) => second(each, emit)),
    (part, emit) => emit(part),
  )
  return { step, bytes: bytes >= 0 }
}

function flatten(config: unknown): Json[] {
  if (config === null || config === undefined) return []
  const { type, pretokenizers } = config as Json
  return type === 'Sequence' && Array.isArray(pretokenizers) ? pretokenizers.flatMap(flatten) : [config as Json]
}

function createStep(config: Json): Step {
  switch (config.type) {
    case 'Metaspace':
      return metaspace(config)
    case 'ByteLevel': {
      const cut = config.use_regex === false ? whole : cutting(GPT2, isolated)
      const space = config.add_prefix_space !== false
      return (part, emit) => cut(space && !part.text.startsWith(' ') ? prepended(part, ' ') : part, emit)
    }
    case 'Split':
      return split(config)
  }
  const splitter = createSplitter(config)
  return (part, emit) => splitter(part.text, 0, part.text.length, (from, to) => emit(part.slice(from, to)))
}

const whole: Step = (part, emit) => {
  if (part.text !== '') emit(part)
}

/** SentencePiece's way with spaces: they become `▁`, one is put before, and words begin with it. */
function metaspace(config: Json): Step {
  const { replacement = '▁' } = config
  // Older files say `add_prefix_space`.
  const scheme = config.add_prefix_space === false ? 'never' : (config.prepend_scheme ?? 'always')
  if (
    typeof replacement !== 'string' ||
    replacement.length !== 1 ||
    !['always', 'first', 'never'].includes(scheme as string)
  )
    throw unsupported('pre-tokenizer', config)
  const cut = config.split === false ? whole : cutting(new RegExp(replacement, 'gu'), mergedWithNext)
  return (part, emit) => {
    const spaced = part.relabel(part.text.replaceAll(' ', replacement))
    const wanted = scheme === 'always' || (scheme === 'first' && part.text !== '' && part.start(0) === 0)
    cut(wanted && !spaced.text.startsWith(replacement) ? prepended(spaced, replacement) : spaced, emit)
  }
}

/** What is put before a text has the range of its first character. */
export function prepended(part: Aligned, before: string): Aligned {
  return part.rewrite((at, emit) => {
    const end = at + ((part.text.codePointAt(at) as number) > 0xffff ? 2 : 1)
    emit((at === 0 ? before : '') + part.text.slice(at, end), at, end)
    return end
  })
}

/** A stretch of text, and whether the pattern matched it. */
interface Stretch {
  from: number
  to: number
  matched: boolean
}
/** What becomes of the stretches. */
type Behaviour = (stretches: Stretch[]) => Stretch[]

const isolated: Behaviour = (stretches) => stretches

const removed: Behaviour = (stretches) => stretches.filter(({ matched }) => !matched)

const contiguous: Behaviour = (stretches) => joined(stretches, (stretch, before) => stretch.matched === before.matched)

/** Only the first of several matches in a row goes with what is before it. */
const mergedWithPrevious: Behaviour = (stretches) =>
  joined(stretches, (stretch, before) => stretch.matched && !before.matched)

function mergedWithNext(stretches: Stretch[]): Stretch[] {
  return joined(stretches.reverse(), (stretch, before) => stretch.matched && !before.matched).reverse()
}

/** Joins stretches with the one before them in the list. */
function joined(stretches: Stretch[], joins: (stretch: Stretch, before: Stretch) => boolean): Stretch[] {
  const out: Stretch[] = []
  let before: Stretch | undefined
  for (const stretch of stretches) {
    const last = out.at(-1)
    if (last && before && joins(stretch, before)) {
      last.from = Math.min(last.from, stretch.from)
      last.to = Math.max(last.to, stretch.to)
    } else out.push({ ...stretch })
    before = stretch
  }
  return out
}

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  Isolated: isolated,
  Removed: removed,
  Contiguous: contiguous,
  MergedWithPrevious: mergedWithPrevious,
  MergedWithNext: mergedWithNext,
}

function split(config: Json): Step {
  const { String: text, Regex: pattern } = (config.pattern ?? {}) as Json
  const behaviour = Object.hasOwn(BEHAVIOURS, String(config.behavior)) && BEHAVIOURS[String(config.behavior)]
  if (!behaviour) throw unsupported('pre-tokenizer', config)
  if (typeof pattern === 'string') return cutting(readPattern(pattern), behaviour, config.invert === true)
  if (typeof text !== 'string' || text === '') throw unsupported('pre-tokenizer', config)
  return cutting(new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'gu'), behaviour, config.invert === true)
}

function cutting(pattern: RegExp, behaviour: Behaviour, invert = false): Step {
  return (part, emit) => {
    const stretches: Stretch[] = []
    let at = 0
    for (const { 0: found, index } of part.text.matchAll(pattern)) {
      if (index > at) stretches.push({ from: at, to: index, matched: invert })
      at = index + found.length
      if (found !== '') stretches.push({ from: index, to: at, matched: !invert })
    }
    if (at < part.text.length) stretches.push({ from: at, to: part.text.length, matched: invert })
    for (const { from, to } of behaviour(stretches)) emit(part.slice(from, to))
  }
}
