/** The part of the engine that only Japanese checkpoints load: a script of its own, imported by the worker. */
import type { OpenAddress } from '../model/bundled.ts'
import { cachedSource } from '../model/cache.ts'
import { fetchFile } from '../model/download.ts'
import { chunks } from '../model/read.ts'
import { verified } from '../model/verified.ts'
import type { Splitter } from '../text/words.ts'
import { damaged } from './damaged.ts'
import { readDictionary } from './dictionary.ts'
import { Lattice } from './lattice.ts'
import { DICTIONARY } from './pin.ts'

export interface OpenDictionary {
  signal?: AbortSignal
  /** Reads an address; null where there is nothing. */
  open?: OpenAddress
}

/**
 * Fetches the dictionary, checks it and unpacks it: 42 MB of memory for the connection costs and 17 for the words.
 * @param address Of unidic-lite.bin.
 * @returns what splits a text, normalised by NFKC, as MeCab with unidic-lite does
 * @throws MaxsiftError `MODEL_FETCH_FAILED`, `INTEGRITY_MISMATCH`, `MODEL_INVALID`; `AbortError`
 */
export async function open(
  address: string,
  { signal, open = fetchFile as OpenAddress }: OpenDictionary = {},
): Promise<Splitter> {
  const source = {
    name: 'unidic-lite',
    open: async () => {
      const file = await open(new URL(address), signal)
      return file && { size: DICTIONARY.bytes, body: verified(file.body, DICTIONARY, address) }
    },
  }
  // By what it holds, not by its address: another deployment has the same.
  const kept = cachedSource(source, `unidic-lite@${DICTIONARY.blocks[0]}`)
  const file = await kept.open('unidic-lite.bin', signal)
  if (!file) throw damaged(`${address} is missing`, 'MODEL_FETCH_FAILED')
  const bytes = new Uint8Array(DICTIONARY.bytes)
  let at = 0
  // Again, since what is kept may have been changed since.
  for await (const chunk of chunks(verified(file.body, DICTIONARY, address), signal)) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  const lattice = new Lattice(await readDictionary(bytes))
  return (text, from, to, emit) => lattice.split(text, from, to, emit)
}
