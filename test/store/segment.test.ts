import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import { newBlob } from '../../src/store/blob.ts'
import { parseChunk, writeChunk } from '../../src/store/codes.ts'
import {
  type Batch,
  memoryStore,
  readCodes,
  readDocuments,
  readText,
  type Segment,
  SegmentWriter,
  textStarts,
  writeBatch,
} from '../../src/store/index.ts'
import { MAX_CHUNK_BYTES, MAX_SEGMENT_BYTES } from '../../src/store/segment.ts'
import { MAX_BLOCK_BYTES } from '../../src/store/texts.ts'
import { blobMap, codesOf, empty, INT8, noise, segmentOf } from './helpers.ts'

const corrupt = { code: 'STORE_CORRUPT', message: expect.stringContaining('some.bin') }

describe('batch', () => {
  test('brings documents and texts back, in blocks of at most 64 KiB', async () => {
    const long = `${'line "quoted"\n\u0001'.repeat(9000)}😀\ud800 end`
    const documents = [
      { id: 'plain', hash: 'h1', title: 'T', url: 'https://x/', text: 'short', meta: { a: [1, null, { b: true }] } },
      { id: '', hash: 'h2', text: '' },
      { id: '\ud800lone', hash: 'h3', text: long, sections: [{ start: 0 }, { start: 5, heading: 'H', anchor: 'h' }] },
      ...Array.from({ length: 2000 }, (_, i) => ({
        id: `d${i}`,
        hash: `h${i}`,
        text: `${i} 新幹線`,
        title: `Title ${i}`,
      })),
    ]
    const { batch, put } = await writeBatch(documents, 7)
    expect(batch.ordinal).toBe(7)
    expect(batch.records.length).toBeGreaterThan(1)
    expect(batch.text.length).toBeGreaterThan(2)
    for (const { ref, bytes } of put) {
      expect(bytes.length).toBe(ref.bytes)
      expect(bytes.length).toBeLessThanOrEqual(MAX_BLOCK_BYTES)
    }
    const store = blobMap(put)
    const found = await readDocuments(store, batch)
    const starts = textStarts(found)
    expect(found.length).toBe(documents.length)
    for (const [i, { text, ...record }] of documents.entries()) {
      expect(found[i]).toEqual({ ...record, units: text.length, order: i })
      if (i < 5 || i > 2000) expect(await readText(store, batch, starts[i], starts[i + 1])).toBe(text)
    }
    expect(await readText(store, batch, starts[2] + 60_000, starts[2] + 70_000)).toBe(long.slice(60_000, 70_000))
    expect(await readText(store, batch, 3, 3)).toBe('')
  })

  test('reads only the blocks that a range lies in', async () => {
    const { batch, put } = await writeBatch([{ id: 'a', hash: '', text: 'x'.repeat(300_000) }], 0)
    const store = blobMap(put)
    const reads: string[] = []
    const counting = {
      read: async (ref: { name: string; bytes: number }) => {
        reads.push(ref.name)
        return store.read(ref)
      },
    }
    expect((await readText(counting, batch, 100_000, 100_010)).length).toBe(10)
    expect(reads).toEqual([batch.text[1].name])
  })

  test('a record over the limit has a block of its own', async () => {
    const documents = ['a', 'b', 'c'].map((id) => ({
      id,
      hash: '',
      text: '',
      meta: { x: 'y'.repeat(id === 'b' ? 70_000 : 1) },
    }))
    const { batch, put } = await writeBatch(documents, 0)
    expect(batch.records.map(({ bytes }) => bytes > MAX_BLOCK_BYTES)).toEqual([false, true, false])
    expect((await readDocuments(blobMap(put), batch)).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  })

  test('keys such as __proto__ are plain keys', async () => {
    const meta = JSON.parse('{"__proto__":{"polluted":1},"constructor":2,"toString":{"__proto__":null}}')
    const { batch, put } = await writeBatch([{ id: '__proto__', hash: 'constructor', text: '', meta }], 0)
    const [document] = await readDocuments(blobMap(put), batch)
    expect(JSON.stringify(document.meta)).toBe(JSON.stringify(meta))
    expect(Object.getPrototypeOf(document.meta!)).toBeNull()
    expect(document.id).toBe('__proto__')
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test.each([
    ['a function', { f: () => 1 }],
    ['NaN', { n: Number.NaN }],
    ['a BigInt', { n: 1n }],
    ['a cycle', cycle()],
    ['undefined', { u: undefined }],
  ])('refuses metadata with %s, naming the document', async (_, meta) => {
    await expect(writeBatch([{ id: 'bad', hash: '', text: '', meta: meta as never }], 0)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('"bad"'),
    })
  })

  test('refuses records that do not fit, naming the blob', async () => {
    const { batch, put } = await writeBatch([{ id: 'a', hash: '', text: 'abc' }], 0)
    const bad = [
      '{',
      '{}',
      '[1]',
      '[{"id":"a"}]',
      '[{"id":1,"hash":"","units":3}]',
      '[{"id":"a","hash":"","units":-1}]',
      '[{"id":"a","hash":"","units":4}]',
      '[]',
      '[{"id":"a","hash":"","units":3,"order":0.5}]',
      '[{"id":"a","hash":"","units":3,"meta":[]}]',
      '[{"id":"a","hash":"","units":3,"sections":[{"start":4}]}]',
      '[{"id":"a","hash":"","units":3,"sections":[{"start":2},{"start":1}]}]',
      `[{"id":"a","hash":"","units":3,"meta":{"deep":${'['.repeat(70)}${']'.repeat(70)}}}]`,
    ]
    for (const json of bad) {
      const store = { read: async () => new TextEncoder().encode(json) }
      await expect(readDocuments(store, batch), json).rejects.toMatchObject({
        code: 'STORE_CORRUPT',
        message: expect.stringContaining(batch.records[0].name),
      })
    }
    for (const json of ['"ab"', '3', '"\\ud8', '\xff']) {
      const store = { read: async () => new TextEncoder().encode(json) }
      await expect(readText(store, batch, 0, 3), json).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    }
    expect(await readText(blobMap(put), batch, 0, 3)).toBe('abc')
  })
})

function cycle() {
  const value: Record<string, unknown> = {}
  value.self = value
  return value
}

describe('chunk of codes', () => {
  const passages = [
    [3, 0],
    [0, 0],
    [2, 2],
  ].map(([tokens, document], p) => ({
    document,
    start: 10 * p,
    end: 10 * p + 7,
    flags: p === 1 ? 1 : 0,
    tokens,
    codes: codesOf('x', p, tokens),
  }))

  test('describes itself', () => {
    const chunk = parseChunk(writeChunk(8, INT8, passages), 'some.bin')
    expect(chunk).toMatchObject({ dim: 8, codec: INT8, passages: 3, tokens: 5 })
    expect([...chunk.document]).toEqual([0, 0, 2])
    expect([...chunk.start]).toEqual([0, 10, 20])
    expect([...chunk.end]).toEqual([7, 17, 27])
    expect([...chunk.flags]).toEqual([0, 1, 0])
    expect([...chunk.offset]).toEqual([0, 3, 3, 5])
    expect([...chunk.codes[1].subarray(3 * 4)]).toEqual([...passages[2].codes[1]])
  })

  test.each([[[1]], [[3]], [[5, 2, 7]], [[65_536]]])('pads runs of %j bytes a token to 4', (runs) => {
    const codec = { id: 'odd', parameters: {}, runs }
    const odd = passages.map((passage, p) => ({ ...passage, codes: codesOf('x', p, passage.tokens, codec) }))
    const chunk = parseChunk(writeChunk(8, codec, odd), 'some.bin')
    for (const [r, run] of chunk.codes.entries()) {
      expect(run.byteOffset % 4).toBe(0)
      expect([...run]).toEqual(odd.flatMap(({ codes }) => [...codes[r]]))
    }
  })

  test('is read from any place in a larger buffer', () => {
    const bytes = writeChunk(8, INT8, passages)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(parseChunk(shifted.subarray(3), 'some.bin')).toEqual(parseChunk(bytes, 'some.bin'))
  })

  test.each<[string, (view: DataView, bytes: Uint8Array) => void]>([
    ['magic', (view) => view.setUint32(0, 1)],
    ['kind', (view) => view.setUint16(6, 2, true)],
    ['head', (view) => view.setUint32(8, 2 ** 31, true)],
    ['length', (view) => view.setUint32(12, 40, true)],
    ['passages beyond the bytes', (view) => view.setUint32(20, 2 ** 32 - 1, true)],
    ['tokens beyond the bytes', (view) => view.setUint32(24, 2 ** 32 - 1, true)],
    ['codec beyond the bytes', (view) => view.setUint32(28, 2 ** 32 - 1, true)],
    ['codec that is not JSON', (_, bytes) => bytes.fill(0x7b, 32, 36)],
    ['falling documents', (view) => columns(view, 0, 2)],
    ['falling range', (view) => columns(view, 3, 100)],
    ['falling offset', (view) => columns(view, 13, 9)],
    ['first offset', (view) => columns(view, 12, 1)],
  ])('refuses a wrong %s', (_, change) => {
    const bytes = writeChunk(8, INT8, passages)
    change(new DataView(bytes.buffer), bytes)
    expect(() => parseChunk(bytes, 'some.bin')).toThrow(expect.objectContaining(corrupt))
  })

  test('names another version', () => {
    const bytes = writeChunk(8, INT8, passages)
    bytes[4] = 9
    expect(() => parseChunk(bytes, 'some.bin')).toThrow(
      expect.objectContaining({ code: 'INDEX_VERSION_MISMATCH', message: expect.stringContaining('format 9') }),
    )
  })

  test('any truncation is refused, and no bytes break more than a MaxsiftError', () => {
    const bytes = writeChunk(8, INT8, passages)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseChunk(bytes.slice(0, length), 'some.bin')).toThrow(expect.objectContaining(corrupt))
    }
    const edit = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(edit, fc.nat(8), (edits, extra) => {
        const changed = new Uint8Array(bytes.length + extra)
        changed.set(bytes)
        for (const [at, value] of edits) changed[at] = value
        try {
          const chunk = parseChunk(changed, 'some.bin')
          expect(chunk.offset[chunk.passages]).toBe(chunk.tokens)
          expect(chunk.codes.map((run) => run.length)).toEqual(chunk.codec.runs.map((size) => size * chunk.tokens))
        } catch (error) {
          if (!(error instanceof MaxsiftError)) throw error
        }
      }),
      { numRuns: 2000 },
    )
  })
})

/** Sets word i of the columns: document 0–2, start 3–5, end 6–8, flags 9–11, offset 12–15. */
function columns(view: DataView, i: number, value: number) {
  view.setUint32(view.getUint32(8, true) - 4 * 16 + 4 * i, value, true)
}

describe('segment', () => {
  test('is cut into chunks that no passage straddles', async () => {
    const tokens = Array.from({ length: 2200 }, (_, i) => 200 + (i % 100))
    const docs = [0, 1, 2, 3].map((d) => ({
      id: `d${d}`,
      text: 'x'.repeat(600),
      passages: tokens.slice(d * 550, d * 550 + 550),
    }))
    const { segment, put } = await segmentOf(empty(), docs)
    expect(segment.codes.length).toBe(4)
    const sizes = segment.codes.map(({ bytes }) => bytes)
    for (const size of sizes) expect(size).toBeLessThan(MAX_CHUNK_BYTES + 1024)
    for (const size of sizes.slice(0, -1)) expect(size).toBeGreaterThan(2 ** 20)
    let total = 0
    for await (const { chunk } of readCodes(blobMap(put), empty(), segment)) total += chunk.passages
    expect(total).toBe(2200)
    expect(segment).toMatchObject({ documents: 4, passages: 2200, tokens: tokens.reduce((a, b) => a + b) })
  })

  test('equal input gives equal blobs', async () => {
    const docs = [{ id: 'a', text: 'abc', passages: [4, 4] }]
    const [one, two] = [await segmentOf(empty(), docs), await segmentOf(empty(), docs)]
    expect(two).toEqual(one)
    const { segment } = await segmentOf(empty(), [{ ...docs[0], text: 'abd' }])
    expect(segment.id).not.toBe(one.segment.id)
  })

  test('a passage larger than a chunk is a chunk', async () => {
    const { segment } = await segmentOf(empty(), [{ id: 'a', text: 'abc', passages: [5, 300_000, 5] }])
    expect(segment.codes.map(({ bytes }) => bytes > MAX_CHUNK_BYTES)).toEqual([false, true, false])
  })

  test('refuses codes of another size, falling documents, and more than it holds', async () => {
    const writer = new SegmentWriter(empty())
    writer.addDocument({ id: 'a', hash: '', text: 'abc' })
    writer.addDocument({ id: 'b', hash: '', text: 'abc' })
    const passage = { document: 1, start: 0, end: 3, tokens: 2 }
    const codes = codesOf('a', 0, 2)
    const code = { code: 'INVALID_ARGUMENT' }
    await expect(writer.addPassage(passage, codes.slice(1))).rejects.toMatchObject(code)
    await expect(writer.addPassage({ ...passage, tokens: 3 }, codes)).rejects.toMatchObject(code)
    await expect(writer.addPassage({ ...passage, document: 2 }, codes)).rejects.toMatchObject(code)
    await expect(writer.addPassage({ ...passage, start: 4 }, codes)).rejects.toMatchObject(code)
    await writer.addPassage(passage, codes)
    await expect(writer.addPassage({ ...passage, document: 0 }, codes)).rejects.toMatchObject(code)
    const tokens = Math.floor(MAX_SEGMENT_BYTES / 12)
    expect(writer.fits(tokens)).toBe(false)
    const huge = [new Uint8Array(tokens * 8), new Uint8Array(tokens * 4)]
    await expect(writer.addPassage({ ...passage, tokens }, huge)).rejects.toMatchObject(code)
    expect((await writer.finish()).segment.passages).toBe(1)
  })

  test('chunks of another codec, dim or document count are refused', async () => {
    const { segment, put } = await segmentOf(empty(), [{ id: 'a', text: 'abc', passages: [4] }])
    const read = async (manifest = empty(), changed: Segment = segment) => {
      for await (const _ of readCodes(blobMap(put), manifest, changed));
    }
    await read()
    const code = { code: 'STORE_CORRUPT', message: expect.stringContaining(segment.codes[0].name) }
    await expect(read({ ...empty(), model: { ...empty().model, dim: 16 } })).rejects.toMatchObject(code)
    await expect(read(empty({ ...INT8, parameters: { scale: 'f16' } }))).rejects.toMatchObject(code)
    await expect(read(empty(), { ...segment, documents: 0 })).rejects.toMatchObject(code)
    await expect(read(empty(), { ...segment, tokens: 5 })).rejects.toMatchObject(code)
    await expect(read(empty(), { ...segment, passages: 2 })).rejects.toMatchObject(code)
  })

  test('an abort stops between chunks', async () => {
    const { segment, put } = await segmentOf(empty(), [{ id: 'a', text: 'abc', passages: Array(30).fill(10_000) }])
    const store = memoryStore()
    await store.commit({ base: 0, manifest: { ...empty(), generation: 1, segments: [segment] }, put })
    const controller = new AbortController()
    let chunks = 0
    const read = async () => {
      for await (const _ of readCodes(store, empty(), segment, controller.signal)) {
        chunks++
        controller.abort()
      }
    }
    await expect(read()).rejects.toMatchObject({ name: 'AbortError' })
    expect(chunks).toBe(1)
  })

  test('is made from a batch that was stored before', async () => {
    const docs = [{ id: 'a', text: 'abc', passages: [4] }]
    const { batch, put } = await writeBatch([{ id: 'a', hash: '', text: 'abc' }], 5)
    const { segment, put: more } = await segmentOf(empty(), docs, batch)
    expect(segment).toMatchObject({ ordinal: 5, documents: 1, records: batch.records, text: batch.text })
    expect(more.map(({ ref }) => ref)).toEqual(segment.codes)
    expect(segment.id).not.toBe(batch.id)
    const writer = new SegmentWriter(empty(), batch as Batch)
    expect(() => writer.addDocument({ id: 'b', hash: '', text: '' })).toThrow(MaxsiftError)
    expect(put.length).toBe(2)
  })
})

test('a blob over 64 MiB is refused', async () => {
  await expect(newBlob(new Uint8Array(2 ** 26 + 1), 'bin')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect((await newBlob(noise(10), 'bin')).ref.name).toMatch(/^[0-9a-f]{32}\.bin$/)
})
