import { describe, expect, it } from 'vitest'
import { openCollection } from '../../src/eval/collection.ts'

const FILES = {
  'corpus.jsonl':
    '{"_id":"d1","title":"The lamp","text":"burns all night"}\n{"_id":"d2","text":""}\n\n{"_id":"__proto__","title":null,"text":"x"}\n',
  'queries.jsonl': '{"_id":"q1","text":"light"}\n{"_id":"q2","text":"sea"}\n{"_id":"q3","text":"sand"}\n',
  'qrels/test.tsv': 'query-id\tcorpus-id\tscore\nq3\td2\t2\nq1\td1\t1\nq1\t__proto__\t-1\n',
}

type Files = Partial<Record<string, string>>

const open = (files: Files, split?: string) =>
  openCollection(
    'shelf/lamps/',
    async (path) => {
      const text = files[path]
      if (text === undefined) return null
      // In pieces, as a file comes.
      return (async function* () {
        for (let at = 0; at < text.length; at += 7) yield text.slice(at, at + 7)
      })()
    },
    split,
  )

async function list<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('a collection in the form of BEIR', () => {
  it('is read with its judged queries', async () => {
    const collection = await open(FILES)
    expect(collection).toMatchObject({ name: 'lamps', split: 'test', unjudged: 1 })
    expect(collection.queries).toEqual([
      { id: 'q1', text: 'light' },
      { id: 'q3', text: 'sand' },
    ])
    expect([...collection.judgements.get('q1')!]).toEqual([
      ['d1', 1],
      ['__proto__', -1],
    ])
    expect(collection.ids.documents).toEqual(new Set(['d1', 'd2', '__proto__']))
    const documents = await list(collection.documents())
    expect(documents).toEqual([
      { id: 'd1', title: 'The lamp', text: 'burns all night' },
      { id: 'd2', title: '', text: '' },
      { id: '__proto__', title: '', text: 'x' },
    ])
    expect(await list(collection.documents())).toEqual(documents)
  })

  it('takes Windows line ends and a byte order mark', async () => {
    const files = Object.fromEntries(Object.entries(FILES).map(([path, text]) => [path, text.replaceAll('\n', '\r\n')]))
    files['corpus.jsonl'] = `\ufeff${files['corpus.jsonl']}`
    expect((await open(files)).queries).toHaveLength(2)
    expect((await open(files)).hash).toBe((await open(FILES)).hash)
  })

  it('has a hash that follows ids, titles, texts and their order', async () => {
    const { hash } = await open(FILES)
    const lines = FILES['corpus.jsonl'].split('\n')
    for (const corpus of [
      FILES['corpus.jsonl'].replace('all night', 'all  night'),
      FILES['corpus.jsonl'].replace('The lamp', 'A lamp'),
      `${[lines[1], lines[0], ...lines.slice(2)].join('\n')}`,
      `${FILES['corpus.jsonl']}{"_id":"d3","text":""}`,
    ]) {
      expect((await open({ ...FILES, 'corpus.jsonl': corpus })).hash).not.toBe(hash)
    }
    expect(
      (await open({ ...FILES, 'corpus.jsonl': FILES['corpus.jsonl'].replace('"text":""', '"text" : ""') })).hash,
    ).toBe(hash)
  })

  const HEADER = 'query-id\tcorpus-id\tscore\n'
  it.each<[string, Files, string, string, number | null]>([
    ['no corpus', { 'corpus.jsonl': undefined }, 'is missing', 'corpus.jsonl', null],
    ['no queries', { 'queries.jsonl': undefined }, 'is missing', 'queries.jsonl', null],
    ['no judgements', { 'qrels/test.tsv': undefined }, 'are missing', 'qrels/test.tsv', null],
    ['an empty corpus', { 'corpus.jsonl': '\n' }, 'is empty', 'corpus.jsonl', null],
    [
      'a document twice',
      { 'corpus.jsonl': '{"_id":"a","text":""}\n{"_id":"a","text":"b"}' },
      '"a" occurs a second time',
      'corpus.jsonl',
      2,
    ],
    [
      'a query twice',
      { 'queries.jsonl': `${FILES['queries.jsonl']}{"_id":"q2","text":""}` },
      '"q2" occurs',
      'queries.jsonl',
      4,
    ],
    ['half a line', { 'corpus.jsonl': '{"_id":"d1","text":"a"}\n{"_id":"d2","te' }, 'not JSON', 'corpus.jsonl', 2],
    ['a line that is no object', { 'queries.jsonl': '["q1","light"]' }, 'not an object', 'queries.jsonl', 1],
    ['a document without id', { 'corpus.jsonl': '{"title":"a","text":"b"}' }, '_id is missing', 'corpus.jsonl', 1],
    ['a document without text', { 'corpus.jsonl': '{"_id":"a"}' }, 'text is missing', 'corpus.jsonl', 1],
    [
      'passages instead of a text',
      { 'corpus.jsonl': '{"_id":"a","passages":["b"]}' },
      'text is missing',
      'corpus.jsonl',
      1,
    ],
    [
      'a text that is a number',
      { 'queries.jsonl': '{"_id":"a","text":5}' },
      'text must be a string',
      'queries.jsonl',
      1,
    ],
    ['judgements without a header', { 'qrels/test.tsv': 'q1\td1\t1\n' }, 'must be the line', 'qrels/test.tsv', 1],
    ['blanks for tabs', { 'qrels/test.tsv': `${HEADER}q1 d1 1\n` }, '1 columns instead of 3', 'qrels/test.tsv', 2],
    ['four columns', { 'qrels/test.tsv': `${HEADER}q1\t0\td1\t1\n` }, '4 columns', 'qrels/test.tsv', 2],
    [
      'half a grade',
      { 'qrels/test.tsv': `${HEADER}q1\td1\t0.5\n` },
      '"0.5" is not a whole number',
      'qrels/test.tsv',
      2,
    ],
    [
      'an unknown query',
      { 'qrels/test.tsv': `${HEADER}q1\td1\t1\n\nq9\td1\t1\n` },
      'no query "q9"',
      'qrels/test.tsv',
      4,
    ],
    [
      'an unknown document',
      { 'qrels/test.tsv': `${HEADER}q1\tconstructor\t1\n` },
      'no document "constructor"',
      'qrels/test.tsv',
      2,
    ],
    ['a judgement twice', { 'qrels/test.tsv': `${HEADER}q1\td1\t1\nq1\td1\t1\n` }, 'before', 'qrels/test.tsv', 3],
    ['nothing but a header', { 'qrels/test.tsv': HEADER }, 'no judgement', 'qrels/test.tsv', null],
  ])('with %s is refused by file and line', async (_, change, message, file, line) => {
    const error = await open({ ...FILES, ...change }).then(
      () => null,
      (error) => error,
    )
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', detail: { file: `shelf/lamps/${file}` } })
    expect(error.message).toContain(message)
    expect(error.detail.line ?? null).toBe(line)
    if (line !== null) expect(error.message).toContain(`lamps/${file}, line ${line}: `)
    expect(error.remedy).not.toBe('')
  })

  it('has the judgements of the split that is asked for', async () => {
    const files = { ...FILES, 'qrels/dev.tsv': `${HEADER}q2\td2\t1\n` }
    expect((await open(files, 'dev')).queries).toEqual([{ id: 'q2', text: 'sea' }])
  })
})
