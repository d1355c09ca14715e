import type { DocumentEntry, DocumentInput, SearchIndex } from 'maxsift'
import { describe, expect, test } from 'vitest'
import type { Given } from '../../demo/files/given.ts'
import { Intake } from '../../demo/intake/intake.ts'
import { MaxsiftError } from '../../src/errors.ts'

/** Adds documents as an index does: one by one, skipping those it holds, refusing those with the text "bad". */
class FakeIndex {
  readonly held = new Map<string, DocumentInput>()
  /** Called with each document before it is taken. */
  before: (document: DocumentInput) => void | Promise<void> = () => {}

  add: SearchIndex['add'] = async (documents, { signal, onProgress } = {}) => {
    const result = { added: 0, updated: 0, unchanged: 0, truncated: 0 }
    let position = 0
    for await (const document of documents) {
      await this.before(document)
      signal?.throwIfAborted()
      if (document.text === 'bad')
        throw new MaxsiftError('INVALID_ARGUMENT', `Document ${position}: is bad.`, { detail: { position } })
      const held = this.held.get(document.id)
      if (held && JSON.stringify(held) === JSON.stringify(document)) result.unchanged += 1
      else if (held) result.updated += 1
      else result.added += 1
      this.held.set(document.id, document)
      position += 1
      onProgress?.({ stage: 'encode', loaded: position, total: null })
    }
    return result
  }

  documents = async (): Promise<DocumentEntry[]> =>
    [...this.held.values()].map(({ id, meta }) => ({ id, meta: { ...meta }, length: 0 }))
}

function given(files: Record<string, string>, folders: string[] = []): Given {
  const list = Object.entries(files).map(([path, text]) => ({ path, file: new File([text], path) }))
  return { files: list, folders, problems: [], leftOut: 0 }
}

function setUp() {
  const index = new FakeIndex()
  const seen: { state: string; share: number; done: number }[] = []
  const intake = new Intake(
    () => index as unknown as SearchIndex,
    () => seen.push({ state: intake.state, share: intake.share, done: intake.filesDone }),
  )
  return { index, intake, seen }
}

describe('reading files into an index', () => {
  test('counts up and ends', async () => {
    const { index, intake, seen } = setUp()
    await intake.add(given({ 'a.txt': 'one', 'n/b.txt': 'two', 'n/c.txt': 'three' }, ['n']))
    expect([...index.held.keys()]).toEqual(['a.txt', 'n/b.txt', 'n/c.txt'])
    expect(intake).toMatchObject({ state: 'done', files: 3, filesDone: 3, changed: 3, unchanged: 0, share: 1 })
    expect(intake.label).toBe('“n” and “a.txt”')
    const shares = seen.filter(({ state }) => state === 'reading').map(({ share }) => share)
    expect(shares).toEqual([...shares].sort((a, b) => a - b))
    expect(shares.length).toBeGreaterThan(3)
  })

  test('says which files gave nothing, and goes on', async () => {
    const { index, intake } = setUp()
    await intake.add({ ...given({ 'a.txt': '', 'b.png': 'x', 'c.txt': 'fine' }), leftOut: 2 })
    expect([...index.held.keys()]).toEqual(['c.txt'])
    expect(intake).toMatchObject({ state: 'done', leftOut: 2 })
    expect(intake.problems.map(({ path }) => path)).toEqual(['a.txt', 'b.png'])
  })

  test('a document that the index refuses is left out; the others of its file are not', async () => {
    const { index, intake } = setUp()
    const lines = ['{"id":"1","text":"x"}', '{"id":"2","text":"bad"}', '{"id":"3","text":"y"}', '{'].join('\n')
    await intake.add(given({ 'a.txt': 'first', 'b.jsonl': lines, 'c.txt': 'last' }))
    expect([...index.held.keys()]).toEqual(['a.txt', 'b.jsonl#1', 'b.jsonl#3', 'c.txt'])
    expect(intake).toMatchObject({ state: 'done', documents: 4, hasRefused: true })
    expect(intake.problems.map(({ path, why }) => `${path}: ${why}`)).toEqual([
      expect.stringContaining('b.jsonl: read only up to line 4'),
      'b.jsonl: holds a document that cannot be indexed: Document 2: is bad.',
    ])
  })

  test('takes more while it reads', async () => {
    const { index, intake } = setUp()
    let more: Promise<void> | undefined
    index.before = ({ id }) => {
      if (id === 'b.txt') more ??= intake.add(given({ 'c.txt': 'three' }))
    }
    await intake.add(given({ 'a.txt': 'one', 'b.txt': 'two' }))
    await more
    expect(index.held.size).toBe(3)
    expect(intake).toMatchObject({ state: 'done', files: 3, filesDone: 3 })
  })

  test('stops when asked, and goes on from there', async () => {
    const { index, intake } = setUp()
    index.before = ({ id }) => {
      if (id === 'c.txt') intake.stop()
    }
    await intake.add(given({ 'a.txt': 'one', 'b.txt': 'two', 'c.txt': 'three', 'd.txt': 'four' }))
    expect(intake).toMatchObject({ state: 'stopped', failure: null, files: 4 })
    expect([...index.held.keys()]).toEqual(['a.txt', 'b.txt'])
    index.before = () => {}
    await intake.resume()
    expect(intake).toMatchObject({ state: 'done', changed: 2, unchanged: 2 })
    expect(index.held.size).toBe(4)
  })

  test('says why it stopped; what was given later is read with the rest', async () => {
    const { index, intake } = setUp()
    const full = new MaxsiftError('STORE_QUOTA', 'No room.')
    index.before = ({ id }) => {
      if (id === 'b.txt') throw full
    }
    await intake.add(given({ 'a.txt': 'one', 'b.txt': 'two' }))
    expect(intake).toMatchObject({ state: 'stopped', failure: full })
    index.before = () => {}
    await intake.add(given({ 'c.txt': 'three' }))
    expect(intake).toMatchObject({ state: 'done', failure: null, files: 3 })
    expect(index.held.size).toBe(3)
  })

  test('the next folder is a new one', async () => {
    const { intake } = setUp()
    await intake.add(given({ 'a/a.txt': '' }, ['a']))
    await intake.add(given({ 'b/b.txt': 'x' }, ['b']))
    expect(intake).toMatchObject({ files: 1, label: '“b”', problems: [] })
  })
})

describe('what is gone', () => {
  const folder = (files: Record<string, string>) => given(files, ['n'])

  test('from a folder that is read again', async () => {
    const { intake } = setUp()
    await intake.add(given({ 'z.txt': 'elsewhere' }))
    await intake.add(folder({ 'n/a.txt': '1', 'n/b.txt': '2', 'n/c/d.txt': '3' }))
    expect(intake.gone).toEqual([])
    await intake.add(folder({ 'n/a.txt': '1' }))
    expect(intake.gone.map(({ id }) => id)).toEqual(['n/b.txt', 'n/c/d.txt'])
    expect(intake).toMatchObject({ changed: 0, unchanged: 1 })
  })

  test('from a file that is read again', async () => {
    const { intake } = setUp()
    await intake.add(given({ 'a.jsonl': '{"id":"1","text":"x"}\n{"id":"2","text":"y"}' }))
    await intake.add(given({ 'a.jsonl': '{"id":"2","text":"y"}' }))
    expect(intake.gone.map(({ id }) => id)).toEqual(['a.jsonl#1'])
  })

  test('is not what only cannot be read now, nor what was stopped', async () => {
    const { index, intake } = setUp()
    await intake.add(folder({ 'n/a.txt': '1', 'n/b.txt': '2' }))
    await intake.add(folder({ 'n/a.txt': '1', 'n/b.txt': '' }))
    expect(intake.gone).toEqual([])
    index.before = () => intake.stop()
    await intake.add(folder({ 'n/a.txt': 'changed' }))
    expect(intake).toMatchObject({ state: 'stopped', gone: [] })
  })
})
