import { describe, expect, test } from 'vitest'
import { type DocumentInput, MaxsiftError, type Progress } from '../../src/index.ts'
import { DOCUMENTS, failureOf, idsOf, LONG_TEXT, type Setup } from './setup.ts'

const nothing = { added: 0, updated: 0, unchanged: 0, truncated: 0 }

export function documents({ open, filled }: Setup): void {
  describe('add and remove', () => {
    test('what is added is counted and found', async () => {
      const index = await open()
      expect(await index.add(DOCUMENTS)).toEqual({ ...nothing, added: 12 })
      expect(await index.info()).toMatchObject({ documents: 12, passages: 12, pending: 0 })
      const { hits, total } = await index.search('moons', { limit: 20 })
      expect(total).toBe(12)
      expect(idsOf({ hits }).sort()).toEqual(DOCUMENTS.map(({ id }) => id).sort())
      for (const { id, passage } of hits) expect(passage.text).toBe(DOCUMENTS[Number(id.slice(1))].text)
    })

    test('documents may come from any iterable', async () => {
      async function* later(list: DocumentInput[]) {
        for (const each of list) yield await Promise.resolve(each)
      }
      const index = await open()
      expect(await index.add(new Set(DOCUMENTS.slice(0, 2)))).toMatchObject({ added: 2 })
      expect(await index.add(later(DOCUMENTS.slice(2, 5)))).toMatchObject({ added: 3 })
      expect(await index.add(DOCUMENTS.slice(5, 6).values())).toMatchObject({ added: 1 })
      expect(await index.add([])).toEqual(nothing)
      expect(await index.info()).toMatchObject({ documents: 6 })
    })

    test('an id that exists is replaced; what has not changed is skipped', async () => {
      const index = await filled(DOCUMENTS)
      const changed = { id: 'd3', text: 'Neptune is far away.', meta: { far: true } }
      expect(await index.add([...DOCUMENTS.slice(0, 3), changed])).toEqual({ ...nothing, updated: 1, unchanged: 3 })
      expect(await index.info()).toMatchObject({ documents: 12 })
      const { hits } = await index.search('Neptune', { ids: ['d3'] })
      expect(hits).toMatchObject([{ id: 'd3', meta: { far: true }, passage: { text: 'Neptune is far away.' } }])
      // Data alone is a change, too.
      expect(await index.add([{ ...changed, meta: { far: false } }])).toEqual({ ...nothing, updated: 1 })
      expect(await index.search('Neptune', { filter: { far: true } })).toMatchObject({ hits: [], total: 0 })
    })

    test('of an id given twice in one call the last counts', async () => {
      const index = await open()
      const [first, second] = DOCUMENTS
      const result = await index.add([first, second, { id: first.id, text: 'The later one.' }])
      expect(result.added + result.updated).toBe(3)
      expect(await index.info()).toMatchObject({ documents: 2 })
      const { hits } = await index.search('one', { ids: [first.id] })
      expect(hits.map(({ passage }) => passage.text)).toEqual(['The later one.'])
    })

    test('removed documents are gone; unknown ids are counted', async () => {
      const index = await filled(DOCUMENTS)
      expect(await index.remove(['d2', 'no such id', 'd5'])).toEqual({ removed: 2, unknown: 1 })
      expect(await index.remove(['d2'])).toEqual({ removed: 0, unknown: 1 })
      expect(await index.remove([])).toEqual({ removed: 0, unknown: 0 })
      const { hits, total } = await index.search('moons', { limit: 20 })
      expect(total).toBe(10)
      expect(idsOf({ hits })).not.toContain('d2')
      expect(await index.info()).toMatchObject({ documents: 10 })
      expect(await index.add([DOCUMENTS[2]])).toEqual({ ...nothing, added: 1 })
      expect(idsOf(await index.search('moons', { ids: ['d2'] }))).toEqual(['d2'])
    })

    test('ids and fields that are names of every object', async () => {
      const words = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', ' ', '\u0000', '\ud800', '🌊']
      const index = await filled(
        words.map((word, i) => ({
          id: word,
          text: word,
          title: word,
          meta: JSON.parse(`{"__proto__":${i},"constructor":"c${i}"}`),
        })),
      )
      expect(await index.info()).toMatchObject({ documents: words.length })
      for (const [i, word] of words.entries()) {
        // A query of one such word does not break anything, either.
        const filter = JSON.parse(`{"__proto__":${i},"constructor":["c${i}"]}`)
        const { hits, total } = await index.search(`${word} constructor`, { filter })
        expect(total).toBe(1)
        // What has no words has nothing to be found by.
        if (hits.length > 0) {
          expect(hits[0].id).toBe(word)
          expect(Object.entries(hits[0].meta!)).toEqual([
            ['__proto__', i],
            ['constructor', `c${i}`],
          ])
        }
      }
      expect((await index.search('x', { limit: 20 })).hits.length).toBeGreaterThanOrEqual(5)
      expect(await index.remove(['valueOf', '__proto__'])).toEqual({ removed: 1, unknown: 1 })
    })

    test('odd texts are kept as they are', async () => {
      const texts: Record<string, string> = {
        empty: '',
        blank: ' \n\t ',
        punctuation: '?!... -- ()',
        emoji: '🌊 🚲 🍞',
        surrogates: 'a \ud83c lone \udf0a half',
        long: 'x'.repeat(2 ** 20),
        nul: 'before\u0000after \u0000 end',
        rtl: 'שלום עולם. السلام عليكم',
        han: '東京湾の灯台は、海の中の小さな山に立つ。',
        html: '<img src=x onerror="alert(1)"> &lt;b&gt; <b>bold</b>',
        accents: 'Ökologie, E\u0301tude, ﬁne ½ x²',
      }
      const index = await open()
      const result = await index.add(Object.entries(texts).map(([id, text]) => ({ id, text })))
      expect(result).toMatchObject({ added: 11, truncated: 0 })
      const { hits, total } = await index.search('東京 bold 🌊 \ud83c', { limit: 20 })
      expect(total).toBe(11)
      const found = idsOf({ hits })
      for (const id of ['emoji', 'surrogates', 'long', 'nul', 'rtl', 'han', 'html', 'accents'])
        expect(found).toContain(id)
      for (const { id, passage, score } of hits) {
        expect(passage.text).toBe(texts[id].slice(passage.start, passage.end))
        expect(Number.isFinite(score)).toBe(true)
      }
    })

    const wrong: [string, unknown][] = [
      ['no object', 'text'],
      ['null', null],
      ['no id', { text: 'a' }],
      ['an empty id', { id: '', text: 'a' }],
      ['a number as id', { id: 5, text: 'a' }],
      ['no text', { id: 'x' }],
      ['a number as text', { id: 'x', text: 5 }],
      ['text and passages', { id: 'x', text: 'a', passages: ['a'] }],
      ['passages that are no list', { id: 'x', passages: 'a' }],
      ['a passage without text', { id: 'x', passages: [{ heading: 'a' }] }],
      ['a title that is no string', { id: 'x', text: 'a', title: {} }],
      ['data that is no object', { id: 'x', text: 'a', meta: 'data' }],
      ['a function in the data', { id: 'x', text: 'a', meta: { run: () => 1 } }],
      ['data that JSON cannot hold', { id: 'x', text: 'a', meta: { big: 5n } }],
    ]
    test.each(wrong)('a document with %s is refused with its position', async (_, document) => {
      const index = await open()
      const error = await failureOf(index.add([DOCUMENTS[0], DOCUMENTS[1], document as never, DOCUMENTS[2]]))
      expect(error).toBeInstanceOf(MaxsiftError)
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', detail: { position: 2, committed: expect.any(Number) } })
      // What was committed before it stays, and the index goes on.
      const { total } = await index.search('moons')
      expect(total).toBe(error.detail!.committed)
      expect(await index.add(DOCUMENTS)).toMatchObject({ unchanged: total, added: 12 - total })
    })

    test('an iterable that fails gives its own error back', async () => {
      const mine = new RangeError('mine')
      function* failing() {
        yield* DOCUMENTS.slice(0, 3)
        throw mine
      }
      const index = await open()
      expect(await failureOf(index.add(failing()))).toBe(mine)
      expect(await index.add(DOCUMENTS)).toMatchObject({ updated: 0 })
      expect(await index.info()).toMatchObject({ documents: 12, pending: 0 })
    })

    test('progress counts documents up', async () => {
      const index = await open()
      const seen: Progress[] = []
      await index.add(DOCUMENTS, { onProgress: (progress) => seen.push(progress) })
      expect(seen.length).toBeGreaterThan(0)
      expect(new Set(seen.map(({ stage }) => stage))).toEqual(new Set(['encode']))
      const loaded = seen.map((progress) => progress.loaded)
      expect(loaded).toEqual([...loaded].sort((a, b) => a - b))
      expect(loaded.at(-1)).toBe(12)
    })
  })

  describe('passages', () => {
    test('a long text is split; every passage is a slice of it', async () => {
      const index = await filled([{ id: 'long', text: LONG_TEXT }, ...DOCUMENTS])
      const { documents, passages } = await index.info()
      expect(documents).toBe(13)
      expect(passages).toBeGreaterThan(16)
      const { hits, total } = await index.search('four bright moons', { passages: 8, ids: ['long'] })
      expect(total).toBe(1)
      const [hit] = hits
      expect(hit.passages).toHaveLength(8)
      expect(hit.passage).toEqual(hit.passages[0])
      expect(hit.score).toBe(hit.passages[0].score)
      const scores = hit.passages.map(({ score }) => score)
      expect(scores).toEqual([...scores].sort((a, b) => b - a))
      expect(new Set(hit.passages.map(({ start }) => start)).size).toBe(8)
      for (const { text, start, end } of hit.passages) expect(text).toBe(LONG_TEXT.slice(start, end))
    })

    test('all passages together hold all of the text', async () => {
      const text = DOCUMENTS.map((document) => document.text)
        .join(' ')
        .slice(0, 300)
      const index = await filled([{ id: 'long', text }])
      const { passages } = await index.info()
      expect(passages).toBeLessThanOrEqual(8)
      const [hit] = (await index.search('moons', { passages: 8 })).hits
      expect(hit.passages).toHaveLength(passages)
      let end = 0
      for (const passage of hit.passages.toSorted((a, b) => a.start - b.start)) {
        expect(text.slice(end, Math.max(end, passage.start)).trim()).toBe('')
        end = passage.end
      }
      expect(end).toBe(text.length)
    })

    test('without splitting a long text is cut, and that is counted', async () => {
      const index = await open({ splitPassages: false })
      expect(await index.add([{ id: 'long', text: LONG_TEXT }, ...DOCUMENTS])).toMatchObject({
        added: 13,
        truncated: 1,
      })
      expect(await index.info()).toMatchObject({ documents: 13, passages: 13 })
      const [hit] = (await index.search('moons', { ids: ['long'], passages: 8 })).hits
      expect(hit.passages).toHaveLength(1)
    })

    test('passages of the caller keep their heading and anchor and are never joined', async () => {
      const passages = [
        'Jupiter has four bright moons.',
        { text: 'Saturn has rings.', heading: 'Saturn', anchor: 'saturn' },
        { text: 'Neptune is far away.', heading: 'Neptune' },
      ]
      const index = await filled([{ id: 'planets', passages, url: '/planets' }])
      expect(await index.info()).toMatchObject({ documents: 1, passages: 3 })
      const [hit] = (await index.search('rings', { passages: 8 })).hits
      expect(hit.url).toBe('/planets')
      const inOrder = hit.passages.toSorted((a, b) => a.start - b.start)
      expect(inOrder.map(({ text, heading, anchor }) => ({ text, heading, anchor }))).toEqual([
        { text: 'Jupiter has four bright moons.', heading: undefined, anchor: undefined },
        { text: 'Saturn has rings.', heading: 'Saturn', anchor: 'saturn' },
        { text: 'Neptune is far away.', heading: 'Neptune', anchor: undefined },
      ])
    })

    test('a title is encoded with the text but is no part of it', async () => {
      const text = 'It has four bright moons.'
      const index = await filled([
        { id: 'bare', text },
        { id: 'titled', text, title: 'Jupiter' },
        { id: 'joined', text: `Jupiter ${text}` },
      ])
      const { hits } = await index.search('Jupiter moons')
      const hit = Object.fromEntries(hits.map((each) => [each.id, each]))
      expect(hit.titled.title).toBe('Jupiter')
      expect(hit.titled.passage).toMatchObject({ text, start: 0, end: text.length })
      expect(hit.titled.score).not.toBe(hit.bare.score)
      expect(hit.titled.score).toBeCloseTo(hit.joined.score, 5)
    })
  })
  describe('what the index holds', () => {
    const planets = {
      id: 'planets',
      title: 'Planets',
      url: '/planets',
      meta: { far: true },
      passages: [
        { text: 'Jupiter has four bright moons.\n' },
        { text: '' },
        { text: 'Saturn has rings. \ud800', heading: 'Saturn', anchor: 'saturn' },
      ],
    }

    test('a document comes back as it was given, and its ranges are those of hits', async () => {
      const index = await filled([...DOCUMENTS, planets, { id: 'long', text: LONG_TEXT }, { id: 'none', passages: [] }])
      const { passages, ...rest } = (await index.get('planets'))!
      expect(rest).toEqual({ id: 'planets', title: 'Planets', url: '/planets', meta: { far: true }, length: 53 })
      expect(passages.map(({ start, end, ...given }) => given)).toEqual(planets.passages)
      const [hit] = (await index.search('rings', { ids: ['planets'] })).hits
      const around = passages.find(({ heading }) => heading === 'Saturn')!
      expect([hit.passage.start, hit.passage.end]).toEqual([around.start, around.end])
      expect(await index.get('long')).toEqual({
        id: 'long',
        length: LONG_TEXT.length,
        passages: [{ text: LONG_TEXT, start: 0, end: LONG_TEXT.length }],
      })
      expect(await index.get('none')).toEqual({ id: 'none', length: 0, passages: [] })
      for (const id of ['no such id', '', '__proto__']) expect(await index.get(id)).toBeNull()
      expect(await failureOf(index.get(1 as never))).toMatchObject({ code: 'INVALID_ARGUMENT' })
    })

    test('all documents are listed in their order, without those removed or replaced', async () => {
      const index = await filled([...DOCUMENTS.slice(0, 3), planets])
      await index.add([{ ...DOCUMENTS[1], text: 'Changed.' }])
      await index.remove(['d0'])
      expect(await index.documents()).toEqual([
        { id: 'd2', length: DOCUMENTS[2].text!.length },
        { id: 'planets', title: 'Planets', url: '/planets', meta: { far: true }, length: 53 },
        { id: 'd1', length: 'Changed.'.length },
      ])
      expect((await index.get('d1'))?.passages[0].text).toBe('Changed.')
      expect(await (await open()).documents()).toEqual([])
    })
  })
}
