import { readArguments, UsageError } from '../args.ts'
import { listModels, removeModel } from '../client.ts'
import type { Terminal } from '../terminal.ts'

export const usage = 'maxsift models [remove MODEL…]'

/** The models in the cache folder, one JSON line each; or removes some of them, and lists those that are gone. */
export async function run(args: string[], terminal: Terminal): Promise<void> {
  const { positionals } = readArguments(args, {})
  const [action, ...names] = positionals
  if (action !== undefined && action !== 'remove') throw new UsageError(`"${action}" is not remove.`)
  if (action === 'remove' && names.length === 0) throw new UsageError('Name the models to remove.')
  const before = await listModels()
  for (const name of names) await removeModel(name)
  const after = names.length === 0 ? [] : (await listModels()).map(({ model }) => model)
  for (const entry of before) if (!after.includes(entry.model)) await terminal.print(entry)
}
