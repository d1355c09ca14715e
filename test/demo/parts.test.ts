import { check, property, record, string } from 'fast-check'
import { expect, test } from 'vitest'
import { parts } from '../../demo/files/parts.ts'

const textOf = (passages: readonly unknown[] = []) => passages.map((each) => (each as { text: string }).text).join('')

test('a short document is left as it is', () => {
  const document = { id: 'a', text: 'short' }
  expect(parts(document)).toEqual([document])
})

test('a long one is cut between its sections, and says which part is which', () => {
  const section = (heading: string, length: number) => ({ heading, text: heading.repeat(length) })
  const passages = [section('a', 40), section('b', 50), section('c', 30), section('d', 80)]
  const meta = { file: 'book.md' }
  expect(parts({ id: 'book.md', title: 'Book', passages, meta }, 100)).toEqual([
    { id: 'book.md', title: 'Book (part 1 of 3)', passages: passages.slice(0, 2), meta },
    { id: 'book.md#2', title: 'Book (part 2 of 3)', passages: passages.slice(2, 3), meta },
    { id: 'book.md#3', title: 'Book (part 3 of 3)', passages: passages.slice(3), meta },
  ])
})

test('a long section is cut at a blank line, a line or a space, and keeps its heading', () => {
  const text = `${'one '.repeat(20)}\n\n${'two '.repeat(30)}`
  const cut = parts({ id: 'a', passages: [{ heading: 'H', text }] }, 100)
  expect(cut.map(({ passages }) => passages)).toEqual([
    [{ heading: 'H', text: `${'one '.repeat(20)}\n\n` }],
    [{ heading: 'H', text: 'two '.repeat(25) }],
    [{ heading: 'H', text: 'two '.repeat(5) }],
  ])
})

test('nothing is lost, no part is too long, no pair is parted', () => {
  const unit = string({ unit: 'binary', maxLength: 300 })
  check(
    property(record({ text: unit }), ({ text }) => {
      const cut = parts({ id: 'a', text }, 20)
      if (cut.length === 1) return expect(cut[0].text).toBe(text)
      expect(cut.map(({ passages }) => textOf(passages)).join('')).toBe(text)
      for (const { passages } of cut) {
        expect(textOf(passages).length).toBeLessThanOrEqual(20)
        expect(textOf(passages)).not.toMatch(/\p{Surrogate}/u)
      }
      expect(new Set(cut.map(({ id }) => id)).size).toBe(cut.length)
    }),
  )
})
