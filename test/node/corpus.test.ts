import { chmod, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { listFiles, readCorpus } from '../../src/node/corpus.ts'
import type { DocumentInput } from '../../src/search/types.ts'
import { temporaryFolder, writeFiles } from './folder.ts'

async function read(paths: string[], except = '/nowhere') {
  const reports: string[] = []
  const lost: string[] = []
  const report = (path: string, why: string, reach?: 'lost') => (reach ? lost : reports).push(`${path} ${why}`)
  const documents: DocumentInput[] = []
  const files = await listFiles(paths, except, report)
  for await (const document of readCorpus(files, report, new AbortController().signal)) documents.push(document)
  return { documents, ids: documents.map(({ id }) => id), reports, lost }
}

it('walks folders in the order of names, and reads each kind of file', async () => {
  const folder = await temporaryFolder()
  await writeFiles(folder, {
    'b.md': '# B\n\nText.',
    'a/z.txt': 'Plain.',
    'a/Y.HTML': '<title>Y</title>Page.',
    'a.jsonl': '{"id":"one","text":"1"}\n{"_id":"two","text":"2","title":"T"}',
    'image.png': 'no',
    '.git/hidden.md': 'no',
    'node_modules/x/readme.md': 'no',
    '.hidden.txt': 'no',
  })
  const { documents, reports } = await read([folder])
  expect(documents).toEqual([
    { id: 'a/Y.HTML', url: 'a/Y.HTML', title: 'Y', passages: [{ text: 'Page.' }] },
    { id: 'a/z.txt', text: 'Plain.' },
    { id: 'one', text: '1' },
    { id: 'two', text: '2', title: 'T' },
    { id: 'b.md', url: 'b.md', title: 'B', passages: [{ text: 'Text.', heading: 'B', anchor: 'b' }] },
  ])
  expect(reports).toEqual([])
})

it('takes several paths, and single files by their name', async () => {
  const folder = await temporaryFolder()
  await writeFiles(folder, { 'x/a.md': 'one', 'y/b.md': 'two', 'c.txt': 'three' })
  expect((await read([join(folder, 'y'), join(folder, 'c.txt'), join(folder, 'x/a.md')])).ids).toEqual([
    'b.md',
    'c.txt',
    'a.md',
  ])
})

it('refuses two files with one id, and a file that it cannot read', async () => {
  const folder = await temporaryFolder()
  await writeFiles(folder, { 'x/a.md': 'one', 'y/a.md': 'two', 'z.pdf': 'x' })
  await expect(read([join(folder, 'x'), join(folder, 'y')])).rejects.toThrow('the same id, a.md')
  await expect(read([join(folder, 'z.pdf')])).rejects.toThrow('.jsonl')
  await expect(read([join(folder, 'none')])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

it('reports what gives no document, and goes on', async () => {
  const folder = await temporaryFolder()
  await writeFiles(folder, {
    'a-binary.txt': new Uint8Array([0, 1, 2]),
    'b-latin1.txt': new Uint8Array([0x47, 0xf6]),
    'c-empty.md': '',
    'd-blank.txt': ' \n\t',
    'e-script.html': '<script>x</script>',
    'f-large.txt': new Uint8Array(16 * 2 ** 20 + 1).fill(97),
    'g-good.txt': 'good',
  })
  const { ids, reports, lost } = await read([folder])
  expect(ids).toEqual(['g-good.txt'])
  expect(reports.map((line) => line.slice(folder.length + 1).replace(/\(.*/, ''))).toEqual([
    'a-binary.txt is not text ',
    'b-latin1.txt is not text ',
    'c-empty.md is empty',
    'd-blank.txt is empty',
    'e-script.html is empty',
    'f-large.txt is too large: more than 16 MiB',
  ])
  expect(lost).toEqual([])
})

it.skipIf(process.platform === 'win32')('follows links without going round in circles', async () => {
  const folder = await temporaryFolder()
  const outside = await temporaryFolder()
  await writeFiles(outside, { 'linked.md': 'there' })
  await writeFiles(folder, { 'a/b.md': 'here' })
  await symlink('..', join(folder, 'a/up'))
  await symlink('.', join(folder, 'a/self'))
  await symlink(outside, join(folder, 'out'))
  await symlink('nowhere', join(folder, 'broken.md'))
  const { ids, lost } = await read([folder])
  expect(ids).toEqual(['a/b.md', 'out/linked.md'])
  expect(lost).toEqual([expect.stringContaining('broken.md')])
})

it.skipIf(process.platform === 'win32')('reports what it may not read', async () => {
  const folder = await temporaryFolder()
  await writeFiles(folder, { 'a.md': 'no', 'b.jsonl': '{}', 'c/d.md': 'no', 'e.md': 'yes' })
  for (const name of ['a.md', 'b.jsonl', 'c']) await chmod(join(folder, name), 0)
  // The superuser may read everything, so it becomes nobody for as long as this takes.
  const superuser = process.getuid?.() === 0
  await chmod(folder, 0o755)
  if (superuser) process.seteuid?.(65_534)
  const { ids, lost } = await read([folder]).finally(() => superuser && process.seteuid?.(0))
  expect(ids).toEqual(['e.md'])
  expect(lost).toHaveLength(3)
  await chmod(join(folder, 'c'), 0o700)
})

it('leaves out the folder that it writes to, and ends when aborted', async () => {
  const folder = await temporaryFolder()
  await writeFiles(folder, { 'a.md': 'yes', 'out/b.md': 'no' })
  expect((await read([folder], join(folder, 'out'))).ids).toEqual(['a.md'])
  const files = await listFiles([folder], join(folder, 'none'), () => {})
  const reading = readCorpus(files, () => {}, AbortSignal.abort()).next()
  await expect(reading).rejects.toThrow('abort')
})
