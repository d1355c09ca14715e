import GithubSlugger from 'github-slugger'
import MarkdownIt, { type Token } from 'markdown-it'
import { frontMatter } from './front-matter.ts'
import { htmlText } from './html.ts'
import { type Content, SectionWriter } from './sections.ts'

/**
 * A Markdown document (CommonMark with tables): its headings with the anchors that GitHub gives them, code, the texts of
 * links and images, the text of HTML in between. The title is that of the front matter or the first heading of level 1.
 * Never throws; nothing of it is HTML.
 */
export function parseMarkdown(source: string): Content {
  const { title: given, rest } = frontMatter(source.startsWith('\ufeff') ? source.slice(1) : source)
  // Deeper quotes and lists are dropped by the parser; its default of 100 is within reach.
  const parser = new MarkdownIt({ html: true }).set({ maxNesting: 500 })
  // Where a link leads is not kept, so any will do: the text of a refused one would be its source.
  parser.validateLink = () => true
  const tokens = parser.parse(rest, {})
  const slugger = new GithubSlugger()
  const writer = new SectionWriter()
  let title = given
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]
    if (token.type === 'heading_open') {
      const heading = plain(tokens[i + 1]?.children ?? [])
      writer.heading(heading, slugger.slug(heading))
      if (token.tag === 'h1' && heading) title ??= heading
      i += 2
    } else block(token, writer)
  }
  return writer.finish(title)
}

function block(token: Token, writer: SectionWriter): void {
  switch (token.type) {
    case 'inline':
      for (const child of token.children ?? []) inline(child, writer)
      break
    case 'fence':
    case 'code_block':
      writer.break()
      writer.verbatim(token.content.trimEnd())
      writer.break()
      break
    case 'html_block':
      writer.break()
      writer.verbatim(htmlText(token.content))
      writer.break()
      break
    case 'paragraph_open':
    case 'paragraph_close':
      // Those of a tight list are hidden.
      writer.break(token.hidden ? 1 : 2)
      break
    case 'list_item_open':
    case 'tr_close':
      writer.break(1)
      break
    case 'th_close':
    case 'td_close':
      writer.cell()
      break
    case 'table_open':
    case 'table_close':
      writer.break()
      break
  }
}

function inline(token: Token, writer: SectionWriter): void {
  if (token.type === 'image') writer.flow(plain(token.children ?? []))
  else if (token.type === 'softbreak') writer.flow(' ')
  else if (token.type === 'hardbreak') writer.break(1)
  else if (token.type !== 'html_inline') writer.flow(token.content)
}

/** The text of inline tokens on one line. */
function plain(tokens: readonly Token[]): string {
  return tokens
    .map(({ type, content, children }) =>
      type === 'image' ? plain(children ?? []) : type.endsWith('break') ? ' ' : type === 'html_inline' ? '' : content,
    )
    .join('')
    .trim()
}
