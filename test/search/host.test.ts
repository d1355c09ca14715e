import { beforeAll, describe, expect, it } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import { Device } from '../../src/gpu/device.ts'
import type { IndexEvents } from '../../src/search/types.ts'
import { type Golden, loadGolden } from '../goldens/checkpoints.ts'
import { gpuMissing } from '../gpu.ts'
import { type Bench, bench, call, LastingStore } from './harness.ts'

const missing = await gpuMissing()

/** Texts for which the goldens say the scores. */
let golden: Golden
let documents: { id: string; text: string }[]
beforeAll(async () => {
  golden = await loadGolden('stanford')
  documents = golden.documents.map(({ text }, i) => ({ id: `d${i}`, text }))
})

const search = (b: Bench, handle: number, query: string, options = {}) => b.host.search(call(), handle, query, options)

describe.skipIf(missing)(`host${missing ? ` — ${missing}` : ''}`, () => {
  it('scores as the reference does', async () => {
    const b = await bench()
    const handle = await b.open({ splitPassages: false })
    const filled = documents.filter(({ text }) => text.trim() !== '')
    expect(await b.host.add(call(filled), handle)).toMatchObject({ added: filled.length, updated: 0, unchanged: 0 })
    for (const [q, query] of golden.queries.entries()) {
      if (query.text.trim() === '') continue
      const { hits, total } = await search(b, handle, query.text, { limit: 100, explain: true })
      expect(total).toBe(filled.length)
      expect(hits.map(({ id }) => id).sort()).toEqual(filled.map(({ id }) => id).sort())
      for (const { id, score, relevance, explain, passage } of hits) {
        const expected = golden.scores[q][Number(id.slice(1))]
        expect(score).toBeCloseTo(expected, 3)
        expect(relevance).toBeCloseTo(expected / query.kept.length, 4)
        expect(explain!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 3)
        for (const [start, end, weight] of passage.highlights) {
          expect(start).toBeLessThan(end)
          expect(end).toBeLessThanOrEqual(passage.text.length)
          expect(weight).toBeGreaterThanOrEqual(0)
        }
      }
      expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((x, y) => y - x))
    }
  })

  it('adds, updates, leaves unchanged, removes', async () => {
    const b = await bench()
    const handle = await b.open()
    expect(
      await b.host.add(
        call([
          { id: 'a', text: 'one' },
          { id: 'b', text: 'two' },
        ]),
        handle,
      ),
    ).toEqual({
      added: 2,
      updated: 0,
      unchanged: 0,
      truncated: 0,
    })
    expect(
      await b.host.add(
        call([
          { id: 'a', text: 'one' },
          { id: 'b', text: 'two, changed' },
          { id: 'c', text: 'three' },
        ]),
        handle,
      ),
    ).toEqual({ added: 1, updated: 1, unchanged: 1, truncated: 0 })
    expect(await b.host.info(call(), handle)).toMatchObject({ documents: 3, passages: 3, pending: 0 })
    const { hits } = await search(b, handle, 'two')
    expect(hits.find(({ id }) => id === 'b')!.passage.text).toBe('two, changed')
    expect(await b.host.remove(call(), handle, ['a', 'nobody', 'a'])).toEqual({ removed: 1, unknown: 1 })
    expect((await search(b, handle, 'one')).hits.map(({ id }) => id).sort()).toEqual(['b', 'c'])
  })

  it('takes the same documents again after they were removed', async () => {
    const b = await bench()
    const handle = await b.open()
    const pair = [
      { id: 'a', text: 'one' },
      { id: 'b', text: 'two' },
    ]
    await b.host.add(call(pair), handle)
    // One of two: the segment stays, with a deleted document, when the same two come back.
    await b.host.remove(call(), handle, ['a'])
    await b.host.add(call([{ id: 'b', text: 'changed' }]), handle)
    expect(await b.host.add(call(pair), handle)).toMatchObject({ added: 1, updated: 1 })
    expect((await search(b, handle, 'two')).hits.map(({ id }) => id).sort()).toEqual(['a', 'b'])
    expect(await b.host.info(call(), handle)).toMatchObject({ documents: 2, pending: 0 })
  })

  it('lets the last of several documents with one id win', async () => {
    const b = await bench()
    const handle = await b.open()
    const result = await b.host.add(
      call([
        { id: 'a', text: 'first' },
        { id: 'b', text: 'x' },
        { id: 'a', text: 'last' },
      ]),
      handle,
    )
    expect(result).toEqual({ added: 2, updated: 1, unchanged: 0, truncated: 0 })
    const { hits } = await search(b, handle, 'first')
    expect(hits.find(({ id }) => id === 'a')!.passage.text).toBe('last')
  })

  it('is the same after it was closed and opened again', async () => {
    const b = await bench()
    const first = await b.open()
    await b.host.add(call(documents), first)
    const before = await search(b, first, golden.queries[0].text, { limit: 50 })
    await b.host.close(call(), first)
    const second = await b.open()
    const after = await search(b, second, golden.queries[0].text, { limit: 50 })
    expect(after.hits).toEqual(before.hits)
  })

  it('commits what comes before an invalid document, and says how many', async () => {
    const b = await bench()
    const handle = await b.open()
    const adding = b.host.add(
      call([
        { id: 'a', text: 'one' },
        { id: 'b', text: 'two' },
        { id: 3, text: 'x' },
        { id: 'c', text: 'y' },
      ]),
      handle,
    )
    await expect(adding).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', detail: { position: 2, committed: 2 } })
    expect(await b.host.info(call(), handle)).toMatchObject({ documents: 2, pending: 0 })
  })

  it('keeps on abort what was committed, and nothing else', async () => {
    const b = await bench()
    const handle = await b.open()
    const many = Array.from({ length: 200 }, (_, i) => ({ id: `n${i}`, text: `number ${i}` }))
    const stop = new AbortController()
    const adding = call(
      (async function* () {
        for (const document of many) {
          if (document.id === 'n150') stop.abort()
          yield document
        }
      })(),
    )
    adding.signal = stop.signal
    await expect(b.host.add(adding, handle)).rejects.toMatchObject({ name: 'AbortError' })
    const info = await b.host.info(call(), handle)
    expect(info.documents).toBeGreaterThanOrEqual(64)
    expect(info.documents).toBeLessThan(150)
    expect(info.pending).toBe(0)
    expect((await search(b, handle, 'number 3')).hits).toHaveLength(10)
  })

  it('pulls documents only as fast as it encodes them, a batch ahead', async () => {
    const b = await bench()
    const handle = await b.open()
    let pulled = 0
    const ahead: number[] = []
    b.store.beforeCommit = () => {
      ahead.push(pulled)
    }
    const items = (function* () {
      for (; pulled < 150; pulled++) yield { id: `n${pulled}`, text: `number ${pulled}` }
    })()
    await b.host.add(call(items), handle)
    expect(ahead[0]).toBeLessThanOrEqual(128)
    // The first batch is stored and encoded while the second one is read.
    expect(ahead.some((count) => count > 64 && count <= 128)).toBe(true)
  })

  it('commits a batch in parts where the device is slow', async () => {
    const b = await bench()
    const handle = await b.open()
    // Whatever is timed seems to take a second and more, on the fastest machine too.
    const now = performance.now.bind(performance)
    let skipped = 0
    performance.now = () => {
      skipped += 1_000
      return now() + skipped
    }
    const generations: number[] = []
    b.host.onEvent = (_, type, detail) => {
      if (type === 'change') generations.push((detail as IndexEvents['change']).documents)
    }
    const adding = call(
      Array.from({ length: 60 }, (_, i) => ({ id: `n${i}`, text: `${documents[0].text} number ${i}` })),
    )
    try {
      expect(await b.host.add(adding, handle)).toMatchObject({ added: 60 })
    } finally {
      performance.now = now
    }
    expect(generations.length).toBeGreaterThan(3)
    expect(generations).toEqual([...generations].sort((x, y) => x - y))
    expect(adding.progresses.length).toBeGreaterThan(2)
    expect(await b.host.info(call(), handle)).toMatchObject({ documents: 60, pending: 0 })
    const query = 'number 17'
    const { hits } = await search(b, handle, query, { limit: 100 })
    expect(hits).toHaveLength(60)
    const fresh = await bench('stanford', { store: b.store })
    expect((await search(fresh, await fresh.open(), query, { limit: 100 })).hits).toEqual(hits)
  })

  it('goes on with documents that an earlier visit stored but did not encode', async () => {
    const b = await bench()
    const first = await b.open()
    let commits = 0
    b.store.beforeCommit = () => {
      if (++commits === 2) throw new MaxsiftError('STORE_LOST', 'the tab was closed')
    }
    await expect(b.host.add(call(documents.slice(0, 3)), first)).rejects.toMatchObject({ code: 'STORE_LOST' })
    expect(await b.host.info(call(), first)).toMatchObject({ documents: 0, pending: 3 })
    await b.host.close(call(), first)

    b.store.beforeCommit = () => {}
    const second = await b.open()
    await expect
      .poll(() => b.host.info(call(), second), { timeout: 60_000 })
      .toMatchObject({ documents: 3, pending: 0 })
    expect(await b.host.add(call(documents.slice(0, 3)), second)).toMatchObject({ added: 0, unchanged: 3 })
  })

  it('keeps what was committed when the quota is reached', async () => {
    const b = await bench()
    const handle = await b.open()
    await b.host.add(call(documents.slice(0, 2)), handle)
    b.store.beforeCommit = ({ put }) => {
      if (put.some(({ ref }) => ref.name.endsWith('.bin'))) throw new MaxsiftError('STORE_QUOTA', 'full')
    }
    await expect(b.host.add(call(documents.slice(2, 5)), handle)).rejects.toMatchObject({ code: 'STORE_QUOTA' })
    expect(await b.host.info(call(), handle)).toMatchObject({ documents: 2, pending: 0 })
    expect((await search(b, handle, 'anything')).hits).toHaveLength(2)
    b.store.beforeCommit = () => {}
    expect(await b.host.add(call(documents.slice(2, 5)), handle)).toMatchObject({ added: 3 })
  })

  it('merges small segments, and finds the same afterwards', async () => {
    const b = await bench()
    const handle = await b.open()
    for (const document of documents) await b.host.add(call([document]), handle)
    const manifest = (await b.store.manifest())!
    expect(manifest.segments.length).toBeLessThan(documents.length / 2)
    const { hits } = await search(b, handle, golden.queries[0].text, { limit: 100 })
    const fresh = await bench('stanford', { store: b.store })
    expect((await search(fresh, await fresh.open(), golden.queries[0].text, { limit: 100 })).hits).toEqual(hits)
  })

  it('lets two writers of one store add side by side', async () => {
    const store = new LastingStore()
    const [a, b] = [await bench('stanford', { store }), await bench('stanford', { store })]
    const [first, second] = [await a.open(), await b.open()]
    await Promise.all([
      a.host.add(call(documents.slice(0, 6)), first),
      b.host.add(call([...documents.slice(6, 10), { ...documents[0], text: 'from the other tab' }]), second),
    ])
    const fresh = await bench('stanford', { store })
    const info = await fresh.host.info(call(), await fresh.open())
    expect(info).toMatchObject({ documents: 10, pending: 0 })
  })

  it('refuses the index of another model by name', async () => {
    const store = new LastingStore()
    const first = await bench('stanford', { store })
    await first.host.add(call([{ id: 'a', text: 'x' }]), await first.open())
    const other = await bench('stanford-f16', { store })
    await expect(other.open()).rejects.toMatchObject({
      code: 'MODEL_MISMATCH',
      message: expect.stringContaining('stanford'),
    })
  })

  it('refuses to write to a read-only store', async () => {
    class ReadOnly extends LastingStore {
      override readonly writable = false
    }
    const b = await bench('stanford', { store: new ReadOnly() })
    const handle = await b.open()
    await expect(b.host.add(call([{ id: 'a', text: 'x' }]), handle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect((await search(b, handle, 'x')).hits).toEqual([])
  })

  it('narrows the weights where it is asked to, and finds the same', async () => {
    const exact = await bench('stanford', { store: new LastingStore() })
    const narrow = await bench('stanford', { store: new LastingStore() })
    const [a, b] = [await exact.open(), await narrow.open({ dtype: 'f16' })]
    await exact.host.add(call(documents), a)
    await narrow.host.add(call(documents), b)
    const bytes = async (x: Bench, handle: number) => (await x.host.info(call(), handle)).model.bytes
    expect(await bytes(narrow, b)).toBeLessThan(0.6 * (await bytes(exact, a)))
    for (const { text } of golden.queries.filter(({ text }) => text.trim() !== '')) {
      const scores = new Map((await search(exact, a, text, { limit: 100 })).hits.map(({ id, score }) => [id, score]))
      for (const { id, score } of (await search(narrow, b, text, { limit: 100 })).hits) {
        expect(Math.abs(score - scores.get(id)!)).toBeLessThan(1e-2)
      }
    }
  })

  it('exports and imports', async () => {
    const b = await bench()
    const handle = await b.open()
    await b.host.add(call(documents), handle)
    const file = await b.host.export(call(), handle)
    const other = await bench('stanford', { store: new LastingStore() })
    const imported = await other.open({ file })
    const query = golden.queries[0].text
    expect((await search(other, imported, query)).hits).toEqual((await search(b, handle, query)).hits)
    const wrong = await bench('stanford-f16', { store: new LastingStore() })
    await expect(wrong.open({ file })).rejects.toMatchObject({ code: 'MODEL_MISMATCH' })
    expect(await wrong.store.manifest()).toBeNull()
  })

  it('gives an empty result for an empty query, an empty index, no limit', async () => {
    const b = await bench()
    const handle = await b.open()
    expect(await search(b, handle, 'x')).toMatchObject({ hits: [], total: 0 })
    await b.host.add(call(documents.slice(0, 3)), handle)
    expect(await search(b, handle, '')).toMatchObject({ hits: [], total: 3 })
    expect(await search(b, handle, ' \n')).toMatchObject({ hits: [], total: 3 })
    expect(await search(b, handle, 'x', { limit: 0 })).toMatchObject({ hits: [], total: 3 })
    await expect(search(b, handle, 'x', { limit: -1 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('filters before it scores', async () => {
    const b = await bench()
    const handle = await b.open()
    await b.host.add(call(documents.map((document, i) => ({ ...document, meta: { n: i } }))), handle)
    const all = (await search(b, handle, 'the', { limit: 100 })).hits
    const even = await search(b, handle, 'the', { limit: 100, filter: { n: { gte: 4, lte: 8 } } })
    expect(even.total).toBe(5)
    expect(even.hits).toEqual(all.filter(({ meta }) => (meta!.n as number) >= 4 && (meta!.n as number) <= 8))
    const ids = await search(b, handle, 'the', { ids: ['d1', 'nobody', 'd1'] })
    expect(ids).toMatchObject({ total: 1, hits: [{ id: 'd1' }] })
  })

  it('pages through documents, and gives the best passages of each', async () => {
    const b = await bench()
    const handle = await b.open()
    await b.host.add(
      call(
        documents.slice(0, 8).map(({ id, text }) => ({
          id,
          passages: [{ text, heading: 'First', anchor: 'f' }, 'another one', `${text} again`],
        })),
      ),
      handle,
    )
    const all = (await search(b, handle, golden.queries[0].text, { passages: 3, limit: 8 })).hits
    for (const { passages, passage, score } of all) {
      expect(passages[0]).toEqual(passage)
      expect(passage.score).toBe(score)
      expect(passages.map((p) => p.score)).toEqual(passages.map((p) => p.score).sort((x, y) => y - x))
      for (const { text, heading, start, end } of passages) {
        expect(heading).toBe(start === 0 ? 'First' : undefined)
        expect(end - start).toBe(text.length)
      }
    }
    const page = (await search(b, handle, golden.queries[0].text, { offset: 3, limit: 2 })).hits
    expect(page.map(({ id }) => id)).toEqual(all.slice(3, 5).map(({ id }) => id))
  })
})

describe.skipIf(missing)(`host and a lost device${missing ? ` — ${missing}` : ''}`, () => {
  /** Keeps the devices that a host opens, to lose them. */
  async function withDevices(): Promise<{ devices: Device[]; restore(): void }> {
    const devices: Device[] = []
    const open = Device.open
    Device.open = async (options) => {
      const device = await open.call(Device, options)
      devices.push(device)
      return device
    }
    return {
      devices,
      restore: () => {
        Device.open = open
      },
    }
  }

  it('searches again on a new device after a loss', async () => {
    const { devices, restore } = await withDevices()
    try {
      const b = await bench()
      const handle = await b.open()
      await b.host.add(call(documents), handle)
      const before = await search(b, handle, golden.queries[0].text)
      devices[0].destroy()
      const after = await search(b, handle, golden.queries[0].text)
      expect(after.hits).toEqual(before.hits)
      expect(devices).toHaveLength(2)
    } finally {
      restore()
    }
  })

  it('goes on indexing on a new device', async () => {
    const { devices, restore } = await withDevices()
    try {
      const b = await bench()
      const handle = await b.open()
      const items = (function* () {
        for (let i = 0; i < 100; i++) {
          if (i === 80) devices[0].destroy()
          yield { id: `n${i}`, text: `number ${i}` }
        }
      })()
      expect(await b.host.add(call(items), handle)).toMatchObject({ added: 100 })
      expect((await search(b, handle, 'number 7', { limit: 200 })).hits).toHaveLength(100)
    } finally {
      restore()
    }
  })

  it('has two submissions under way, which share the fate of their device', async () => {
    const { devices, restore } = await withDevices()
    try {
      const b = await bench()
      const handle = await b.open()
      const items = Array.from({ length: 150 }, (_, i) => ({ id: `n${i}`, text: `number ${i} `.repeat(20) }))
      const watch = (device: Device, onTwo: () => void) => {
        const { queue } = device.gpu
        const { submit } = queue
        let underway = 0
        queue.submit = (commands) => {
          submit.call(queue, commands)
          underway += 1
          queue.onSubmittedWorkDone().then(
            () => {
              underway -= 1
            },
            () => {},
          )
          if (underway === 2) onTwo()
        }
      }
      let lost = false
      watch(devices[0], () => {
        lost = true
        devices[0].destroy()
      })
      expect(await b.host.add(call(items), handle)).toMatchObject({ added: 150 })
      expect([lost, devices.length]).toEqual([true, 2])
      expect((await search(b, handle, 'number 7', { limit: 200 })).hits).toHaveLength(150)
    } finally {
      restore()
    }
  })

  it('says so when the GPU has no room for the index, and answers again when it has', async () => {
    const { devices, restore } = await withDevices()
    try {
      const b = await bench()
      const handle = await b.open()
      const [device] = devices
      const allocate = device.allocate
      device.allocate = async (bytes, label, usage) => {
        if (label.startsWith('index shard')) throw new MaxsiftError('OUT_OF_MEMORY', 'full')
        return allocate.call(device, bytes, label, usage)
      }
      await expect(b.host.add(call(documents), handle)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' })
      await expect(search(b, handle, 'anything')).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' })
      // What was encoded is committed: it is the GPU that is too small, not the store.
      expect((await b.store.manifest())!.segments).not.toEqual([])
      device.allocate = allocate
      expect((await search(b, handle, 'anything', { limit: 100 })).hits.length).toBeGreaterThan(0)
    } finally {
      restore()
    }
  })
})
