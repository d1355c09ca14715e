import { type ParseArgsConfig, parseArgs } from 'node:util'

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

/** @throws UsageError */
export function readArguments<const Own extends Options>(args: string[], own: Own): Parsed<Own> {
  let parsed: Parsed<Own>
  try {
    parsed = parseArgs({ args, options: { ...own, ...COMMON }, allowPositionals: true, strict: true })
  } catch (error) {
    if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error
    throw new UsageError((error as Error).message)
  }
  const { backend = 'auto' } = parsed.values as { backend?: string }
  if (backend === 'onnx') throw new UsageError('--backend onnx comes with a later version; this one has webgpu.')
  if (backend !== 'auto' && backend !== 'webgpu') {
    throw new UsageError(`--backend must be auto or webgpu, not "${backend}".`)
  }
  return parsed
}

/** @throws UsageError */
export function oneOf<Choice extends string>(option: string, value: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === value)
  if (found === undefined) throw new UsageError(`${option} must be one of ${choices.join(', ')}, not "${value}".`)
  return found
}

/** A whole number from 0. @throws UsageError */
export function count(option: string, value: string): number {
  const number = Number(value)
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new UsageError(`${option} must be a whole number from 0, not "${value}".`)
  }
  return number
}
