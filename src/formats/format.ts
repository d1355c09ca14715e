import type { Content } from './sections.ts'
import { parseText } from './text.ts'

/** Kinds of files that documents are read from. */
export type Format = 'markdown' | 'html' | 'text' | 'jsonl'

const ENDINGS: Readonly<Record<string, Format>> = {
  md: 'markdown',
  markdown: 'markdown',
  html: 'html',
  htm: 'html',
  xhtml: 'html',
  txt: 'text',
  text: 'text',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
}

/** What a file is, by the ending of its name; null for anything else. */
export function formatOf(name: string): Format | null {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  return name.includes('.') && Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : null
}

/** The endings that `formatOf` knows, for messages. */
export const KNOWN_ENDINGS = Object.keys(ENDINGS).map((ending) => `.${ending}`)

/** The content of a file that is one document. The parsers are loaded when they are first needed. */
export async function parseFile(format: Exclude<Format, 'jsonl'>, source: string): Promise<Content | { text: string }> {
  if (format === 'markdown') return (await import('./markdown.ts')).parseMarkdown(source)
  if (format === 'html') return (await import('./html.ts')).parseHtml(source)
  return parseText(source)
}
