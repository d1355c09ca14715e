import { MaxsiftError } from '../../errors.ts'
import { jsonLines } from '../../formats/jsonl.ts'
import { type Encoding, Engine } from '../../search/engine.ts'
import { pooling, queryLength, readArguments, UsageError } from '../args.ts'
import { nodeEnvironment } from '../environment.ts'
import { inGroups, readChunks } from '../files.ts'
import { givenModel } from '../models.ts'
import type { Terminal } from '../terminal.ts'

export const usage =
  'maxsift encode (--query | --document) [--model DIR] [--query-length RULE] [--pooling none|cls|mean] [TEXT… | --file texts.jsonl]'

/** Texts encoded before the first of them is printed. */
const GROUP = 32

interface Text {
  id?: unknown
  text: string
}

/** One JSON line a text: `{ id?, text, ids, kept, dim, vectors, truncated }`. */
export async function run(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals, backend } = readArguments(args, {
    query: { type: 'boolean' },
    document: { type: 'boolean' },
    file: { type: 'string' },
    'query-length': { type: 'string' },
    pooling: { type: 'string' },
  })
  if (values.query === values.document) throw new UsageError('Say what the texts are: --query or --document.')
  if (positionals.length > 0 === (values.file !== undefined)) {
    throw new UsageError('Give texts or --file, one of them.')
  }
  const { signal } = terminal
  const model = givenModel(values.model)
  const texts = values.file === undefined ? given(positionals) : textsOf(values.file, signal)
  const engine = await Engine.open(nodeEnvironment, model, {
    signal,
    onProgress: terminal.progress,
    backend,
    queryLength: queryLength(values['query-length']),
    pooling: pooling(values.pooling),
  })
  terminal.note(`Backend: ${engine.backend}, ${engine.adapter}`)
  try {
    for await (const group of inGroups(texts, GROUP)) {
      const encodings = await engine.encode(
        values.query ? 'query' : 'document',
        group.map(({ text }) => text),
        signal,
      )
      for (const [i, { id, text }] of group.entries()) {
        await terminal.print({ ...(id !== undefined && { id }), text, ...plain(encodings[i]) })
      }
    }
  } finally {
    await engine.close()
  }
}

function plain({ ids, kept, dim, vectors, truncated }: Encoding) {
  const rows = Array.from(kept, (_, row) => Array.from(vectors.subarray(row * dim, (row + 1) * dim), shortest))
  return { ids: [...ids], kept: [...kept], dim, vectors: rows, truncated }
}

/** Nine digits bring every f32 back; more would only say where f32 lies among f64. */
const shortest = (value: number) => Number(value.toPrecision(9))

async function* given(texts: string[]): AsyncGenerator<Text> {
  for (const text of texts) yield { text }
}

/** A line is `{ "text", "id"? }` or a string. */
async function* textsOf(file: string, signal: AbortSignal): AsyncGenerator<Text> {
  for await (const { value, line } of jsonLines(readChunks(file, signal), file)) {
    const { text, id, _id }: Record<string, unknown> =
      typeof value === 'string' ? { text: value } : ((value ?? {}) as Record<string, unknown>)
    if (typeof text !== 'string') {
      throw new MaxsiftError('INVALID_ARGUMENT', `${file}, line ${line}: this is neither a string nor has it a text.`, {
        detail: { file, line },
      })
    }
    yield { id: id ?? _id, text }
  }
}
