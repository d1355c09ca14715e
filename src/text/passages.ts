import type { EncodingRules } from '../model/spec.ts'
import { sentences } from './sentences.ts'
import type { Tokenizer, Tokens } from './tokenizer.ts'

/** A range of a text, in UTF-16 units. */
export interface Passage {
  start: number
  end: number
}

export interface PassageOptions {
  tokenizer: Tokenizer
  /** The rules of documents: their length is that of a passage. */
  rules: EncodingRules
  /** Goes before each passage when it is encoded, with a space. */
  title?: string
}

/** Share of a passage that may repeat the end of the one before it. */
const OVERLAP = 1 / 8

/** Share of a passage that must be full before it ends early for a paragraph's sake. */
const PARAGRAPH_FILL = 1 / 2

/** A word that no piece matches is one token however long it is, so a passage is limited in characters as well. */
const CHARACTERS_PER_TOKEN = 16

/** What passages are put together from: mostly a sentence. */
interface Unit extends Passage {
  tokens: number
  /** It begins a paragraph. */
  paragraph: boolean
  /** It goes on in the middle of a word. Next to the rest of the word it would have other tokens, so it stays apart. */
  glued?: true
}

/** What fits into a passage. */
interface Room {
  tokens: number
  characters: number
}

/**
 * Cuts a text into passages that each fit, with markers and title, into one input of the model: at sentences, where
 * possible at paragraphs, with an overlap of about one sentence; a sentence that is too long at words, a word at
 * characters. Together the passages hold everything but white space; none begins or ends with it. Linear in the text.
 */
export function splitPassages(text: string, { tokenizer, rules, title }: PassageOptions): Passage[] {
  const around = tokenizer.prefix.length + tokenizer.suffix.length + (rules.marker === null ? 0 : 1)
  const before = tokenizer.tokenize(rules.prompt + (title ? `${title} ` : '')).ids.length
  // A title that leaves no room to speak of is cut off with its passage, which says so; the text still gets cut.
  const tokens = Math.max(1, rules.maxLength - around - before)
  const passages = split(text, tokenizer, tokens)
  return tokenizer.settled ? passages : passages.flatMap((passage) => fitted(text, passage, tokenizer, tokens, tokens))
}

function split(text: string, tokenizer: Tokenizer, tokens: number): Passage[] {
  const room = { tokens, characters: tokens * CHARACTERS_PER_TOKEN }
  return pack(units(text, tokenizer, room), room)
    .map(({ start, end }) => trim(text, start, end))
    .filter(({ start, end }) => start < end)
}

/** Cuts a passage again, smaller, that has more tokens by itself than its words had in the text. */
function fitted(text: string, passage: Passage, tokenizer: Tokenizer, tokens: number, limit: number): Passage[] {
  const part = text.slice(passage.start, passage.end)
  const excess = tokenizer.tokenize(part).ids.length - tokens
  if (excess <= 0 || limit === 1) return [passage]
  const smaller = Math.max(1, limit - excess)
  return split(part, tokenizer, smaller).flatMap(({ start, end }) => {
    const within = { start: passage.start + start, end: passage.start + end }
    return fitted(text, within, tokenizer, tokens, smaller)
  })
}

/** Sentences, those that are too long in parts; each fits into the room. */
function units(text: string, tokenizer: Tokenizer, room: Room): Unit[] {
  const result: Unit[] = []
  const all = tokenizer.tokenize(text)
  let next = 0
  let start = 0
  for (const sentence of sentences(text)) {
    if (sentence.end <= start) continue
    const first = next
    let { end } = sentence
    while (
      next < all.ids.length &&
      (all.starts[next] < end || (next > first && all.words[next] === all.words[next - 1]))
    ) {
      // A word that goes on after the sentence is kept whole.
      end = Math.max(end, all.ends[next])
      next++
    }
    const unit = { start, end, tokens: next - first, paragraph: sentence.paragraph }
    start = end
    if (fits(unit, room)) result.push(unit)
    else cutAtWords(text, unit, all, first, tokenizer, room, result)
  }
  return result
}

const fits = ({ start, end, tokens }: Unit, room: Room) => tokens <= room.tokens && end - start <= room.characters

/** Cuts a unit before words, so that each part is as full as it can be. `first` is the unit's first token. */
function cutAtWords(
  text: string,
  unit: Unit,
  { starts, words }: Tokens,
  first: number,
  tokenizer: Tokenizer,
  room: Room,
  result: Unit[],
): void {
  const last = first + unit.tokens
  let part: Unit = { start: unit.start, end: unit.start, tokens: 0, paragraph: unit.paragraph }
  const push = () => {
    if (part.end > part.start) result.push(part)
    part = { start: part.end, end: part.end, tokens: 0, paragraph: false }
  }
  for (let token = first; token < last; ) {
    let next = token + 1
    while (next < last && words[next] === words[token]) next++
    // What lies between two words goes with the one before it; before the first word, with that.
    const end = Math.max(part.end, next < last ? starts[next] : unit.end)
    const word = { ...part, end, tokens: part.tokens + next - token }
    if (fits(word, room)) part = word
    else {
      push()
      const alone: Unit = { ...part, end, tokens: next - token }
      if (fits(alone, room)) part = alone
      else {
        cutAtCharacters(text, alone, tokenizer, room, result)
        part = { ...part, start: end, end, paragraph: false }
      }
    }
    token = next
  }
  if (part.end < unit.end) {
    // No word at all: nothing but characters that the tokenizer drops.
    cutAtCharacters(text, { ...part, end: unit.end }, tokenizer, room, result)
    return
  }
  push()
}

/** Cuts a word that does not fit by itself. A part of a word has other tokens than it had within the word. */
function cutAtCharacters(text: string, word: Unit, tokenizer: Tokenizer, room: Room, result: Unit[]): void {
  let { start, paragraph } = word
  let glued: true | undefined
  while (start < word.end) {
    // Tokens of a part are at most its characters, unless some decompose: those parts are halved until they fit.
    let length = Math.min(word.end - start, word.tokens > room.tokens ? room.tokens : room.characters)
    let tokens: number
    for (;;) {
      if (length > 1 && start + length < word.end && /[\ud800-\udbff]/.test(text[start + length - 1])) length--
      tokens = tokenizer.tokenize(text.slice(start, start + length)).ids.length
      if (tokens <= room.tokens || length === 1) break
      length = Math.max(1, length >> 1)
    }
    result.push({ start, end: start + length, tokens, paragraph, glued })
    start += length
    paragraph = false
    glued = true
  }
}

/** Fills passages with units, one after the other. */
function pack(list: readonly Unit[], room: Room): Passage[] {
  const passages: Passage[] = []
  let first = 0
  while (first < list.length) {
    let tokens = 0
    let end = first
    let paragraphEnd = first
    for (; end < list.length; end++) {
      const { tokens: more } = list[end]
      const tooLong = tokens + more > room.tokens || list[end].end - list[first].start > room.characters
      if (end > first && list[end].paragraph && tokens >= room.tokens * PARAGRAPH_FILL) paragraphEnd = end
      if (end > first && (tooLong || list[end].glued)) break
      tokens += more
    }
    if (end < list.length && paragraphEnd > first) end = paragraphEnd
    passages.push({ start: list[first].start, end: list[end - 1].end })
    first = end < list.length ? overlapStart(list, first, end, room) : end
  }
  return passages
}

/** Where the next passage begins: with the last unit of this one again, if it is short and no paragraph lies between. */
function overlapStart(list: readonly Unit[], first: number, end: number, room: Room): number {
  const last = end - 1
  if (last <= first || list[end].paragraph || list[end].glued || list[last].tokens > room.tokens * OVERLAP) return end
  const both = list[last].tokens + list[end].tokens
  // Only if the unit after it still fits; otherwise the next passage would bring nothing new.
  return both <= room.tokens && list[end].end - list[last].start <= room.characters ? last : end
}

function trim(text: string, start: number, end: number): Passage {
  const part = text.slice(start, end)
  const from = start + part.length - part.trimStart().length
  return { start: from, end: Math.max(from, start + part.trimEnd().length) }
}
