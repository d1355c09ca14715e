import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import { countBits, decodeBits, encodeBits, hasBit, setBit } from '../../src/store/bits.ts'
import { checksum } from '../../src/store/blob.ts'
import {
  addEncoded,
  addPending,
  addSegment,
  applyMerge,
  deleteDocuments,
  deletedBits,
  type Manifest,
  memoryStore,
  mergeSegments,
  planMerge,
  type Segment,
  update,
  writeBatch,
} from '../../src/store/index.ts'
import { checkModel, parseManifest, serializeManifest } from '../../src/store/manifest.ts'
import { contents, empty, newDocument, segmentOf, shown } from './helpers.ts'

async function sample(): Promise<Manifest> {
  const { segment } = await segmentOf(empty(), [
    { id: 'a', text: 'abc', passages: [4] },
    { id: 'b', text: 'def', passages: [2] },
  ])
  const { batch } = await writeBatch([newDocument({ id: 'c', text: 'ghi' })], 0)
  return { ...addPending(deleteDocuments(addSegment(empty(), segment), segment.id, [1]), batch), generation: 1 }
}

/** A manifest whose checksum is right, whatever it says. */
async function sealed(index: unknown): Promise<string> {
  const json = JSON.stringify(index)
  return `{"format":"maxsift","version":1,"checksum":"${await checksum(new TextEncoder().encode(json))}","index":${json}}`
}

describe('manifest', () => {
  test('comes back, and gives the same text again', async () => {
    const manifest = await sample()
    const json = await serializeManifest(manifest)
    const back = await parseManifest(json, 'x', 'STORE_CORRUPT')
    expect(back).toEqual(manifest)
    expect(await serializeManifest(back)).toBe(json)
    // Pretty-printing is not damage.
    const pretty = JSON.stringify(JSON.parse(json), null, 2)
    expect(await parseManifest(pretty, 'x', 'STORE_CORRUPT')).toEqual(manifest)
  })

  test('of another version is named', async () => {
    const json = (await serializeManifest(await sample())).replace('"version":1', '"version":2')
    await expect(parseManifest(json, 'The file x', 'STORE_CORRUPT')).rejects.toMatchObject({
      code: 'INDEX_VERSION_MISMATCH',
      message: expect.stringMatching(/The file x.*format 2/),
    })
  })

  test.each(['STORE_CORRUPT', 'INVALID_INDEX_FILE'] as const)('truncated, flipped or foreign is %s', async (code) => {
    const json = await serializeManifest(await sample())
    const bad = ['', '{', 'null', '[]', '<!doctype html>', '{"format":"maxsift","version":1}', json.slice(0, -5)]
    for (const text of [
      ...bad,
      json.replace('"tokens":6', '"tokens":7'),
      json.replace('"format":"maxsift"', '"format":"x"'),
    ]) {
      await expect(parseManifest(text, 'x', code), text).rejects.toMatchObject({ code })
    }
  })

  test.each<[string, (index: ReturnType<typeof JSON.parse>) => void]>([
    [
      'a negative count',
      (m) => {
        m.segments[0].documents = -1
      },
    ],
    [
      'a fraction',
      (m) => {
        m.generation = 1.5
      },
    ],
    [
      'too many documents',
      (m) => {
        m.segments[0].documents = 70_000
      },
    ],
    [
      'a path as blob name',
      (m) => {
        m.segments[0].codes[0].name = '../../etc/passwd'
      },
    ],
    [
      'a huge blob',
      (m) => {
        m.segments[0].codes[0].bytes = 2 ** 40
      },
    ],
    [
      'a missing list',
      (m) => {
        delete m.pending
      },
    ],
    [
      'a list that is an object',
      (m) => {
        m.segments = {}
      },
    ],
    [
      'two equal ids',
      (m) => {
        m.pending.push(m.pending[0])
      },
    ],
    [
      'bits of another size',
      (m) => {
        m.segments[0].deleted = 'AAAA'
      },
    ],
    [
      'bits beyond the documents',
      (m) => {
        m.segments[0].deleted = 'gA=='
      },
    ],
    [
      'bits that are not base64',
      (m) => {
        m.segments[0].deleted = '!'
      },
    ],
    [
      'no runs',
      (m) => {
        m.codec.runs = []
      },
    ],
    [
      'a run of nothing',
      (m) => {
        m.codec.runs = [0]
      },
    ],
    [
      'parameters that are a list',
      (m) => {
        m.codec.parameters = []
      },
    ],
    [
      'no model',
      (m) => {
        m.model = null
      },
    ],
  ])('with a right checksum but %s is refused', async (_, change) => {
    const index = JSON.parse(JSON.stringify(await sample()))
    change(index)
    await expect(parseManifest(await sealed(index), 'x', 'STORE_CORRUPT')).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    })
    await expect(serializeManifest(index)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  test('no JSON breaks more than a MaxsiftError', async () => {
    const manifest = JSON.parse(JSON.stringify(await sample()))
    const paths = [
      ['segments'],
      ['segments', 0],
      ['segments', 0, 'records', 0],
      ['codec'],
      ['model'],
      ['pending', 0, 'text'],
    ]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), fc.string(), fc.jsonValue(), async (path, key, value) => {
        const index = structuredClone(manifest)
        const target = path.reduce((at, step) => at[step], index)
        const keys = Object.keys(target)
        target[keys[key.length % keys.length]] = value
        try {
          await parseManifest(await sealed(index), 'x', 'STORE_CORRUPT')
        } catch (error) {
          if (!(error instanceof MaxsiftError)) throw error
        }
      }),
      { numRuns: 300 },
    )
  })

  test('keeps members that only look like prototypes', async () => {
    const parameters = JSON.parse('{"__proto__":{"x":1},"constructor":2,"1":3}')
    const manifest = { ...empty({ id: 'x', parameters, runs: [1] }), generation: 1 }
    const back = await parseManifest(await serializeManifest(manifest), 'x', 'STORE_CORRUPT')
    expect(JSON.stringify(back.codec.parameters)).toBe(JSON.stringify(parameters))
    expect(Object.getPrototypeOf(back.codec.parameters)).toBeNull()
    const inherited = await sealed(JSON.parse(`{"__proto__":${JSON.stringify(manifest)}}`))
    await expect(parseManifest(inherited, 'x', 'STORE_CORRUPT')).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
  })

  test('of another model is refused, naming both', () => {
    checkModel(empty(), 'f1')
    const expected = { code: 'MODEL_MISMATCH', message: expect.stringMatching(/tiny.*f1.*f2/) }
    expect(() => checkModel(empty(), 'f2')).toThrow(expect.objectContaining(expected))
  })

  test('checksums are the first half of SHA-256', async () => {
    expect(await checksum(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb924')
  })
})

test('bits are a set', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.array(fc.nat(1000)), (size, values) => {
      const set = new Set(values.map((value) => value % size))
      const bits = new Uint8Array(Math.ceil(size / 8))
      for (const value of set) setBit(bits, value)
      const back = decodeBits(encodeBits(bits), size)
      expect(countBits(back)).toBe(set.size)
      for (let i = 0; i < size; i++) expect(hasBit(back, i)).toBe(set.has(i))
    }),
  )
})

describe('pending documents', () => {
  const docs = ['a', 'b', 'c'].map((id) => ({ id, text: `text of ${id}`, passages: [2, 3] }))

  async function stored() {
    const store = memoryStore()
    const manifest = await update(store, async () => {
      const { batch, put } = await writeBatch(docs.map(newDocument), 0)
      return { manifest: addPending(empty(), batch), put }
    })
    return { store, batch: manifest!.pending[0] }
  }

  test('become a segment at their place, without what was removed meanwhile', async () => {
    const { store, batch } = await stored()
    expect((await contents(store, await store.manifest())).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    const { segment, put } = await segmentOf(empty(), docs, batch)
    await update(store, async (current) => {
      const other = await segmentOf(current!, [{ id: 'later', text: '', passages: [] }])
      return { manifest: addSegment(deleteDocuments(current!, batch.id, [1]), other.segment), put: other.put }
    })
    const manifest = await update(store, (current) => ({ manifest: addEncoded(current!, batch.id, segment)!, put }))
    expect(manifest!.pending).toEqual([])
    expect((await contents(store, manifest)).map(({ id }) => id)).toEqual(['a', 'c', 'later'])
    expect(addEncoded(manifest!, batch.id, segment)).toBeNull()
  })

  test('can be encoded in parts', async () => {
    const { store, batch } = await stored()
    const first = await segmentOf(empty(), [{ ...docs[0], passages: [] }, docs[1], { ...docs[2], passages: [] }], batch)
    let manifest = await update(store, (now) => ({
      manifest: addEncoded(now!, batch.id, first.segment, [1])!,
      put: first.put,
    }))
    expect([...deletedBits(manifest!.segments[0])]).toEqual([0b101])
    expect([...deletedBits(manifest!.pending[0])]).toEqual([0b010])
    expect(await contents(store, manifest)).toEqual(
      docs.map((doc, i) => shown(i === 1 ? doc : { ...doc, passages: [] })),
    )
    const rest = await segmentOf(empty(), [docs[0], { ...docs[1], passages: [] }, docs[2]], batch)
    manifest = await update(store, (now) => ({
      manifest: addEncoded(now!, batch.id, rest.segment, [0, 2])!,
      put: rest.put,
    }))
    expect(manifest!.pending).toEqual([])
    expect(await contents(store, manifest)).toEqual(docs.map(shown))
    const merge = await mergeSegments(store, manifest!, manifest!.segments)
    const merged = await update(store, (now) => ({ manifest: applyMerge(now!, merge)!, put: merge.put }))
    expect(merged!.segments.length).toBe(1)
    expect(await contents(store, merged)).toEqual(docs.map(shown))
  })

  test('that are all removed while they are encoded leave nothing behind', async () => {
    const { store, batch } = await stored()
    const { segment, put } = await segmentOf(empty(), docs, batch)
    await update(store, (now) => ({ manifest: { ...now!, segments: [], pending: [{ ...batch, deleted: 'Aw==' }] } }))
    const manifest = await update(store, (now) => {
      const all = deleteDocuments(now!, batch.id, [2])
      return { manifest: addEncoded(all, batch.id, segment) ?? all, put }
    })
    expect(manifest).toMatchObject({ segments: [], pending: [] })
  })
})

describe('merge plan', () => {
  const segment = (id: number, mib: number, documents = 100, deleted?: string): Segment => ({
    id: String(id),
    ordinal: id * 100,
    documents,
    records: [],
    text: [],
    passages: 0,
    tokens: 0,
    codes: [{ name: `${String(id).padStart(32, '0')}.bin`, bytes: Math.round(mib * 2 ** 20) }],
    deleted,
  })
  const plan = (...segments: Segment[]) => planMerge({ ...empty(), segments })?.map(({ id }) => Number(id)) ?? null

  test('merges four of a tier, oldest first, up to 64 MiB', () => {
    expect(plan(segment(1, 0.1), segment(2, 0.1), segment(3, 0.1))).toBeNull()
    expect(plan(segment(4, 1), segment(2, 1.5), segment(3, 2), segment(1, 3))).toEqual([1, 2, 3, 4])
    expect(plan(segment(1, 0.1), segment(2, 0.1), segment(3, 0.1), segment(4, 1))).toBeNull()
    expect(plan(...[1, 2, 3, 4].map((id) => segment(id, 20)))).toEqual([1, 2, 3])
    expect(plan(...[1, 2, 3, 4].map((id) => segment(id, 40)))).toBeNull()
    expect(plan(...[1, 2, 3, 4].map((id) => segment(id, 0.1, 30_000)))).toEqual([1, 2])
  })

  test('rewrites a segment of which half is deleted', () => {
    expect(plan(segment(1, 60, 8, 'Dw=='), segment(2, 60))).toEqual([1])
    expect(plan(segment(1, 60, 8, 'Bw=='), segment(2, 60))).toBeNull()
  })

  test('rewrites a document only once a tier', () => {
    let segments: Segment[] = []
    let written = 0
    for (let id = 1; id <= 1024; id++) {
      segments.push(segment(id, 0.25))
      for (;;) {
        const chosen = planMerge({ ...empty(), segments })
        if (!chosen) break
        const bytes = chosen.reduce((sum, { codes }) => sum + codes[0].bytes, 0)
        written += bytes
        const documents = chosen.reduce((sum, s) => sum + s.documents, 0)
        segments = [
          ...segments.filter((s) => !chosen.includes(s)),
          segment(Number(chosen[0].id), bytes / 2 ** 20, documents),
        ]
      }
    }
    expect(segments.length).toBeLessThan(20)
    expect(written / (256 * 2 ** 20)).toBeLessThan(6)
  })

  test('that lost a source to another tab is worth nothing', async () => {
    const store = memoryStore()
    for (const id of ['a', 'b']) {
      await update(store, async (current) => {
        const { segment, put } = await segmentOf(empty(), [{ id, text: id, passages: [1] }])
        return { manifest: addSegment(current ?? empty(), segment), put }
      })
    }
    const manifest = (await store.manifest())!
    const merge = await mergeSegments(store, manifest, manifest.segments)
    const gone = deleteDocuments(manifest, manifest.segments[1].id, [0])
    expect(applyMerge(gone, merge)).toBeNull()
  })
})
