import { MaxsiftError } from '../../errors.ts'
import { count, readArguments, UsageError } from '../args.ts'
import { openStore } from '../environment.ts'
import { chooseModel } from '../models.ts'
import { openIndex } from '../open-index.ts'
import { readOnly } from '../stores.ts'
import type { Terminal } from '../terminal.ts'

export const usage = 'maxsift search INDEX_DIR QUERY [--limit k] [--explain] [--model DIR]'

/** The result of `search()` as one line, with the adapter that it ran on. */
export async function run(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals } = readArguments(args, { limit: { type: 'string' }, explain: { type: 'boolean' } })
  const [address, query, extra] = positionals
  if (query === undefined) throw new UsageError('An index and a query are needed.')
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many; put the query in quotes.`)
  const limit = values.limit === undefined ? undefined : count('--limit', values.limit)
  const { signal } = terminal
  const store = readOnly(openStore(address))
  const manifest = await store.manifest(signal)
  if (!manifest) {
    throw new MaxsiftError('INVALID_INDEX_FILE', `There is no index in ${address}.`, {
      remedy: 'Pass the folder that `maxsift index PATH… --out INDEX_DIR` made.',
    })
  }
  const index = await openIndex({ address, store, model: chooseModel(values.model, manifest, address), terminal })
  try {
    const result = await index.host.search(index.call(), index.handle, query, { limit, explain: values.explain })
    await terminal.print({ ...result, adapter: index.info.adapter })
  } finally {
    await index.close()
  }
}
