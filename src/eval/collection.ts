import { documentOf, jsonLines } from '../formats/jsonl.ts'
import { BlockHash } from '../model/hash.ts'
import { badFile } from './lines.ts'
import { type Judgements, readQrels } from './qrels.ts'

/** The text of a file of the collection as it is read; null where there is no such file. */
export type OpenText = (path: string) => Promise<AsyncIterable<string> | null>

export interface Query {
  id: string
  text: string
}

export interface CollectionDocument {
  id: string
  /** '' for none. */
  title: string
  text: string
}

/** A test collection: documents, queries, and judgements of some documents for some queries. */
export interface Collection {
  name: string
  split: string
  /** Queries with judgements, in the order of the file. */
  queries: readonly Query[]
  /** Queries without judgements: nothing can be said of them. */
  unjudged: number
  judgements: Judgements
  /** Ids of all documents, and of all queries, judged or not. */
  ids: { documents: ReadonlySet<string>; queries: ReadonlySet<string> }
  /** Hash of all documents, in order: id, title and text. */
  hash: string
  /** Reads the documents anew. */
  documents(): AsyncGenerator<CollectionDocument>
}

/**
 * Opens a collection in BEIR's form: `corpus.jsonl` (`_id`, `title`, `text`), `queries.jsonl` (`_id`, `text`),
 * `qrels/<split>.tsv`. The documents are read through once; their texts are not kept.
 * @param folder Where it lies: its last part is the name of the collection.
 * @throws MaxsiftError `INVALID_ARGUMENT` naming file and line: missing files, lines that are no such records, ids that
 * occur twice, judgements of unknown queries or documents.
 */
export async function openCollection(folder: string, open: OpenText, split = 'test'): Promise<Collection> {
  const root = folder.replace(/[/\\]+$/, '')
  const encoder = new TextEncoder()
  const hash = new BlockHash()
  const documents = new Set<string>()
  for await (const { id, title, text } of readRecords(open, `${root}/corpus.jsonl`, documents)) {
    await hash.update(encoder.encode(`${JSON.stringify([id, title, text])}\n`))
  }
  const all: Query[] = []
  const ids = new Set<string>()
  for await (const { id, text } of readRecords(open, `${root}/queries.jsonl`, ids)) all.push({ id, text })
  const qrels = `qrels/${split}.tsv`
  const chunks = await open(qrels)
  if (!chunks)
    throw badFile(`${root}/${qrels}`, null, 'the judgements are missing', 'Pass --split NAME for qrels/NAME.tsv.')
  const judgements = await readQrels(chunks, `${root}/${qrels}`, { documents, queries: ids })
  const queries = all.filter(({ id }) => judgements.has(id))
  return {
    name: root.split(/[/\\]/).at(-1) || root,
    split,
    queries,
    unjudged: all.length - queries.length,
    judgements,
    ids: { documents, queries: ids },
    hash: await hash.digest(),
    documents: () => readRecords(open, `${root}/corpus.jsonl`, new Set()),
  }
}

/** @param seen Takes the ids. */
async function* readRecords(open: OpenText, name: string, seen: Set<string>): AsyncGenerator<CollectionDocument> {
  const chunks = await open(name.slice(name.lastIndexOf('/') + 1))
  if (!chunks) throw badFile(name, null, 'the file is missing')
  for await (const { value, line } of jsonLines(chunks, name)) {
    const { id, title = '', text } = documentOf(value, name, line)
    if (id === undefined) throw badFile(name, line, '_id is missing')
    if (text === undefined) throw badFile(name, line, 'text is missing')
    if (seen.has(id)) throw badFile(name, line, `the id "${id}" occurs a second time`)
    seen.add(id)
    yield { id, title, text }
  }
  if (seen.size === 0) throw badFile(name, null, 'it is empty')
}
