import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import {
  addPending,
  addSegment,
  copyIndex,
  exportFile,
  fileStore,
  memoryStore,
  SegmentWriter,
  update,
  writeBatch,
} from '../../src/store/index.ts'
import { refsOf } from '../../src/store/manifest.ts'
import { contents, empty, newDocument, segmentOf, shown } from './helpers.ts'

const DOCS = [
  { id: 'a', text: 'abc', meta: { n: 1 }, passages: [4, 5] },
  { id: '__proto__', text: 'def', passages: [2] },
]
const WAITING = { id: 'w', text: 'waits' }

async function sample() {
  const store = memoryStore()
  await update(store, async () => {
    const { segment, put } = await segmentOf(empty(), DOCS)
    const { batch, put: texts } = await writeBatch([newDocument(WAITING)], 0)
    return { manifest: addPending(addSegment(empty(), segment), batch), put: [...put, ...texts] }
  })
  return store
}

async function bytesOfSample() {
  return new Uint8Array(await (await exportFile(await sample())).arrayBuffer())
}

/** Opens and reads everything, as an import does. */
async function readAll(bytes: Uint8Array) {
  const store = await fileStore(bytes)
  const manifest = await store.manifest()
  for (const ref of refsOf(manifest).values()) await store.read(ref)
  return contents(store, manifest)
}

test('a file is the whole index, pending documents too, and the same index gives the same file', async () => {
  const bytes = await bytesOfSample()
  expect(await readAll(bytes)).toEqual([...DOCS, WAITING].map(shown))
  const store = await fileStore(new Blob([bytes]))
  expect(new Uint8Array(await (await exportFile(store)).arrayBuffer())).toEqual(bytes)
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  expect(await readAll(shifted.subarray(1))).toEqual([...DOCS, WAITING].map(shown))
})

test('an index that was never written cannot be exported or copied', async () => {
  await expect(exportFile(memoryStore())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(copyIndex(memoryStore(), memoryStore())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('a file is read-only', async () => {
  const store = await fileStore(await bytesOfSample())
  expect(store.writable).toBe(false)
  const manifest = (await store.manifest())!
  await expect(store.commit({ base: 1, manifest, put: [] })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await expect(store.destroy()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  await store.close()
  await expect(store.manifest()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('every truncation, and anything added, is refused before it is read', async () => {
  const bytes = await bytesOfSample()
  for (let length = 0; length < bytes.length; length += length < 40 ? 1 : 97) {
    await expect(fileStore(bytes.slice(0, length)), `${length}`).rejects.toMatchObject({ code: 'INVALID_INDEX_FILE' })
  }
  await expect(fileStore(Uint8Array.of(...bytes, 0))).rejects.toMatchObject({ code: 'INVALID_INDEX_FILE' })
})

test('every flipped bit is refused', async () => {
  const bytes = await bytesOfSample()
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
      const flipped = bytes.slice()
      flipped[at] ^= 1 << bit
      const code = at === 4 || at === 5 ? 'INDEX_VERSION_MISMATCH' : 'INVALID_INDEX_FILE'
      const error = await readAll(flipped).catch((caught) => caught)
      expect(error).toBeInstanceOf(MaxsiftError)
      // A flip in the version inside the manifest is a version too.
      expect([code, 'INDEX_VERSION_MISMATCH']).toContain(error.code)
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['a text', 'hello'],
  ['a zip', 'PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaa'],
  ['a chunk', 'MXSF\x01\x00\x01\x00aaaaaaaaaaaaaaaa'],
  ['a lying header', 'MXSF\x01\x00\x02\x00\xff\xff\xff\xff'],
])('%s is refused', async (_, text) => {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
  await expect(fileStore(bytes)).rejects.toMatchObject({ code: 'INVALID_INDEX_FILE' })
})

test('a file of another version or model is refused by name', async () => {
  const bytes = await bytesOfSample()
  const newer = bytes.slice()
  newer[4] = 2
  await expect(fileStore(newer)).rejects.toMatchObject({
    code: 'INDEX_VERSION_MISMATCH',
    message: expect.stringContaining('format 2'),
  })
  const target = memoryStore()
  await expect(copyIndex(await fileStore(bytes), target, { fingerprint: 'other' })).rejects.toMatchObject({
    code: 'MODEL_MISMATCH',
  })
  expect(await target.manifest()).toBeNull()
})

test('a flipped blob leaves the target as it was', async () => {
  const bytes = await bytesOfSample()
  bytes[bytes.length - 2] ^= 1
  const target = memoryStore()
  await expect(copyIndex(await fileStore(bytes), target)).rejects.toMatchObject({ code: 'INVALID_INDEX_FILE' })
  expect(await target.manifest()).toBeNull()
})

test('a copy that was interrupted goes on where it was, and is seen only when it is whole', async () => {
  const source = memoryStore()
  const codec = { id: 'wide', parameters: {}, runs: [2 ** 16] }
  for (let d = 0; d < 2; d++) {
    const writer = new SegmentWriter(empty(codec))
    writer.addDocument({ id: `d${d}`, hash: '', text: '' })
    for (let p = 0; p < 40; p++) {
      const codes = new Uint8Array(2 ** 20).fill(d * 40 + p)
      await writer.addPassage({ document: 0, start: 0, end: 0, tokens: 16 }, [codes])
    }
    const { segment, put } = await writer.finish()
    await update(source, (current) => ({ manifest: addSegment(current ?? empty(codec), segment), put }))
  }
  const target = memoryStore()
  const controller = new AbortController()
  const seen: number[] = []
  const { commit } = target
  target.commit = async (change, signal) => {
    await commit.call(target, change, signal)
    seen.push(change.manifest.segments.length)
    if (seen.length === 1) controller.abort()
  }
  await expect(copyIndex(source, target, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
  expect(seen).toEqual([0])
  expect(await contents(target, await target.manifest())).toEqual([])
  const reads: string[] = []
  const { read } = source
  source.read = (ref, signal) => {
    reads.push(ref.name)
    return read.call(source, ref, signal)
  }
  await copyIndex(source, target)
  expect(seen.at(-1)).toBe(2)
  expect(seen.slice(0, -1).every((segments) => segments === 0)).toBe(true)
  expect((await target.manifest())!.staged).toEqual([])
  expect(reads.length).toBeLessThan(refsOf(await source.manifest()).size)
  const [from, to] = [(await source.manifest())!, (await target.manifest())!]
  expect(to.segments).toEqual(from.segments)
  for (const ref of refsOf(to).values()) await target.read(ref)
})
