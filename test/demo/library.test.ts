import { describe, expect, test } from 'vitest'
import { TimeLeft } from '../../demo/intake/time-left.ts'
import { treeOf } from '../../demo/library/tree.ts'
import { bytes, count, list, timeLeft } from '../../demo/ui/words.ts'

const entry = (file: string, id = file) => ({ id, length: 1, meta: { file } })

describe('the tree of files', () => {
  test('is sorted by name, numbers by their size, and counts documents', () => {
    const tree = treeOf([
      entry('n/10.md'),
      entry('n/9.md'),
      entry('top.md'),
      entry('n/deep/x.jsonl', 'n/deep/x.jsonl#1'),
      entry('n/deep/x.jsonl', 'n/deep/x.jsonl#2'),
      { id: 'foreign', length: 1 },
    ])
    expect(tree).toMatchObject({ path: '', documents: 6, files: [{ path: 'foreign' }, { path: 'top.md' }] })
    const [notes] = tree.folders
    expect(notes).toMatchObject({ path: 'n', name: 'n', documents: 4 })
    expect(notes.files.map(({ name }) => name)).toEqual(['9.md', '10.md'])
    expect(notes.folders).toMatchObject([{ path: 'n/deep', files: [{ documents: 2, id: 'n/deep/x.jsonl#1' }] }])
  })

  test('names of every object are names', () => {
    const tree = treeOf([entry('__proto__/constructor'), entry('constructor')])
    expect(tree.folders).toMatchObject([{ path: '__proto__', files: [{ name: 'constructor' }] }])
    expect(tree.files).toMatchObject([{ name: 'constructor' }])
  })
})

describe('time left', () => {
  test('follows the speed of late; before there is one, nobody knows', () => {
    const clock = new TimeLeft()
    clock.note(0, 0)
    expect(clock.until(100, 5_000)).toBeNull()
    clock.note(10, 1_000)
    expect(clock.until(100, 1_000)).toBeNull()
    clock.note(20, 2_000)
    expect(clock.until(100, 2_000)).toBe(8_000)
    // Time goes on also where nothing is told.
    expect(clock.until(100, 3_000)).toBe(7_000)
    expect(clock.until(100, 60_000)).toBe(0)
    // Ten times slower for longer than anybody remembers.
    for (let second = 3; second <= 60; second++) clock.note(20 + (second - 2), second * 1_000)
    expect(clock.until(100, 60_000)).toBeCloseTo(22_000, -3)
  })

  test('is said as exactly as it is known', () => {
    expect([5e3, 33e3, 60e3, 150e3, 3600e3, 9000e3].map(timeLeft)).toEqual([
      'a few seconds left',
      'about 40 seconds left',
      'about a minute left',
      'about 3 minutes left',
      'about an hour left',
      'about 3 hours left',
    ])
  })
})

test('words', () => {
  expect([0, 999, 1500, 23_456_789, 2e9].map(bytes)).toEqual(['0 bytes', '999 bytes', '1.5 kB', '23 MB', '2.0 GB'])
  expect([count(1, 'file'), count(2000, 'file')]).toEqual(['1 file', '2,000 files'])
  expect([list([]), list(['a']), list(['a', 'b', 'c']), list(['a', 'b', 'c', 'd'])]).toEqual([
    '',
    'a',
    'a, b and c',
    'a, b and 2 more',
  ])
})
