import type { EncodingRules } from '../model/spec.ts'
import type { NewDocument } from '../store/index.ts'
import { type EncodedText, encodeText } from '../text/encode.ts'
import { splitPassages } from '../text/passages.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import type { PassageRange } from './catalog.ts'

/** A document cut into passages, each ready for the encoder. */
export interface Prepared {
  document: NewDocument
  passages: { range: PassageRange; input: EncodedText }[]
  /** Of the model's inputs: what encoding costs. */
  inputTokens: number
  /** Token vectors that will be stored. */
  tokens: number
}

/** The text that a passage is encoded as. A passage and its explanation must agree on it, so both come here. */
export function passageText(title: string | undefined, text: string): string {
  return title ? `${title} ${text}` : text
}

/** @param split Cut long texts into passages; else one passage a section, cut at the model's limit. */
export function prepare(document: NewDocument, tokenizer: Tokenizer, rules: EncodingRules, split: boolean): Prepared {
  const { title, text, sections = [{ start: 0 }] } = document
  const passages = sections.flatMap((section, i) => {
    const end = sections[i + 1]?.start ?? text.length
    const part = text.slice(section.start, end)
    const ranges = split ? splitPassages(part, { tokenizer, rules, title }) : whole(part)
    return ranges.map((range) => {
      const input = encodeText(tokenizer, rules, passageText(title, part.slice(range.start, range.end)))
      const { truncated } = input
      return { range: { start: section.start + range.start, end: section.start + range.end, truncated }, input }
    })
  })
  const inputTokens = passages.reduce((sum, { input }) => sum + input.ids.length, 0)
  const tokens = passages.reduce((sum, { input }) => sum + input.keep.length, 0)
  return { document, passages, inputTokens, tokens }
}

function whole(text: string): { start: number; end: number }[] {
  const start = text.length - text.trimStart().length
  const end = text.trimEnd().length
  return start < end ? [{ start, end }] : []
}
