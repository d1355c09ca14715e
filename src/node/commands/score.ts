import { documentOf, jsonLines } from '../../formats/jsonl.ts'
import { Engine } from '../../search/engine.ts'
import type { DocumentInput } from '../../search/types.ts'
import { pooling, queryLength, readArguments, UsageError } from '../args.ts'
import { nodeEnvironment } from '../environment.ts'
import { inGroups, readChunks } from '../files.ts'
import { givenModel } from '../models.ts'
import type { Terminal } from '../terminal.ts'

export const usage =
  'maxsift score --query TEXT --file docs.jsonl [--model DIR] [--query-length RULE] [--pooling none|cls|mean]'

/** Documents scored before the first of them is printed. */
const GROUP = 256

/** One JSON line a document, in the order of the file: `{ id, score }`. */
export async function run(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals, backend } = readArguments(args, {
    query: { type: 'string' },
    file: { type: 'string' },
    'query-length': { type: 'string' },
    pooling: { type: 'string' },
  })
  const { query, file } = values
  if (query === undefined) throw new UsageError('--query TEXT is missing.')
  if (file === undefined) throw new UsageError('--file docs.jsonl is missing.')
  if (positionals.length > 0) throw new UsageError(`"${positionals[0]}" is one argument too many.`)
  const { signal } = terminal
  const engine = await Engine.open(nodeEnvironment, givenModel(values.model), {
    signal,
    onProgress: terminal.progress,
    backend,
    queryLength: queryLength(values['query-length']),
    pooling: pooling(values.pooling),
  })
  terminal.note(`Backend: ${engine.backend}, ${engine.adapter}`)
  try {
    for await (const group of inGroups(documentsOf(file, signal), GROUP)) {
      const scores = await engine.score(query, group, signal)
      for (const [i, { id }] of group.entries()) await terminal.print({ id, score: scores[i] })
    }
  } finally {
    await engine.close()
  }
}

/** A document without an id is known by its line. */
async function* documentsOf(file: string, signal: AbortSignal) {
  for await (const { value, line } of jsonLines(readChunks(file, signal), file)) {
    const { id, title, text, passages = [] } = documentOf(value, file, line)
    yield { id: id ?? String(line), title, text: text ?? joined(passages) }
  }
}

const joined = (passages: NonNullable<DocumentInput['passages']>) =>
  passages.map((passage) => (typeof passage === 'string' ? passage : passage.text)).join('\n')
