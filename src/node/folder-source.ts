import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { MaxsiftError } from '../errors.ts'
import type { FileSource, OpenFile } from '../model/source.ts'

/** Reading in large pieces: the default of 64 KiB costs a promise each. */
const CHUNK_BYTES = 1 << 20

/** Files of a checkpoint in a folder of this computer. */
export function folderSource(folder: string): FileSource {
  const root = resolve(folder)
  return { name: basename(root), open: (path, signal) => openFile(join(root, path), signal) }
}

/** @returns null where there is no such file. @throws MaxsiftError `MODEL_FETCH_FAILED` when it cannot be read; `AbortError` */
export async function openFile(file: string, signal?: AbortSignal): Promise<OpenFile | null> {
  signal?.throwIfAborted()
  try {
    const handle = await open(file)
    const stat = await handle.stat()
    // A stream made under an abort that came meanwhile would seem empty, and its error would be nobody's.
    if (!stat.isFile() || signal?.aborted) {
      await handle.close()
      signal?.throwIfAborted()
      return null
    }
    const stream = createReadStream(file, { fd: handle, highWaterMark: CHUNK_BYTES, signal })
    return { size: stat.size, body: Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array> }
  } catch (cause) {
    signal?.throwIfAborted()
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return null
    throw new MaxsiftError('MODEL_FETCH_FAILED', `${file} cannot be read (${code})`, { cause })
  }
}
