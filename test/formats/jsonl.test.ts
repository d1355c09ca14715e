import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import { jsonDocuments, jsonLines } from '../../src/formats/jsonl.ts'

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}
const documents = (text: string) => all(jsonDocuments([text], 'docs.jsonl'))

it('reads the documents of `add` and those of BEIR', async () => {
  const own = { id: 'a', text: 'x', title: 'T', url: '/a', meta: { n: 1 } }
  const beir = { _id: '7', title: '', text: 'y', metadata: { url: 'z' } }
  const cut = { id: 'c', passages: ['p', { text: 'q', heading: 'h' }] }
  expect(await documents([own, beir, cut].map((each) => JSON.stringify(each)).join('\n'))).toEqual([
    own,
    { id: '7', text: 'y', meta: { url: 'z' } },
    cut,
  ])
  expect(await documents('{"id":3,"text":"n"}')).toEqual([{ id: '3', text: 'n' }])
  expect(await documents('{"id":"p","text":"","__proto__":{"title":"no"},"constructor":1}')).toEqual([
    { id: 'p', text: '' },
  ])
})

it('takes a byte order mark, CRLF, blank lines and separators inside of strings', async () => {
  const text = '\ufeff{"id":"a","text":"1\u2028 2"}\r\n\r\n  \n{"id":"b","text":"3"}\r\n'
  expect(await documents(text)).toEqual([
    { id: 'a', text: '1\u2028 2' },
    { id: 'b', text: '3' },
  ])
  expect(await documents('')).toEqual([])
  expect(await documents('\ufeff')).toEqual([])
})

it.each([
  ['{"id":"a","text":"x"}\n\n{"id":', 3, 'this is not JSON'],
  ['[1]', 1, 'this is not an object'],
  ['null', 1, 'this is not an object'],
  ['{"text":"x"}', 1, 'id (or _id) is missing'],
  ['{"id":{},"text":"x"}', 1, 'id must be a string'],
  ['{"id":"a"}', 1, 'text is missing'],
  ['{"id":"a","passages":"x"}', 1, 'text is missing'],
  ['{"id":"a","text":5}', 1, 'text must be a string'],
  ['{"id":"a","text":"x","title":[]}', 1, 'title must be a string'],
])('names file and line of %j', async (text, line, message) => {
  const error = await documents(text).catch((reason) => reason)
  expect(error).toBeInstanceOf(MaxsiftError)
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', detail: { file: 'docs.jsonl', line } })
  expect(error.message).toContain(`docs.jsonl, line ${line}: ${message}`)
})

it('gives the documents before a bad line', async () => {
  const found: string[] = []
  const reading = (async () => {
    for await (const { id } of jsonDocuments(['{"id":"a","text":"x"}\nbad'], 'f')) found.push(id)
  })()
  await expect(reading).rejects.toThrow('f, line 2')
  expect(found).toEqual(['a'])
})

it('reads the same values however the file comes in pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue(), { maxLength: 8 }),
      fc.constantFrom('\n', '\r\n', '\n\n'),
      fc.array(fc.nat(40), { maxLength: 20 }),
      fc.boolean(),
      async (values, end, cuts, mark) => {
        const text = (mark ? '\ufeff' : '') + values.map((value) => JSON.stringify(value) + end).join('')
        const pieces: string[] = []
        let at = 0
        for (const cut of cuts) {
          pieces.push(text.slice(at, at + cut))
          at += cut
        }
        pieces.push(text.slice(at))
        const read = await all(jsonLines(pieces, 'f'))
        expect(read.map(({ value }) => JSON.stringify(value))).toEqual(values.map((value) => JSON.stringify(value)))
      },
    ),
    { numRuns: 200 },
  )
})
