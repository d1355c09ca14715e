import { statSync } from 'node:fs'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import type { Manifest } from '../store/index.ts'
import { UsageError } from './args.ts'
import { isWeb } from './environment.ts'

/**
 * A model as an index records it: relative to the folder of the index, so that both can be moved together or served, and
 * so that a published index does not tell where on the computer it was made.
 */
export function recordedModel(model: string, index: string): string {
  if (isWeb(model)) return model
  return relative(resolve(index), resolve(model)).split(sep).join('/') || '.'
}

/** Where a recorded model is: a path or an address. @param index Its folder or address. */
export function findModel(model: string, index: string): string {
  if (isWeb(model) || isAbsolute(model)) return model
  return isWeb(index) ? new URL(model, index.endsWith('/') ? index : `${index}/`).href : resolve(index, model)
}

/**
 * The model to open an index with: the given one, else the one it was made with.
 * @returns a path or an address. @throws UsageError when there is neither.
 */
export function chooseModel(given: string | undefined, manifest: Manifest | null, index: string): string {
  if (given) return isWeb(given) ? given : resolve(given)
  if (!manifest) return requireModel(given)
  const { source, name } = manifest.model
  const found = source === undefined ? null : findModel(source, index)
  if (found !== null && (isWeb(found) || statSync(found, { throwIfNoEntry: false })?.isDirectory())) return found
  const where = found === null ? 'the index does not say where it is' : `it is not at ${found} any more`
  throw new UsageError(`The index was made with the model ${name}; ${where}. Pass --model DIR or --model URL.`)
}

/** @throws UsageError while there is no default model */
export function requireModel(model: string | undefined): string {
  if (model) return model
  throw new UsageError('There is no default model yet: pass --model DIR, the folder of a checkpoint, or --model URL.')
}
