/** What the engine makes of a checkpoint. Loaded through Vite: the engine is written in TypeScript. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../src/model/checkpoint.ts'
import { fingerprint, streamTensors } from '../src/model/stream.ts'
import { BLOCK_BYTES } from '../src/model/verified.ts'
import { folderSource } from '../src/node/folder-source.ts'

/** @typedef {import('../src/model/verified.ts').Pin} Pin */

/** Vite and others make `data:` addresses of smaller assets; a strict policy forbids to fetch those. */
const LEAST_ASSET_BYTES = 4096

/**
 * Weights are assets of their own; all else that the engine reads goes into one list (src/model/bundled.ts), since most
 * of it is too small to be an asset.
 * @param {string} folder
 * @returns {Promise<{ fingerprint: string, list: string, pin: Pin, weights: string[] }>} `pin` of the list
 * @throws MaxsiftError what is wrong with the checkpoint
 */
export async function describeModel(folder) {
  const source = folderSource(folder)
  const read = new Set()
  const open = async (path, signal) => {
    const file = await source.open(path, signal)
    if (file) read.add(path)
    return file
  }
  const checkpoint = await openCheckpoint({ name: source.name, open })
  const hashes = await streamTensors(checkpoint, () => {})
  const texts = {}
  const pins = {}
  for (const path of [...read].sort()) {
    const bytes = readFileSync(join(folder, path))
    if (hashes.has(path)) pins[path] = pinOf(bytes, path)
    else texts[path] = bytes.toString()
  }
  const list = JSON.stringify({ texts, pins })
  return {
    fingerprint: await fingerprint(checkpoint, hashes),
    list,
    pin: pinOf(Buffer.from(list), 'the list of its files'),
    weights: Object.keys(pins),
  }
}

function pinOf(bytes, what) {
  if (bytes.length < LEAST_ASSET_BYTES) throw new Error(`${what} is so small that bundlers would inline it`)
  const count = Math.ceil(bytes.length / BLOCK_BYTES)
  const block = (i) => bytes.subarray(i * BLOCK_BYTES, (i + 1) * BLOCK_BYTES)
  const blocks = Array.from({ length: count }, (_, i) => createHash('sha256').update(block(i)).digest('hex'))
  return { bytes: bytes.length, blocks }
}
