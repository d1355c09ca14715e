import { closeSync, openSync, writeSync } from 'node:fs'
import { MaxsiftError } from '../../errors.ts'
import type { Result } from '../../eval/evaluate.ts'

/** A file that grows by whole texts, each of which is there once `add` returns. */
export class GrowingFile {
  readonly #file: number

  /** @throws MaxsiftError `INVALID_ARGUMENT` when it cannot be written. */
  constructor(path: string) {
    try {
      this.#file = openSync(path, 'w')
    } catch (cause) {
      throw unwritable(path, cause)
    }
  }

  add(text: string): void {
    writeSync(this.#file, text)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** One line a query: its measures, and what they are of. */
export function perQueryLines({ collection, split, system, perQuery }: Result): string {
  return Array.from(
    perQuery,
    ([query, measures]) => `${JSON.stringify({ collection, split, system, query, ...measures })}\n`,
  ).join('')
}

export function unwritable(path: string, cause: unknown): MaxsiftError {
  return new MaxsiftError('INVALID_ARGUMENT', `${path} cannot be written: ${(cause as Error).message}.`, {
    cause,
    remedy: 'Check the path and its permissions.',
  })
}
