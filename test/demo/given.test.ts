import { describe, expect, test } from 'vitest'
import { chosen, dropped } from '../../demo/files/given.ts'

const file = (name: string, webkitRelativePath = '') =>
  Object.defineProperty(new File(['x'], name), 'webkitRelativePath', { value: webkitRelativePath })

/** A folder as a drop gives it: its entries come in portions of two. */
function directory(name: string, entries: FileSystemEntry[]): FileSystemEntry {
  const createReader = () => {
    const left = [...entries]
    return { readEntries: (give: (portion: FileSystemEntry[]) => void) => give(left.splice(0, 2)) }
  }
  return { name, isDirectory: true, isFile: false, createReader } as unknown as FileSystemEntry
}

function entry(name: string, error?: DOMException): FileSystemEntry {
  const get = (give: (file: File) => void, fail: (error: DOMException) => void) =>
    error ? fail(error) : give(new File(['x'], name))
  return { name, isDirectory: false, isFile: true, file: get } as unknown as FileSystemEntry
}

const drop = (...entries: FileSystemEntry[]) =>
  dropped(entries.map((each) => ({ kind: 'file', webkitGetAsEntry: () => each })) as unknown as DataTransferItemList)

describe('chosen files', () => {
  test('have their names; those of a folder have their paths', () => {
    expect(chosen([file('b.md'), file('a.md')])).toMatchObject({
      files: [{ path: 'a.md' }, { path: 'b.md' }],
      folders: [],
    })
    const { files, folders } = chosen([file('a.md', 'notes/x/a.md'), file('a.md', 'notes/a.md')])
    expect(files.map(({ path }) => path)).toEqual(['notes/a.md', 'notes/x/a.md'])
    expect(folders).toEqual(['notes'])
  })

  test('hidden ones and installed packages are left out, and counted', () => {
    const paths = ['notes/.git/HEAD', 'notes/.hidden.md', 'notes/node_modules/x/readme.md', 'notes/a.md']
    const { files, leftOut } = chosen(paths.map((path) => file(path.split('/').at(-1)!, path)))
    expect(files.map(({ path }) => path)).toEqual(['notes/a.md'])
    expect(leftOut).toBe(3)
    // Asked for by name, it is meant.
    expect(chosen([file('.bashrc.txt')])).toMatchObject({ files: [{ path: '.bashrc.txt' }], leftOut: 0 })
  })

  test('two with one name are two', () => {
    expect(chosen([file('a.md'), file('a.md'), file('a.md')]).files.map(({ path }) => path)).toEqual([
      'a.md',
      'a (2).md',
      'a (3).md',
    ])
  })
})

describe('a drop', () => {
  test('is walked to its ends, in portions', async () => {
    const deep = directory('deep', [entry('1.md'), entry('2.md'), entry('3.md')])
    const { files, folders } = await drop(directory('notes', [entry('b.md'), deep, entry('a.md')]), entry('z.txt'))
    expect(files.map(({ path }) => path)).toEqual([
      'notes/a.md',
      'notes/b.md',
      'notes/deep/1.md',
      'notes/deep/2.md',
      'notes/deep/3.md',
      'z.txt',
    ])
    expect(folders).toEqual(['notes'])
  })

  test('what cannot be opened is told, and does not stop the rest', async () => {
    const gone = entry('gone.md', new DOMException('', 'NotFoundError'))
    const locked = entry('locked.md', new DOMException('', 'NotReadableError'))
    const { files, problems } = await drop(directory('notes', [gone, entry('a.md'), locked]))
    expect(files.map(({ path }) => path)).toEqual(['notes/a.md'])
    expect(problems).toEqual([
      { path: 'notes/locked.md', why: 'not readable: no permission, or changed since it was given' },
      { path: 'notes/gone.md', why: 'not there any more' },
    ])
  })
})
