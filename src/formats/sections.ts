import type { PassageInput } from '../search/types.ts'

/** What a file gives of a document: all but its id and address. */
export interface Content {
  title?: string
  /** Its sections, in order; a heading is the first line of its section. Empty for a file without a word. */
  passages: PassageInput[]
}

interface Section {
  heading?: string
  anchor?: string
  /** The heading as a line of text of its own. */
  head: string
  body: string[]
}

/**
 * Puts a document together from a stream of headings, text and breaks.
 * Text flows: white space collapses, and breaks separate what stands in different blocks.
 */
export class SectionWriter {
  readonly #sections: Section[] = [{ head: '', body: [] }]
  /** Owed before the next text: a space, or line breaks, or nothing. */
  #gap: '' | ' ' | '\t' | '\n' | '\n\n' = ''

  /** A part of a sentence. */
  flow(text: string): void {
    if (text === '') return
    const words = text.split(/[ \t\n\r\f]+/)
    if (words[0] === '') this.#owe(' ')
    this.verbatim(words.filter(Boolean).join(' '))
    if (words.at(-1) === '') this.#owe(' ')
  }

  /** Text whose white space counts, such as code. */
  verbatim(text: string): void {
    if (text === '') return
    const { body } = this.#sections.at(-1)!
    if (body.length > 0) body.push(this.#gap)
    this.#gap = ''
    body.push(text)
  }

  /** What follows stands on a line (or, with two, in a block) of its own. */
  break(lines: 1 | 2 = 2): void {
    this.#owe(lines === 2 ? '\n\n' : '\n')
  }

  /** What follows stands in the next cell of a row. */
  cell(): void {
    this.#owe('\t')
  }

  /** Starts a section. */
  heading(text: string, anchor?: string): void {
    this.#gap = ''
    this.#sections.push({ heading: text, anchor, head: text, body: [] })
  }

  /** Whether there is not a word yet. */
  get empty(): boolean {
    return this.#sections.every(({ head, body }) => head === '' && body.every((text) => text.trim() === ''))
  }

  /** The widest gap wins. */
  #owe(gap: ' ' | '\t' | '\n' | '\n\n'): void {
    const order = ['', ' ', '\t', '\n', '\n\n']
    if (order.indexOf(gap) > order.indexOf(this.#gap)) this.#gap = gap
  }

  /**
   * The document. A heading with nothing below it goes to the section that follows, since a passage of one heading
   * would win over real answers; the title is left out of the text, since it is encoded with every passage.
   */
  finish(title?: string): Content {
    const passages: PassageInput[] = []
    let heads: string[] = []
    let last: Section | undefined
    const push = ({ heading, anchor }: Section, lines: string[]) => {
      const passage: PassageInput = { text: lines.join('\n') }
      if (heading) passage.heading = heading
      if (heading && anchor) passage.anchor = anchor
      passages.push(passage)
    }
    let titled = title === undefined
    for (const section of this.#sections) {
      const body = section.body.join('').trim()
      if (section.head && !titled && section.head === title) titled = true
      else if (section.head) {
        heads.push(section.head)
        last = section
      }
      if (body === '') continue
      push(section, [...heads, body])
      heads = []
    }
    if (heads.length > 0) push(last!, heads)
    if (passages.length === 0 && title) push({ head: '', body: [] }, [title])
    return title ? { title, passages } : { passages }
  }
}
