import type { DocumentInput } from 'maxsift'
import { formatOf, KNOWN_ENDINGS, parseFile } from '../src/formats/format.ts'
import { jsonDocuments } from '../src/formats/jsonl.ts'
import { decodeText } from '../src/formats/text.ts'

/**
 * The documents in files that the user chose: a .jsonl file holds one a line, any other file is one.
 * @throws Error naming the file that is no text, or of no known kind.
 */
export async function readDocuments(files: Iterable<File>): Promise<DocumentInput[]> {
  const documents: DocumentInput[] = []
  for (const file of files) {
    const name = file.webkitRelativePath || file.name
    const format = formatOf(name)
    if (!format) throw new Error(`${name}: only ${KNOWN_ENDINGS.join(', ')} files can be read here.`)
    const text = decodeText(new Uint8Array(await file.arrayBuffer()))
    if (text === null) throw new Error(`${name}: this is not text.`)
    if (format === 'jsonl') {
      for await (const document of jsonDocuments([text], name)) documents.push(document)
    } else {
      documents.push({ id: name, title: name, ...(await parseFile(format, text)) })
    }
  }
  return documents
}
