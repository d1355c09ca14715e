import { MaxsiftError } from '../errors.ts'
import { sha256 } from './hash.ts'

/** What a file holds: its length, and the SHA-256 of each MiB of it, the last of which may be shorter. */
export interface Pin {
  bytes: number
  blocks: readonly string[]
}

/** The unit in which a file is checked. */
export const BLOCK_BYTES = 1 << 20

/**
 * Hands a stream on block by block, each only once it is the expected one: what somebody tampered with, what broke off
 * and what goes on too long is neither used nor stored. (WebCrypto cannot hash a stream, so there are blocks.)
 * @param what names the file in the error
 * @returns a stream that fails with MaxsiftError `INTEGRITY_MISMATCH`
 */
export function verified(body: ReadableStream<Uint8Array>, pin: Pin, what: string): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let rest = new Uint8Array()
  let at = 0
  /** The next bytes of the stream, at most this many; none at its end. */
  const take = async (most: number): Promise<Uint8Array> => {
    while (rest.length === 0) {
      const { done, value } = await reader.read()
      if (done) return rest
      rest = value as Uint8Array<ArrayBuffer>
    }
    const part = rest.subarray(0, most)
    rest = rest.subarray(part.length)
    return part
  }
  const next = async (): Promise<Uint8Array> => {
    const block = new Uint8Array(Math.min(BLOCK_BYTES, pin.bytes - at * BLOCK_BYTES))
    for (let filled = 0; filled < block.length; ) {
      const part = await take(block.length - filled)
      if (part.length === 0) throw mismatch(what, pin.bytes)
      block.set(part, filled)
      filled += part.length
    }
    if ((await sha256(block)) !== pin.blocks[at]) throw mismatch(what, pin.bytes)
    at += 1
    if (at === pin.blocks.length && (await take(1)).length > 0) throw mismatch(what, pin.bytes)
    return block
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          controller.enqueue(await next())
          if (at === pin.blocks.length) controller.close()
        } catch (error) {
          void reader.cancel(error).catch(() => {})
          throw error
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

const mismatch = (what: string, bytes: number) =>
  new MaxsiftError('INTEGRITY_MISMATCH', `${what} is not the file of ${bytes} bytes that belongs to this version.`, {
    remedy: 'Deploy all files of one version of maxsift together, and let nothing on the way change them.',
  })
