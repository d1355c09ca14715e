import { assemble, type Mark, marksOf, type ReaderPassage } from './assemble.ts'
import { type Block, blocksOf } from './blocks.ts'
import { element } from './dom.ts'

/** Units of text that are laid out, or left alone while out of sight, together. */
const CHUNK = 4_096

/** For the height of a chunk that was never laid out; scrolling corrects it. */
const UNITS_PER_LINE = 80

/** Chunks around a passage that have to be there when it comes into view. */
const AROUND = 3

/** For building chunks that nobody sees yet, before the page answers again. */
const SLICE_MS = 8

interface Shown extends Block {
  element: HTMLElement
}

interface Chunk {
  element: HTMLElement
  blocks: Block[]
  /** null until the chunk is built. */
  shown: Shown[] | null
}

/**
 * The text of a document as elements: headings, paragraphs, and a `<mark>` for each word that matched.
 * Chunks out of sight are not laid out, and built little by little, so that a text of a megabyte opens at once and yet is
 * soon all there to be selected and to be found by the browser's own search.
 */
export class ReaderText {
  readonly element = element('div', { class: 'reader-text' })
  readonly #marks: readonly Mark[]
  readonly #chunks: Chunk[] = []
  #marked: Shown[] = []

  constructor(passages: readonly ReaderPassage[]) {
    this.#marks = marksOf(passages)
    let blocks: Block[] = []
    let units = 0
    const close = () => {
      if (blocks.length === 0) return
      const chunk: Chunk = { element: element('div'), blocks, shown: null }
      chunk.element.style.setProperty('--lines', String(Math.ceil(units / UNITS_PER_LINE) + blocks.length))
      this.#chunks.push(chunk)
      blocks = []
      units = 0
    }
    for (const block of blocksOf(assemble(passages))) {
      blocks.push(block)
      units += block.text.length
      if (units >= CHUNK) close()
    }
    close()
    this.element.append(...this.#chunks.map((chunk) => chunk.element))
    this.#buildAround(0, 0)
    setTimeout(() => this.#buildRest())
  }

  /** The part of the page that shows a range of the document; null where the range holds nothing that is shown. */
  range(start: number, end: number): Range | null {
    const shown = this.#within(start, end)
    if (shown.length === 0) return null
    const [first, last] = [shown[0], shown.at(-1)!]
    const range = document.createRange()
    range.setStart(...place(first.element, Math.max(0, start - first.start)))
    range.setEnd(...place(last.element, Math.min(last.end, end) - last.start))
    return range
  }

  /** Tells the paragraphs of one passage apart from all others. */
  mark(passage: { start: number; end: number } | null): void {
    for (const { element } of this.#marked) element.classList.remove('current')
    this.#marked = passage ? this.#within(passage.start, passage.end) : []
    for (const { element } of this.#marked) element.classList.add('current')
  }

  #within(start: number, end: number): Shown[] {
    const inside = (block: Block) => block.start < end && block.end > start
    const first = this.#chunks.findIndex(({ blocks }) => blocks.some(inside))
    if (first < 0) return []
    const last = this.#chunks.findLastIndex(({ blocks }) => blocks.some(inside))
    this.#buildAround(first, last)
    return this.#chunks.slice(first, last + 1).flatMap(({ shown }) => shown!.filter(inside))
  }

  #buildAround(first: number, last: number): void {
    for (const chunk of this.#chunks.slice(Math.max(0, first - AROUND), last + AROUND + 1)) this.#build(chunk)
  }

  #buildRest(from = 0): void {
    const until = performance.now() + SLICE_MS
    let next = from
    while (next < this.#chunks.length && performance.now() < until) this.#build(this.#chunks[next++])
    // Whoever closed the document needs no more of it.
    if (next < this.#chunks.length && this.element.isConnected) setTimeout(() => this.#buildRest(next))
  }

  #build(chunk: Chunk): void {
    chunk.shown ??= chunk.blocks.map((block) => {
      const made = blockElement(block, this.#marks)
      chunk.element.append(made)
      return { ...block, element: made }
    })
  }
}

function blockElement(block: Block, marks: readonly Mark[]): HTMLElement {
  if (block.kind === 'omission')
    return element('p', { class: 'omission', 'aria-label': 'Part of the text is not shown' }, block.text)
  const made = element(block.kind === 'heading' ? 'h3' : 'p', { dir: 'auto' })
  let at = block.start
  for (let i = firstAfter(marks, block.start); i < marks.length && marks[i].start < block.end; i++) {
    const { weight } = marks[i]
    const [start, end] = [Math.max(marks[i].start, at), Math.min(marks[i].end, block.end)]
    const strength = weight > 0.6 ? 'strong' : weight > 0.3 ? 'some' : 'weak'
    const word = element('mark', { class: strength }, block.text.slice(start - block.start, end - block.start))
    made.append(block.text.slice(at - block.start, start - block.start), word)
    at = end
  }
  made.append(block.text.slice(at - block.start))
  return made
}

/** The first mark that reaches beyond a place. */
function firstAfter(marks: readonly Mark[], start: number): number {
  let [low, high] = [0, marks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (marks[middle].end <= start) low = middle + 1
    else high = middle
  }
  return low
}

/** The text node that holds an offset of an element's text, and the offset in it. */
function place(root: HTMLElement, offset: number): [Node, number] {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  let last: [Node, number] = [root, 0]
  for (let node = texts.nextNode() as Text | null; node; node = texts.nextNode() as Text | null) {
    if (offset <= node.length) return [node, offset]
    offset -= node.length
    last = [node, node.length]
  }
  return last
}
