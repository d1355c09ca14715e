import { describe, expect, test } from 'vitest'
import { foldersOf, kindOf, readFile } from '../../demo/files/read.ts'

async function read(path: string, contents: BlobPart | File) {
  const file = contents instanceof File ? contents : new File([contents], path.split('/').at(-1)!)
  const problems: string[] = []
  const documents = []
  let bytes = 0
  const options = {
    signal: new AbortController().signal,
    problem: (why: string) => problems.push(why),
    onBytes: (read: number) => {
      bytes = read
    },
  }
  for await (const document of readFile({ path, file }, options)) documents.push(document)
  return { documents, problems, bytes }
}

describe('a file', () => {
  test('of each kind becomes documents that say where they are from', async () => {
    const markdown = await read('notes/2024/tea.md', '# Tea\n\nGreen.\n\n## Cooling\n\nWait.')
    expect(markdown.documents).toEqual([
      {
        id: 'notes/2024/tea.md',
        title: 'Tea',
        passages: [
          { text: 'Green.', heading: 'Tea', anchor: 'tea' },
          { text: 'Cooling\nWait.', heading: 'Cooling', anchor: 'cooling' },
        ],
        meta: { file: 'notes/2024/tea.md', folders: ['notes', 'notes/2024'] },
      },
    ])
    expect(markdown.bytes).toBe(32)
    expect((await read('a.txt', 'plain')).documents).toMatchObject([{ id: 'a.txt', title: 'a.txt', text: 'plain' }])
    const html = await read('p.html', '<title>P</title><script>alert(1)</script><p>&lt;img src=x onerror=alert(1)&gt;')
    expect(html.documents).toMatchObject([{ title: 'P', passages: [{ text: '<img src=x onerror=alert(1)>' }] }])
    const lines = '{"id":"a","text":"one","meta":{"year":2000}}\n{"_id":2,"text":"two","title":"T"}'
    expect((await read('d/c.jsonl', lines)).documents).toMatchObject([
      { id: 'd/c.jsonl#a', text: 'one', meta: { year: 2000, file: 'd/c.jsonl', folders: ['d'] } },
      { id: 'd/c.jsonl#2', text: 'two', title: 'T', meta: { file: 'd/c.jsonl', folders: ['d'] } },
    ])
  })

  test.each([
    ['empty.md', '', 'empty'],
    ['blank.md', ' \n ', 'no text in it'],
    ['photo.png', 'x', 'a kind of file that cannot be read here (.png)'],
    ['Makefile', 'x', 'a kind of file that cannot be read here (without an ending)'],
    ['binary.txt', new Uint8Array([1, 0, 2]), 'not text (UTF-8, or UTF-16 with a byte order mark)'],
    ['latin.jsonl', new Uint8Array([0x7b, 0xe4, 0x7d]), 'not text (UTF-8)'],
    ['huge.txt', 'x'.repeat(20e6 + 1), 'too large: more than 20 MB'],
  ])('%s gives nothing and says why', async (path, contents, why) => {
    expect(await read(path, contents as BlobPart)).toMatchObject({ documents: [], problems: [why] })
  })

  test('of lines gives those before a broken one', async () => {
    const { documents, problems } = await read('a: b.jsonl', '{"id":"a","text":"x"}\nno\n{"id":"b","text":"y"}')
    expect(documents).toHaveLength(1)
    expect(problems).toEqual([expect.stringMatching(/^read only up to line 2: this is not JSON/)])
  })

  test('that is gone or locked says so', async () => {
    for (const [name, why] of [
      ['NotFoundError', 'not there any more'],
      ['NotReadableError', 'not readable: no permission, or changed since it was given'],
    ]) {
      const file = new File(['x'], 'a.md')
      file.arrayBuffer = async () => {
        throw new DOMException('', name)
      }
      expect(await read('a.md', file)).toMatchObject({ documents: [], problems: [why] })
    }
  })

  test('an abort is no problem of the file', async () => {
    const control = new AbortController()
    const file = new File(['x'], 'a.md')
    file.arrayBuffer = async () => {
      control.abort()
      throw new DOMException('', 'NotReadableError')
    }
    const problem = () => expect.fail('it was told')
    const documents = readFile({ path: 'a.md', file }, { signal: control.signal, problem, onBytes: () => {} })
    await expect(documents.next()).rejects.toMatchObject({ name: 'AbortError' })
  })
})

test('kinds and folders are those of the path', () => {
  expect(['A.PDF', 'a.MD', 'a.htm', 'a.ndjson', 'a.b', 'pdf'].map(kindOf)).toEqual([
    'pdf',
    'markdown',
    'html',
    'jsonl',
    null,
    null,
  ])
  expect(foldersOf('a/b/c.md')).toEqual(['a', 'a/b'])
  expect(foldersOf('c.md')).toEqual([])
})
