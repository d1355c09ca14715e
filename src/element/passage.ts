import type { PassageHit } from '../index.ts'
import { make, marked } from './dom.ts'
import { bestPart, type Mark, marksOf } from './snippet.ts'

/** UTF-16 units shown of a document's best passage, and of its others. */
const BEST = 260
const OTHER = 120

interface Parts {
  /** null where there is none, or where it only repeats the title. */
  heading: Node[] | null
  /** The title with its marks, where the passage begins with it. */
  title: Node[] | null
  /** Where the text begins that is neither. */
  body: number
}

/** Title, heading and the best part of a document's best passage. */
export function firstPassage(passage: PassageHit, title: string): Node[] {
  const marks = marksOf(passage)
  const parts = partsOf(passage, title, marks)
  const titleView = make('span', { part: 'title', dir: 'auto' }, ...(parts.title ?? [title]))
  return [titleView, ...headed(passage, parts, marks, BEST)]
}

/** Heading and the best part of another passage of the document. */
export function furtherPassage(passage: PassageHit, title: string): Node[] {
  const marks = marksOf(passage)
  return headed(passage, partsOf(passage, title, marks), marks, OTHER)
}

function partsOf({ text, heading }: PassageHit, title: string, marks: readonly Mark[]): Parts {
  if (!heading) return { heading: null, title: null, body: 0 }
  // As a rule a passage begins with its heading, which then has marks of its own.
  const within = text.startsWith(`${heading}\n`) || text === heading
  const body = within ? heading.length : 0
  const content = within ? marked(text, marks, 0, body) : [document.createTextNode(heading)]
  return heading === title ? { heading: null, title: content, body } : { heading: content, title: null, body }
}

function headed({ text }: PassageHit, { heading, body }: Parts, marks: readonly Mark[], length: number): Node[] {
  const [from, to] = bestPart(text, marks, length, body)
  const before = text.slice(body, from).trim() ? '…\u00a0' : ''
  const after = text.slice(to).trim() ? '\u00a0…' : ''
  const part = make('span', { part: 'passage', dir: 'auto' }, before, ...marked(text, marks, from, to), after)
  return [
    ...(heading ? [make('span', { part: 'heading', dir: 'auto' }, ...heading)] : []),
    ...(to > from || !heading ? [part] : []),
  ]
}
