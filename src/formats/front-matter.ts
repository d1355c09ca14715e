/** Data at the head of a text file, as static site generators write it: YAML between `---`, TOML between `+++`. */
export interface FrontMatter {
  title?: string
  /** What follows it. */
  rest: string
}

/** Splits it off. Only the title is read; a text without front matter is given back whole. */
export function frontMatter(source: string): FrontMatter {
  const lines = source.split('\n')
  const fence = lines[0].trimEnd()
  if (fence !== '---' && fence !== '+++') return { rest: source }
  const separator = fence === '---' ? ':' : '='
  const end = lines.findIndex(
    (line, i) => i > 0 && (line.trimEnd() === fence || (fence === '---' && line.trimEnd() === '...')),
  )
  const fields = lines.slice(1, Math.max(1, end))
  // Between two rules of Markdown there is text: front matter begins with a field.
  const first = fields.find((line) => line.trim() !== '' && !line.startsWith('#') && !line.startsWith('['))
  if (first === undefined || !isKey(first.slice(0, Math.max(0, first.indexOf(separator))))) return { rest: source }
  const rest = lines.slice(end + 1).join('\n')
  for (const field of fields) {
    const at = field.indexOf(separator)
    if (field.slice(0, Math.max(0, at)).trimEnd() !== 'title') continue
    const title = scalar(field.slice(at + 1).trim())
    return title === '' ? { rest } : { title, rest }
  }
  return { rest }
}

const isKey = (text: string) => /^[\w"'-][\w .-]*["']?\s*$/.test(text)

/** A value on one line: plain, or in quotes. */
function scalar(value: string): string {
  const quote = value[0]
  if (quote !== '"' && quote !== "'") {
    const comment = value.indexOf(' #')
    // `|` and `>` announce a value on the lines below.
    return /^[|>][+-]?\d?$/.test(value) ? '' : (comment < 0 ? value : value.slice(0, comment)).trimEnd()
  }
  const end = value.lastIndexOf(quote)
  const inner = value.slice(1, end > 0 ? end : undefined)
  if (quote === "'") return inner.replaceAll("''", "'")
  try {
    return JSON.parse(`"${inner}"`)
  } catch {
    return inner
  }
}
