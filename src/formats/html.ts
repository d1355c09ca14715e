import { parse, parseFragment, type DefaultTreeAdapterTypes as Tree } from 'parse5'
import { type Content, SectionWriter } from './sections.ts'

const names = (list: string) => new Set(list.split(' '))

/** What a reader of the page does not read, or not as a part of its text. */
const SKIPPED = names(
  'script style template noscript head nav iframe object embed canvas audio video svg textarea select datalist map',
)
const BLOCKS = names(
  'address article aside blockquote body center details dialog dd div dl dt fieldset figcaption figure footer form header ' +
    'hgroup hr html legend main menu ol p pre search section summary table tbody tfoot thead ul caption',
)
const LINES = names('br li option tr')
const HEADINGS = names('h1 h2 h3 h4 h5 h6')

/**
 * A page: its headings with the ids that a link can point to, and the text between them, as text. Scripts, styles,
 * navigation and what is hidden are left out; of a page with `<main>` or `<article>` only that is read. The title is the
 * page's own or its first heading of level 1. Never throws; deep nesting is no recursion.
 */
export function parseHtml(source: string): Content {
  const document = parse(source)
  const { main, articles, title, heading } = survey(document)
  let writer = new SectionWriter()
  // What a script is to fill is empty here.
  for (const roots of [main, articles, [document]]) {
    writer = new SectionWriter()
    for (const root of roots) write(root, writer)
    if (!writer.empty) break
  }
  return writer.finish(title || heading || undefined)
}

/** The text of a piece of HTML, as a reader sees it. */
export function htmlText(source: string): string {
  const writer = new SectionWriter()
  write(parseFragment(source), writer)
  return writer
    .finish()
    .passages.map(({ text }) => text)
    .join('\n\n')
}

/** Where the content of a page is, and what it is called. */
function survey(document: Tree.Document) {
  const found = { main: [] as Tree.Element[], articles: [] as Tree.Element[], title: '', heading: '' }
  const stack: Tree.Node[] = [document]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isElement(node)) {
      if (node.tagName === 'title') found.title ||= textOf(node)
      else if (node.tagName === 'h1' && !isSkipped(node)) found.heading ||= textOf(node)
      else if (node.tagName === 'main' || attribute(node, 'role') === 'main') found.main.push(node)
      else if (node.tagName === 'article') found.articles.push(node)
      if (node.tagName !== 'head' && isSkipped(node)) continue
    }
    pushChildren(stack, node)
  }
  return { ...found, main: outermost(found.main), articles: outermost(found.articles) }
}

function write(root: Tree.Node, writer: SectionWriter): void {
  interface Step {
    node: Tree.Node
    /** White space counts. */
    pre: boolean
    /** The id of the section around it. */
    anchor?: string
    end?: true
  }
  const stack: Step[] = [{ node: root, pre: false }]
  for (let step = stack.pop(); step; step = stack.pop()) {
    const { node } = step
    let { pre, anchor } = step
    if (isText(node)) {
      if (pre) writer.verbatim(node.value)
      else writer.flow(node.value)
      continue
    }
    if (isElement(node)) {
      const { tagName } = node
      if (isSkipped(node)) continue
      if (HEADINGS.has(tagName)) {
        const heading = textOf(node)
        writer.break()
        if (heading) writer.heading(heading, attribute(node, 'id') ?? anchorInside(node) ?? anchor)
        continue
      }
      if (BLOCKS.has(tagName)) writer.break()
      else if (LINES.has(tagName)) writer.break(1)
      if (step.end) {
        if (tagName === 'td' || tagName === 'th') writer.cell()
        continue
      }
      if (tagName === 'img') writer.flow(attribute(node, 'alt') ?? '')
      if (tagName === 'pre') pre = true
      if (tagName === 'section' || tagName === 'article') anchor = attribute(node, 'id') ?? anchor
      stack.push({ ...step, end: true })
    }
    for (const child of childrenOf(node).toReversed()) stack.push({ node: child, pre, anchor })
  }
}

/** The text of an element on one line, without the `¶` that generators put beside a heading as a link to itself. */
function textOf(element: Tree.Element): string {
  let text = ''
  const stack: Tree.Node[] = [element]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isText(node)) text += node.value
    else if (isElement(node)) {
      if (node !== element && isSkipped(node)) continue
      if (node.tagName === 'img') text += attribute(node, 'alt') ?? ''
      if (node.tagName === 'a' && node !== element && attribute(node, 'href')?.startsWith('#') && !hasWords(node))
        continue
      pushChildren(stack, node)
    }
  }
  return text
    .split(/[ \t\n\r\f]+/)
    .filter(Boolean)
    .join(' ')
}

function hasWords(element: Tree.Element): boolean {
  return element.childNodes.some((node) => !isText(node) || /[\p{L}\p{N}]/u.test(node.value))
}

function anchorInside(element: Tree.Element): string | undefined {
  const stack: Tree.Node[] = [element]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isElement(node)) {
      const id = attribute(node, 'id') ?? (node.tagName === 'a' ? attribute(node, 'name') : undefined)
      if (id !== undefined) return id
    }
    pushChildren(stack, node)
  }
  return undefined
}

/** Elements that lie in none of the others. */
function outermost(elements: Tree.Element[]): Tree.Element[] {
  const all = new Set<Tree.Node>(elements)
  const inner = new Set<Tree.Node>()
  for (const element of elements) {
    const stack: Tree.Node[] = inner.has(element) ? [] : [...element.childNodes]
    for (let node = stack.pop(); node; node = stack.pop()) {
      if (all.has(node)) inner.add(node)
      pushChildren(stack, node)
    }
  }
  return elements.filter((element) => !inner.has(element))
}

function isSkipped(element: Tree.Element): boolean {
  const { tagName } = element
  if (SKIPPED.has(tagName)) return true
  if (tagName === 'dialog' && attribute(element, 'open') === undefined) return true
  const hidden = attribute(element, 'hidden')
  // `until-found` shows itself to who searches for it.
  if (hidden !== undefined && hidden !== 'until-found') return true
  return (
    attribute(element, 'aria-hidden') === 'true' ||
    /(^|;)\s*display\s*:\s*none\b/i.test(attribute(element, 'style') ?? '')
  )
}

function attribute(element: Tree.Element, name: string): string | undefined {
  return element.attrs.find((attr) => attr.name === name)?.value
}

const isElement = (node: Tree.Node): node is Tree.Element => 'tagName' in node
const isText = (node: Tree.Node): node is Tree.TextNode => node.nodeName === '#text'
const childrenOf = (node: Tree.Node): Tree.ChildNode[] => ('childNodes' in node ? node.childNodes : [])

/** In reverse, so that the first is next. */
function pushChildren(stack: Tree.Node[], node: Tree.Node): void {
  const children = childrenOf(node)
  for (let i = children.length - 1; i >= 0; i--) stack.push(children[i])
}
