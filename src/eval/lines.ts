import { MaxsiftError } from '../errors.ts'

/** A file of an evaluation that is not as it should be. */
export function badFile(file: string, line: number | null, what: string, remedy?: string): MaxsiftError {
  const where = line === null ? file : `${file}, line ${line}`
  return new MaxsiftError('INVALID_ARGUMENT', `${where}: ${what}.`, {
    detail: line === null ? { file } : { file, line },
    remedy: remedy ?? 'Correct the file; docs/guide/evaluation.md describes it.',
  })
}
