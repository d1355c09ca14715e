import { MaxsiftError } from '../errors.ts'
import { Sha256 } from './sha256.ts'
import type { FileSource } from './source.ts'

/** SHA-256 that files must have, by path: 64 hexadecimal digits. */
export type Integrity = Readonly<Record<string, string>>

/**
 * Hands a stream on while its hash is taken; the last piece only when that is the expected one, so that nobody who
 * needs all of it gets all of another file.
 * @param what names the file in the error
 * @param refuse is told that it is another file
 * @returns a stream that fails with MaxsiftError `INTEGRITY_MISMATCH`
 */
export function checked(
  body: ReadableStream<Uint8Array>,
  sha256: string,
  what: string,
  refuse = async () => {},
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const hash = new Sha256()
  let held: Uint8Array | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read()
          if (!done) hash.update(value)
          else if (hash.digest() !== sha256) {
            await refuse()
            throw new MaxsiftError('INTEGRITY_MISMATCH', `${what} has not the SHA-256 ${sha256}`)
          }
          const ready = held
          held = value
          if (ready) controller.enqueue(ready)
          if (done) controller.close()
          if (done || ready) return
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

/** The same files, those with a hash checked while they are read. */
export function checkedSource(source: FileSource, integrity: Integrity = {}): FileSource {
  return {
    name: source.name,
    async open(path, signal, start) {
      const file = await source.open(path, signal, start)
      // Of a part nothing can be said; all of a file is read before its model is used.
      if (!file || start !== undefined || !Object.hasOwn(integrity, path)) return file
      return { ...file, body: checked(file.body, integrity[path], `${path} of ${source.name}`) }
    },
  }
}
