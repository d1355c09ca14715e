import { describe, expect, it } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import type { DeviceOptions } from '../../src/gpu/device.ts'
import { fuse } from '../../src/lexical/index.ts'
import type { Hit, IndexEvents, SearchOptions } from '../../src/search/types.ts'
import { gpuEntry, gpuMissing } from '../gpu.ts'
import { type Bench, bench, call, LastingStore } from './harness.ts'

const missing = await gpuMissing()

const LEXICAL = 'lexical.js'
const TEXTS = [
  'The keeper lights the lamp at dusk.',
  'Waves break on the rocks below the tower.',
  'A lamp needs oil, and the keeper carries it up every evening.',
  'Gulls sleep on the roof of the boat house.',
  'The lamp of the keeper is old; the old lamp smokes.',
]
const documents = TEXTS.map((text, i) => ({
  id: `d${i}`,
  title: i === 3 ? 'Lamp' : undefined,
  text,
  meta: { odd: i % 2 === 1 },
}))

async function filled(options: Parameters<Bench['open']>[0] = {}) {
  const made = await bench()
  const handle = await made.open({ lexical: LEXICAL, ...options })
  await made.host.add(call(documents), handle)
  const search = (query: string, more: Omit<SearchOptions, 'signal'> = {}) =>
    made.host.search(call(), handle, query, more)
  return { ...made, handle, search }
}

const ids = (hits: readonly Hit[]) => hits.map(({ id }) => id)

describe.skipIf(missing)('by words', () => {
  it('finds documents with a word of the query, says where and why', async () => {
    const { search } = await filled()
    const query = 'old lamps'
    const { hits, total, mode, backend } = await search(query, { mode: 'lexical', explain: true })
    expect({ total, mode, backend }).toEqual({ total: 5, mode: 'lexical', backend: null })
    expect(ids(hits).toSorted()).toEqual(['d0', 'd2', 'd3', 'd4'])
    expect(hits[0].id).toBe('d4')
    for (const { score, passage, explain } of hits) {
      expect(explain!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 10)
      expect(passage.score).toBe(score)
      for (const { start, end, match } of explain!) {
        expect(['old', 'lamps']).toContain(query.slice(start, end))
        if (match.start >= 0) expect(passage.text.slice(match.start, match.end)).toBe(match.token)
      }
      for (const [start, end] of passage.highlights) expect(passage.text.slice(start, end)).toMatch(/^(old|lamp)$/)
    }
    // Only its title has it.
    expect(hits.find(({ id }) => id === 'd3')).toMatchObject({ title: 'Lamp', passage: { highlights: [] } })
  })

  it('honours filter, ids, offset and limit', async () => {
    const { search } = await filled()
    const all = ids((await search('lamp keeper', { mode: 'lexical' })).hits)
    expect(ids((await search('lamp keeper', { mode: 'lexical', offset: 1, limit: 2 })).hits)).toEqual(all.slice(1, 3))
    const odd = await search('lamp', { mode: 'lexical', filter: { odd: true } })
    expect([ids(odd.hits), odd.total]).toEqual([['d3'], 2])
    const some = await search('lamp', { mode: 'lexical', ids: ['d0', 'd1', 'nobody'] })
    expect([ids(some.hits), some.total]).toEqual([['d0'], 2])
    expect((await search('  ', { mode: 'lexical' })).hits).toEqual([])
    expect((await search('lamp', { mode: 'lexical', limit: 0 })).hits).toEqual([])
  })

  it('follows what is added, changed and removed', async () => {
    const { host, handle, search } = await filled()
    await search('lamp', { mode: 'lexical' })
    await host.remove(call(), handle, ['d4'])
    await host.add(
      call([
        { id: 'd0', text: 'A zeppelin.' },
        { id: 'new', text: 'Two zeppelins over the tower.' },
      ]),
      handle,
    )
    expect(ids((await search('lamp', { mode: 'lexical' })).hits).toSorted()).toEqual(['d2', 'd3'])
    const { hits, total } = await search('zeppelin', { mode: 'lexical' })
    expect([ids(hits).toSorted(), total]).toEqual([['d0', 'new'], 5])
  })

  it('cuts long texts, gives the best passages, and keeps to sections', async () => {
    const { host, handle, search } = await filled()
    const filler = 'Nothing happens here for a long time. '.repeat(60)
    const passages = [
      { text: `${filler} A zeppelin.`, heading: 'One', anchor: 'one' },
      { text: `Zeppelin! ${filler}`, heading: 'Two', anchor: 'two' },
    ]
    await host.add(call([{ id: 'long', passages }]), handle)
    const { hits } = await search('zeppelin', { mode: 'lexical', passages: 3 })
    expect(hits).toHaveLength(1)
    const found = hits[0].passages
    expect(found.map(({ heading, anchor }) => [heading, anchor]).toSorted()).toEqual([
      ['One', 'one'],
      ['Two', 'two'],
    ])
    const text = passages.map(({ text }) => `${text}\n`).join('')
    for (const passage of found) {
      expect(text.slice(passage.start, passage.end)).toBe(passage.text)
      expect(passage.text).toMatch(/zeppelin/i)
    }
  })

  it('is not there where it was not asked for', async () => {
    const { search } = await filled({ lexical: undefined })
    expect((await search('lamp', { mode: 'auto' })).mode).toBe('semantic')
    for (const mode of ['lexical', 'hybrid'] as const)
      await expect(search('lamp', { mode })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

describe.skipIf(missing)('by both', () => {
  it('ranks by the fused scores of both', async () => {
    const { search } = await filled()
    for (const query of ['lamp keeper', 'tower', 'oil for gulls']) {
      const [semantic, lexical, hybrid] = [
        await search(query, { mode: 'semantic' }),
        await search(query, { mode: 'lexical' }),
        await search(query, { mode: 'hybrid', explain: true }),
      ]
      const placed = ({ hits }: { hits: Hit[] }) =>
        hits.map(({ id, score }) => ({ ordinal: ids(semantic.hits).indexOf(id), score }))
      const fused = fuse('score', placed(semantic), placed(lexical))
      expect(hybrid.hits.map(({ id, fusion }) => ({ id, score: fusion!.score }))).toEqual(
        fused.map(({ ordinal, score }) => ({ id: semantic.hits[ordinal].id, score })),
      )
      for (const { id, fusion, score, relevance, passage, explain } of hybrid.hits) {
        expect(fusion).toMatchObject({
          semantic: semantic.hits.find((hit) => hit.id === id)?.score,
          lexical: lexical.hits.find((hit) => hit.id === id)?.score,
        })
        expect(relevance).toBe(semantic.hits.find((hit) => hit.id === id)!.relevance)
        expect([score, passage.score]).toEqual([fusion!.semantic, fusion!.semantic])
        expect(explain!.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(score, 4)
      }
    }
  })

  it('finds only what has the quoted words', async () => {
    const { search } = await filled()
    const { hits, mode, total } = await search('who carries oil to "the lamp"', { mode: 'hybrid' })
    expect(mode).toBe('hybrid')
    expect(ids(hits).toSorted()).toEqual(['d0', 'd4'])
    expect(total).toBe(5)
    expect((await search('"no such words"', { mode: 'hybrid' })).hits).toEqual([])
    // By meaning alone, marks are marks.
    expect((await search('"no such words"', { mode: 'semantic' })).hits).toHaveLength(5)
  })

  it('is what auto does once both are there', async () => {
    const { search } = await filled()
    const { mode, backend } = await search('lamp', { mode: 'auto' })
    expect([mode, backend]).toEqual(['hybrid', 'webgpu'])
    expect((await search('lamp')).mode).toBe('semantic')
  })
})

/** Until an event of this type. */
async function told<Type extends keyof IndexEvents>({ events }: Bench, type: Type) {
  for (;;) {
    const event = events.find((each) => each.type === type)
    if (event) return event.detail as IndexEvents[Type]
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('an index that opens early', () => {
  it.skipIf(missing)('answers by words until its model is there, and then by both', async () => {
    const { store } = await filled()
    const gpu = (await gpuEntry())!
    let arrive = () => {}
    const device = new Promise<DeviceOptions>((resolve) => {
      arrive = () => resolve({ gpu, limits: 'default' })
    })
    const made = await bench('stanford', { store, environment: { device: () => device } })
    const handle = await made.open({ lexical: LEXICAL, early: true })
    const search = (mode?: SearchOptions['mode']) => made.host.search(call(), handle, 'lamp', { mode })
    expect(await made.host.info(call(), handle)).toMatchObject({
      documents: 5,
      ready: false,
      backend: null,
      codec: 'f32',
    })
    const first = await search()
    expect(first).toMatchObject({ mode: 'lexical', backend: null, total: 5, pending: true })
    const documents = await made.host.documents(call(), handle)
    expect(documents.map(({ id }) => id)).toEqual(['d0', 'd1', 'd2', 'd3', 'd4'])
    expect(await made.host.get(call(), handle, 'd1')).toMatchObject({ passages: [{ text: TEXTS[1] }] })
    arrive()
    expect(await told(made, 'ready')).toMatchObject({ backend: 'webgpu' })
    expect(await search()).toMatchObject({ mode: 'hybrid', backend: 'webgpu', pending: false })
    expect(await made.host.info(call(), handle)).toMatchObject({ documents: 5, ready: true, backend: 'webgpu' })
  })

  it('answers by words where nothing can run its model, and says why', async () => {
    const store = new LastingStore()
    if (!missing) {
      const first = await bench('stanford', { store })
      await first.host.add(call(documents), await first.open())
    }
    const made = await bench('stanford', {
      store,
      device: { gpu: { requestAdapter: async () => null } as unknown as GPU },
    })
    const handle = await made.open({ lexical: LEXICAL, early: true })
    expect(await told(made, 'error')).toMatchObject({ code: 'WEBGPU_UNAVAILABLE' })
    const { hits, mode, pending } = await made.host.search(call(), handle, 'lamp', {})
    expect([mode, pending]).toEqual(['lexical', false])
    expect(hits).toHaveLength(missing ? 0 : 4)
    await expect(made.host.search(call(), handle, 'lamp', { mode: 'hybrid' })).rejects.toMatchObject({
      code: 'WEBGPU_UNAVAILABLE',
    })
    await expect(made.host.add(call(documents), handle)).rejects.toMatchObject({ code: 'WEBGPU_UNAVAILABLE' })
    await made.host.destroy(call(), handle)
    await expect(made.host.search(call(), handle, 'lamp', {})).rejects.toBeInstanceOf(MaxsiftError)
  })

  it.skipIf(missing)('finds by words what is stored and not encoded yet', async () => {
    const { store, host, handle, search } = await filled()
    // What comes after the texts of the next batch is held back: its token vectors.
    let commits = 0
    store.beforeCommit = async () => {
      if (++commits > 1) throw new Error('held back')
    }
    await expect(host.add(call([{ id: 'late', text: 'A zeppelin.' }]), handle)).rejects.toThrow('held back')
    expect(ids((await search('zeppelin', { mode: 'lexical' })).hits)).toEqual(['late'])
    const both = await search('zeppelin', { mode: 'hybrid' })
    expect(both.hits.find(({ id }) => id === 'late')).toMatchObject({ relevance: 0, fusion: { semantic: undefined } })
    expect((await search('zeppelin', { mode: 'semantic' })).total).toBe(5)
  })
})

it.skipIf(missing)('goes on by meaning where the script of words cannot be had', async () => {
  const gone = new MaxsiftError('LEXICAL_UNAVAILABLE', 'It is not there.')
  const broken = await bench('stanford', { environment: { words: () => Promise.reject(gone) } })
  const handle = await broken.open({ lexical: LEXICAL })
  await broken.host.add(call(documents), handle)
  expect((await broken.host.search(call(), handle, 'lamp', { mode: 'auto' })).mode).toBe('semantic')
  await expect(broken.host.search(call(), handle, 'lamp', { mode: 'lexical' })).rejects.toBe(gone)
  const { store } = broken
  const early = await bench('stanford', { store, environment: { words: () => Promise.reject(gone) } })
  const other = await early.open({ lexical: LEXICAL, early: true })
  expect((await early.host.search(call(), other, 'lamp', {})).mode).toBe('semantic')
})
