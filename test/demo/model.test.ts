/** Switching the model of the demo: what was chosen is found again, and documents stay what they were. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { keep, kept, type ModelChoice, optionsOf, otherName } from '../../demo/model/choice.ts'
import { copyDocuments, inputOf } from '../../demo/model/copy.ts'
import type { DocumentContent, DocumentInput, SearchIndex } from '../../src/index.ts'

const stored = new Map<string, string>()
beforeEach(() => {
  stored.clear()
  vi.stubGlobal('document', { baseURI: 'https://site.test/demo/' })
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  })
})
afterEach(() => vi.unstubAllGlobals())

describe('what was chosen', () => {
  const first = { index: 'Your documents', choice: { kind: 'default' } }

  test('is the default at first, and again when it is forgotten or unreadable', () => {
    expect(kept()).toEqual(first)
    keep({ index: otherName('Your documents'), choice: { kind: 'named', model: 'owner/small' } })
    expect(kept()).toEqual({ index: 'Your documents (2)', choice: { kind: 'named', model: 'owner/small' } })
    expect(otherName(kept().index)).toBe('Your documents')
    keep(null)
    expect(kept()).toEqual(first)
    for (const broken of ['{', '7', '{"index":"docs","choice":{"kind":"nano"}}', '{"index":"Your documents"}']) {
      stored.set('maxsift-demo-model', broken)
      expect(kept()).toEqual(first)
    }
    vi.stubGlobal('localStorage', undefined)
    keep({ index: 'Your documents', choice: { kind: 'nano' } })
    expect(kept()).toEqual(first)
  })

  test('says how the index is opened; files are found by the index again', () => {
    const settings = { model: 'models/a/', hub: 'https://mirror.test' }
    const of = (choice: ModelChoice) => optionsOf(choice, settings)
    expect(String(of({ kind: 'default' }).model)).toBe('https://site.test/demo/models/a/')
    expect(optionsOf({ kind: 'default' }, { model: null })).toEqual({})
    expect(of({ kind: 'nano' }).model).toMatchObject({ name: 'maxsift-nano-en' })
    expect(of({ kind: 'named', model: 'owner/small' })).toMatchObject({ model: 'owner/small', hub: settings.hub })
    const files = [new File(['{}'], 'config.json')]
    expect(of({ kind: 'files', name: 'mine', files }).model).toEqual({ files })
    keep({ index: 'Your documents', choice: { kind: 'files', name: 'mine', files } })
    expect(kept().choice).toEqual({ kind: 'files', name: 'mine' })
    expect(of(kept().choice).model).toBeUndefined()
  })
})

describe('documents', () => {
  const content = (document: Partial<DocumentContent>): DocumentContent => ({
    id: 'a',
    length: 3,
    passages: [{ text: 'one', start: 0, end: 3 }],
    ...document,
  })

  test('are added as they were given', () => {
    expect(inputOf(content({}))).toEqual({ id: 'a', text: 'one' })
    expect(inputOf(content({ title: 'T', url: '/u', meta: { n: 1 } }))).toEqual({
      id: 'a',
      title: 'T',
      url: '/u',
      meta: { n: 1 },
      text: 'one',
    })
    const passages = [
      { text: 'one', heading: 'H', anchor: 'h' },
      { text: 'two', heading: '' },
    ]
    const cut = passages.map((passage) => ({ ...passage, start: 0, end: 3 }))
    expect(inputOf(content({ passages: cut }))).toEqual({ id: 'a', passages })
    expect(inputOf(content({ passages: [] }))).toEqual({ id: 'a', text: '' })
  })

  test('are copied all, but for those that were removed meanwhile; progress knows how many', async () => {
    const from = {
      documents: async () => ['a', 'gone', 'b'].map((id) => ({ id, length: 3 })),
      get: async (id: string) => (id === 'gone' ? null : content({ id })),
    }
    const added: DocumentInput[] = []
    const to = {
      async add(documents: AsyncIterable<DocumentInput>, { onProgress }: { onProgress(progress: object): void }) {
        for await (const document of documents) added.push(document)
        onProgress({ stage: 'encode', loaded: 2, total: null })
      },
    }
    const onProgress = vi.fn()
    await copyDocuments(from as unknown as SearchIndex, to as unknown as SearchIndex, { onProgress })
    expect(added.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(onProgress).toHaveBeenCalledWith({ stage: 'encode', loaded: 2, total: 3 })
  })
})
