import type { DocumentInput } from 'maxsift'

/** The documents in files that the user chose: a .jsonl file holds one per line, any other file is one. */
export async function readDocuments(files: Iterable<File>): Promise<DocumentInput[]> {
  const documents: DocumentInput[] = []
  for (const file of files) {
    const name = file.webkitRelativePath || file.name
    const text = await file.text()
    if (/\.jsonl$/i.test(name)) documents.push(...readLines(name, text))
    else if (/\.(md|markdown|txt)$/i.test(name)) documents.push({ id: name, title: title(name, text), text })
    else throw new Error(`${name}: only .md, .txt and .jsonl files can be read here.`)
  }
  return documents
}

/** The first Markdown heading, or the file's name. */
function title(name: string, text: string): string {
  return /^#{1,6}[ \t]+(.+)$/m.exec(text)?.[1].trim() ?? name
}

/** One `{ "id" | "_id", "text", "title"?, "url"?, "meta"? }` a line. */
function readLines(name: string, text: string): DocumentInput[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return []
    try {
      const { _id, id = _id, text, title, url, meta } = JSON.parse(line)
      return [{ id: String(id ?? `${name}:${at + 1}`), text, title, url, meta }]
    } catch {
      throw new Error(`${name}, line ${at + 1}: this is not JSON.`)
    }
  })
}
