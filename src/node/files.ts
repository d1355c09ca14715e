import { createReadStream } from 'node:fs'
import { MaxsiftError } from '../errors.ts'

/**
 * The text of a file, or of the standard input (`-`), as it is read.
 * @throws MaxsiftError `INVALID_ARGUMENT` when it cannot be read.
 */
export async function* readChunks(path: string, signal?: AbortSignal): AsyncGenerator<string> {
  const stream = path === '-' ? process.stdin : createReadStream(path, { signal })
  stream.setEncoding('utf8')
  try {
    yield* stream
  } catch (cause) {
    signal?.throwIfAborted()
    throw unreadable(path, cause)
  }
}

export function unreadable(path: string, cause: unknown): MaxsiftError {
  return new MaxsiftError('INVALID_ARGUMENT', `${path} cannot be read: ${(cause as Error).message}.`, {
    cause,
    remedy: 'Check the path and its permissions.',
  })
}

/** Groups of what comes, so that a long file is worked on while it is read. */
export async function* inGroups<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let group: Item[] = []
  for await (const item of items) {
    group.push(item)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
