/** A small collection of our own invention, in folders for tests of the command line. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const jsonl = (values: readonly unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')

const SUBJECTS = ['lamp', 'harbour', 'orchard', 'violin', 'glacier', 'kiln', 'falcon', 'loom', 'lantern', 'well']
const DEEDS = ['burns at night', 'freezes in winter', 'was sold last year', 'stands on the hill', 'needs a new string']

/** Texts differ in their words and in their length, and go beyond the limit of small models. */
export const documents = Array.from({ length: 40 }, (_, i) => {
  const sentence = `The ${SUBJECTS[i % 10]} ${DEEDS[i % 5]}, and the ${SUBJECTS[(i * 3 + 1) % 10]} ${DEEDS[(i >> 3) % 5]}. `
  return {
    _id: `d${i}`,
    title: i % 3 === 0 ? `About the ${SUBJECTS[i % 10]}` : '',
    text: i === 7 ? '' : sentence.repeat(1 + ((i * 5) % 9)).trim(),
  }
})

export const queries = SUBJECTS.slice(0, 8).map((subject, i) => ({ _id: `q${i}`, text: `${subject} ${DEEDS[i % 5]}` }))

/** The last query has none. */
export const qrels = queries.slice(0, 7).flatMap(({ _id }, i) => [
  [_id, `d${i}`, 2],
  [_id, `d${i + 10}`, 1],
  [_id, `d${i + 20}`, 0],
])

/** Writes the collection, or another with the same layout. */
export async function writeShelf(
  folder: string,
  shelf: { documents: readonly unknown[]; queries: readonly unknown[]; qrels: readonly (readonly unknown[])[] } = {
    documents,
    queries,
    qrels,
  },
): Promise<string> {
  await mkdir(join(folder, 'qrels'), { recursive: true })
  await writeFile(join(folder, 'corpus.jsonl'), jsonl(shelf.documents))
  await writeFile(join(folder, 'queries.jsonl'), jsonl(shelf.queries))
  const rows = [['query-id', 'corpus-id', 'score'], ...shelf.qrels].map((row) => `${row.join('\t')}\n`)
  await writeFile(join(folder, 'qrels/test.tsv'), rows.join(''))
  return folder
}
