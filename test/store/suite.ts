import * as fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import {
  addSegment,
  applyMerge,
  copyIndex,
  deleteDocuments,
  exportFile,
  fileStore,
  type Manifest,
  memoryStore,
  mergeSegments,
  newBlob,
  planMerge,
  type Store,
  StoreConflict,
  update,
  withManifest,
} from '../../src/store/index.ts'
import { refsOf } from '../../src/store/manifest.ts'
import { contents, type Doc, empty, located, noise, segmentOf, shown } from './helpers.ts'

/** One place that stores an index, and hands to reach behind the store's back. */
export interface Place {
  /** Another handle on the same index; for memory the same one. */
  open(): Promise<Store>
  /** Names of the blobs that are really there. */
  blobs(): Promise<string[]>
  /** Changes a stored blob; null removes it. */
  tamper(name: string, change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null): Promise<void>
  remove(): Promise<void>
  /** Whether `open` after `close` finds the index again. */
  lasting: boolean
}

const A: Doc = { id: 'a', text: 'First text.', title: 'A', url: '/a', meta: { n: 1 }, passages: [3, 5] }
const B: Doc = { id: 'b', text: 'Second text, a longer one.', passages: [7] }
const C: Doc = { id: 'c', text: '', passages: [] }

async function add(store: Store, docs: Doc[], signal?: AbortSignal): Promise<Manifest> {
  const change = async (current: Manifest | null) => {
    const base = current ?? empty()
    const { segment, put } = await segmentOf(base, docs)
    return { manifest: addSegment(base, segment), put }
  }
  return (await update(store, change, { signal }))!
}

/** What every writable carrier promises. */
export function storeSuite(name: string, make: () => Promise<Place>): void {
  describe(`${name} store`, () => {
    const places: Place[] = []
    const place = async () => {
      const made = await make()
      places.push(made)
      return made
    }
    afterEach(async () => {
      for (const made of places.splice(0)) await made.remove()
    })

    test('is null before the first commit, then what was committed', async () => {
      const here = await place()
      const store = await here.open()
      expect(store.writable).toBe(true)
      expect(await store.manifest()).toBeNull()
      const manifest = await add(store, [A, B, C])
      expect(manifest.generation).toBe(1)
      expect(await store.manifest()).toEqual(manifest)
      expect(await contents(store, manifest)).toEqual([A, B, C].map(shown))
      expect((await here.blobs()).sort()).toEqual([...refsOf(manifest).keys()].sort())
    })

    test('keeps the index across close and open', async () => {
      const here = await place()
      if (!here.lasting) return
      const first = await here.open()
      const manifest = await add(first, [A, B])
      await first.close()
      const second = await here.open()
      expect(await second.manifest()).toEqual(manifest)
      expect(await contents(second, manifest)).toEqual([A, B].map(shown))
    })

    test('refuses a commit on another generation, and nothing of it is stored', async () => {
      const here = await place()
      const one = await here.open()
      const two = await here.open()
      await add(one, [A])
      const manifest = await two.manifest()
      await add(one, [B])
      const { segment, put } = await segmentOf(manifest!, [C])
      const late = { ...addSegment(manifest!, segment), generation: 2 }
      await expect(two.commit({ base: 1, manifest: late, put })).rejects.toThrow(StoreConflict)
      await expect(two.commit({ base: 0, manifest: { ...late, generation: 1 }, put })).rejects.toThrow(StoreConflict)
      const current = await two.manifest()
      expect(current?.generation).toBe(2)
      expect((await here.blobs()).sort()).toEqual([...refsOf(current).keys()].sort())
    })

    test('two writers at once lose nothing', async () => {
      const here = await place()
      const one = await here.open()
      const two = await here.open()
      const docs = Array.from({ length: 6 }, (_, i): Doc => ({ id: `d${i}`, text: `text ${i}`, passages: [i + 1] }))
      await Promise.all(docs.map((doc, i) => add(i % 2 ? one : two, [doc])))
      const manifest = await one.manifest()
      expect(manifest?.generation).toBe(6)
      const ids = (await contents(two, manifest)).map(({ id }) => id)
      expect(ids.sort()).toEqual(docs.map(({ id }) => id))
      expect(new Set(manifest!.segments.map(({ ordinal }) => ordinal)).size).toBe(6)
    })

    test('drops blobs that the manifest no longer names, and only those', async () => {
      const here = await place()
      const store = await here.open()
      const first = await add(store, [A, B])
      // The same content once more shares its blobs with the segment that goes.
      const again = await update(store, async (current) => {
        const { segment, put } = await segmentOf(current!, [A, B])
        return { manifest: addSegment(current!, segment), put }
      })
      expect(again!.segments.map(({ id }) => id)).toEqual([first.segments[0].id, `${first.segments[0].id}.1`])
      const less = await update(store, (current) => ({
        manifest: deleteDocuments(current!, first.segments[0].id, [0, 1]),
      }))
      expect(await contents(store, less)).toEqual([A, B].map(shown))
      const none = await update(store, (current) => ({
        manifest: deleteDocuments(current!, current!.segments[0].id, [0, 1]),
      }))
      expect(none!.segments).toEqual([])
      expect(await here.blobs()).toEqual([])
    })

    test('refuses a manifest that names a missing blob, and a blob that no manifest names', async () => {
      const store = await (await place()).open()
      const { segment, put } = await segmentOf(empty(), [A])
      const manifest = { ...addSegment(empty(), segment), generation: 1 }
      const code = { code: 'INVALID_ARGUMENT' }
      await expect(store.commit({ base: 0, manifest, put: put.slice(1) })).rejects.toMatchObject(code)
      const stray = await newBlob(noise(10), 'bin')
      await expect(store.commit({ base: 0, manifest, put: [...put, stray] })).rejects.toMatchObject(code)
      await expect(store.commit({ base: 0, manifest: { ...manifest, generation: 2 }, put })).rejects.toMatchObject(code)
      const twice = { ...manifest, segments: [...manifest.segments, ...manifest.segments] }
      await expect(store.commit({ base: 0, manifest: twice, put })).rejects.toMatchObject(code)
      expect(await store.manifest()).toBeNull()
    })

    test.each([
      [
        'flipped',
        (bytes: Uint8Array<ArrayBuffer>) => bytes.map((byte, i) => (i === bytes.length >> 1 ? byte ^ 1 : byte)),
      ],
      ['truncated', (bytes: Uint8Array<ArrayBuffer>) => bytes.slice(0, -1)],
      ['longer', (bytes: Uint8Array<ArrayBuffer>) => Uint8Array.of(...bytes, 0)],
      ['deleted', () => null],
    ])('names a blob that was %s', async (_, change) => {
      const here = await place()
      const store = await here.open()
      const manifest = await add(store, [A, B])
      for (const ref of refsOf(manifest).values()) {
        await here.tamper(ref.name, change)
        const error = { code: 'STORE_CORRUPT', message: expect.stringContaining(ref.name), detail: { blob: ref.name } }
        await expect(store.read(ref)).rejects.toMatchObject(error)
      }
      expect(await store.manifest()).toEqual(manifest)
    })

    test('a reader whose blob was merged away goes on with the new manifest', async () => {
      const store = await (await place()).open()
      await add(store, [A, B])
      let runs = 0
      const found = await withManifest(store, async (manifest) => {
        if (runs++ === 0) {
          const id = manifest!.segments[0].id
          await update(store, (current) => ({ manifest: deleteDocuments(current!, id, [0, 1]) }))
          await add(store, [C])
        }
        return contents(store, manifest)
      })
      expect(found).toEqual([shown(C)])
      expect(runs).toBe(2)
      await expect(
        withManifest(store, async (manifest) => {
          await store.read({ ...manifest!.segments[0].records[0], bytes: 1 })
        }),
      ).rejects.toMatchObject({ code: 'STORE_CORRUPT' })
    })

    test('honours a signal in every call', async () => {
      const store = await (await place()).open()
      const manifest = await add(store, [A])
      const signal = AbortSignal.abort()
      const aborted = { name: 'AbortError' }
      await expect(store.manifest(signal)).rejects.toMatchObject(aborted)
      await expect(store.read(manifest.segments[0].records[0], signal)).rejects.toMatchObject(aborted)
      await expect(add(store, [B], signal)).rejects.toMatchObject(aborted)
      const change = { base: 1, manifest: { ...manifest, generation: 2 }, put: [] }
      await expect(store.commit(change, signal)).rejects.toMatchObject(aborted)
      await expect(exportFile(store, signal)).rejects.toMatchObject(aborted)
      await expect(copyIndex(store, memoryStore(), { signal })).rejects.toMatchObject(aborted)
      expect(await store.manifest()).toEqual(manifest)
    })

    test('an abort in the middle of a commit leaves the old or the new index', async () => {
      const here = await place()
      const store = await here.open()
      await add(store, [A])
      for (let delay = 0; delay < 12; delay++) {
        const before = await store.manifest()
        const doc: Doc = { id: `d${delay}`, text: 'x'.repeat(1000), passages: [500] }
        const { segment, put } = await segmentOf(before!, [doc])
        const manifest = { ...addSegment(before!, segment), generation: before!.generation + 1 }
        const controller = new AbortController()
        const commit = store.commit({ base: before!.generation, manifest, put }, controller.signal)
        setTimeout(() => controller.abort(), delay / 4)
        const done = await commit.then(
          () => true,
          (error) => {
            expect(error).toMatchObject({ name: 'AbortError' })
            return false
          },
        )
        const after = await store.manifest()
        expect(after!.generation).toBe(before!.generation + (done ? 1 : 0))
        await contents(store, after)
      }
    })

    test('rejects after close, closes twice, and is gone after destroy', async () => {
      const here = await place()
      const store = await here.open()
      await add(store, [A])
      await store.close()
      await store.close()
      await expect(store.manifest()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
      await (await here.open()).destroy()
      expect(await here.blobs()).toEqual([])
      if (!here.lasting) return
      const fresh = await here.open()
      expect(await fresh.manifest()).toBeNull()
      expect((await add(fresh, [B])).generation).toBe(1)
    })

    test('is copied, blob for blob, through a file, and updated with what is new', async () => {
      const store = await (await place()).open()
      const source = memoryStore()
      await add(source, [A, B])
      const progress: number[] = []
      await copyIndex(await fileStore(await exportFile(source)), store, {
        fingerprint: 'f1',
        onProgress: ({ loaded, total }) => progress.push(loaded / total),
      })
      expect(await contents(store, await store.manifest())).toEqual([A, B].map(shown))
      expect(progress.at(-1)).toBe(1)
      await add(source, [C])
      const reads: string[] = []
      const counting = bound(source, (name) => reads.push(name))
      const { generation } = await copyIndex(counting, store)
      expect(await contents(store, await store.manifest())).toEqual([A, B, C].map(shown))
      expect(reads.length).toBe(refsOf(await source.manifest()).size - 3)
      expect((await copyIndex(counting, store)).generation).toBe(generation)
      await expect(copyIndex(source, store, { fingerprint: 'f2' })).rejects.toMatchObject({ code: 'MODEL_MISMATCH' })
    })

    test('behaves like a list of documents under any sequence of changes', async () => {
      const doc = fc.record({
        id: fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', ''), fc.string({ unit: 'binary' })),
        text: fc.string({ unit: 'binary', maxLength: 40 }),
        meta: fc.option(fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'k'), fc.jsonValue()), {
          nil: undefined,
        }),
        passages: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
      })
      const step = fc.oneof(
        fc.record({ add: fc.array(doc, { minLength: 1, maxLength: 3 }) }),
        fc.record({ remove: fc.nat(20) }),
        fc.record({ merge: fc.constant(true), meanwhile: fc.option(fc.nat(20)) }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
          const here = await make()
          try {
            let store = await here.open()
            const model: Doc[] = []
            const remove = async (nth: number) => {
              if (!model.length) return
              const { id, index } = (await located(store, await store.manifest()))[nth % model.length]
              model.splice(nth % model.length, 1)
              await update(store, (now) => ({ manifest: deleteDocuments(now!, id, [index]) }))
            }
            for (const change of steps) {
              if ('add' in change) {
                await add(store, change.add as Doc[])
                model.push(...(change.add as Doc[]))
              } else if ('remove' in change) {
                await remove(change.remove)
              } else {
                const current = await store.manifest()
                const plan = current && (planMerge(current) ?? (current.segments.length ? current.segments : null))
                if (!plan) continue
                const merge = await mergeSegments(store, current, plan)
                if (change.meanwhile !== null) await remove(change.meanwhile)
                const applied = await update(store, (now) => {
                  const manifest = applyMerge(now!, merge)
                  return manifest && { manifest, put: merge.put }
                })
                expect(applied).not.toBeNull()
              }
              const manifest = await store.manifest()
              expect(await contents(store, manifest)).toEqual(model.map(normal))
              expect((await here.blobs()).sort()).toEqual([...refsOf(manifest).keys()].sort())
              if (here.lasting) {
                await store.close()
                store = await here.open()
              }
            }
          } finally {
            await here.remove()
          }
        }),
        { numRuns: 25 },
      )
    })
  })
}

/** As it comes back: JSON, without prototypes. */
function normal(doc: Doc): Doc {
  return shown({ ...doc, meta: doc.meta && withoutPrototype(JSON.parse(JSON.stringify(doc.meta))) })
}

function withoutPrototype<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutPrototype) as T
  if (typeof value !== 'object' || value === null) return value
  const copy = Object.create(null)
  for (const [key, entry] of Object.entries(value)) copy[key] = withoutPrototype(entry)
  return copy
}

function bound(store: Store, onRead: (name: string) => void): Store {
  return {
    kind: store.kind,
    writable: store.writable,
    manifest: (signal) => store.manifest(signal),
    read: (ref, signal) => {
      onRead(ref.name)
      return store.read(ref, signal)
    },
    commit: (change, signal) => store.commit(change, signal),
    watch: (listener) => store.watch(listener),
    close: () => store.close(),
    destroy: () => store.destroy(),
  }
}
