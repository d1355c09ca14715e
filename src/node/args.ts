import { type ParseArgsConfig, parseArgs } from 'node:util'
import { POOLINGS, type Pooling, QUERY_LENGTHS, type QueryLength } from '../model/spec.ts'
import type { CreateIndexOptions } from '../search/types.ts'

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Options that every command takes. */
const COMMON = {
  model: { type: 'string' },
  backend: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<Own extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Own & typeof COMMON; allowPositionals: true; strict: true }>
>

export type BackendChoice = NonNullable<CreateIndexOptions['backend']>
const BACKENDS: readonly BackendChoice[] = ['auto', 'webgpu', 'onnx']

/** @throws UsageError */
export function readArguments<const Own extends Options>(
  args: string[],
  own: Own,
): Parsed<Own> & { backend: BackendChoice } {
  let parsed: Parsed<Own>
  try {
    parsed = parseArgs({ args, options: { ...own, ...COMMON }, allowPositionals: true, strict: true })
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error
    throw new UsageError((error as Error).message)
  }
  const { backend = 'auto', model } = parsed.values as { backend?: string; model?: string }
  // A variable of the shell that is not set, most likely: not a wish for the default.
  if (model === '') throw new UsageError('--model is empty: name the folder of a checkpoint, or leave it out.')
  return { ...parsed, backend: oneOf('--backend', backend, BACKENDS) }
}

/** @throws UsageError */
export function oneOf<Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw new UsageError(`${option} must be one of ${choices.join(', ')}, not "${value}".`)
  return found
}

/** `--query-length`. @throws UsageError */
export function queryLength(value: string | undefined): QueryLength | undefined {
  return value === undefined ? undefined : oneOf('--query-length', value, QUERY_LENGTHS)
}

/** `--pooling`. @throws UsageError */
export function pooling(value: string | undefined): Pooling | 'none' | undefined {
  return value === undefined ? undefined : oneOf('--pooling', value, ['none', ...POOLINGS] as const)
}

/** A whole number from 0. @throws UsageError */
export function count(option: string, value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new UsageError(`${option} must be a whole number from 0, not "${value}".`)
  }
  return number
}
