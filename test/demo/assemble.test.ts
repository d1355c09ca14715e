import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assemble, marksOf, type ReaderPassage } from '../../demo/reader/assemble.ts'
import { blocksOf } from '../../demo/reader/blocks.ts'

const cut = (text: string, start: number, end: number): ReaderPassage => ({ text: text.slice(start, end), start, end })
const normal = (text: string) => text.split(/\s+/).filter(Boolean).join(' ')

/** A text, and passages as an index cuts them: with overlap, without white space at their ends, whole together. */
const documents = fc
  .array(fc.oneof(fc.stringMatching(/^[a-zé]{1,9}$/), fc.constantFrom('😀', '\n', '\n\n', '\n \n', 'مرحبا', '漢字')), {
    minLength: 1,
    maxLength: 60,
  })
  .map((words) => words.join(' ').trim())
  .filter((text) => text !== '')
  .chain((text) =>
    fc
      .tuple(
        fc.array(fc.tuple(fc.nat(text.length), fc.nat(12)), { maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(text.length), fc.nat(30)), { maxLength: 4 }),
      )
      .map(([cuts, extra]) => {
        const edges = [...new Set([0, ...cuts.map(([at]) => at), text.length])].sort((a, b) => a - b)
        const ranges = edges.slice(1).map((end, i) => [Math.max(0, edges[i] - (cuts[i]?.[1] ?? 0)), end])
        for (const [start, length] of extra) ranges.push([start, Math.min(text.length, start + length)])
        const passages = ranges.map(([start, end]) => {
          const inner = text.slice(start, end)
          const from = start + inner.length - inner.trimStart().length
          return cut(text, from, Math.max(from, start + inner.trimEnd().length))
        })
        return { text, passages }
      }),
  )

test('whatever the passages and their order, the text is there once', () => {
  fc.assert(
    fc.property(documents, fc.integer(), ({ text, passages }, seed) => {
      const shuffled = passages
        .map((passage, i) => ({ passage, at: Math.sin(seed + i) }))
        .sort((a, b) => a.at - b.at)
        .map(({ passage }) => passage)
      const sections = assemble(shuffled)
      expect(normal(sections.map((section) => section.text).join('\n'))).toBe(normal(text))
      for (const { start, end, text } of sections) expect(text.length).toBe(end - start)
      // A passage lies where it says, in whichever section holds it, except for white space that was cut off.
      for (const { text: own, start, end } of passages) {
        const holder = sections.find((section) => section.start <= start && section.end >= end)
        expect(normal(holder!.text.slice(start - holder!.start, end - holder!.start))).toBe(normal(own))
      }
      const shown = blocksOf(sections).map((block) => block.text)
      expect(normal(shown.join(' '))).toBe(normal(text))
    }),
    { numRuns: 500 },
  )
})

test('headings begin sections, and so do anchors where a heading comes twice', () => {
  const sections = assemble([
    { text: 'One a. One b.', start: 0, end: 13, heading: 'One' },
    { text: 'One b. One c.', start: 7, end: 20, heading: 'One' },
    { text: 'Two', start: 21, end: 24, heading: 'Two', anchor: 'two' },
    { text: 'Again', start: 25, end: 30, heading: 'Two', anchor: 'two-1' },
  ])
  expect(sections.map(({ heading, text }) => [heading, text])).toEqual([
    ['One', 'One a. One b. One c.'],
    ['Two', 'Two'],
    ['Two', 'Again'],
  ])
})

test('a part that no passage holds is said to be left out', () => {
  const sections = assemble([
    { text: 'Begin.', start: 0, end: 6 },
    { text: 'Far on.', start: 5_000, end: 5_007 },
  ])
  expect(sections.map(({ omitted }) => omitted)).toEqual([0, 4_994])
  expect(blocksOf(sections).map(({ kind }) => kind)).toEqual(['paragraph', 'omission', 'paragraph'])
  expect(assemble([{ text: 'Later.', start: 400, end: 406 }])[0].omitted).toBe(400)
})

test('a heading that is a line of the text stands there once, with what comes before it', () => {
  const text = 'Guide\nInstall\nRun this.\n\nThen that.\nAnd that.'
  const blocks = blocksOf(assemble([{ text, start: 10, end: 10 + text.length, heading: 'Install' }]))
  expect(blocks).toEqual([
    { kind: 'heading', text: 'Guide', start: 10, end: 15 },
    { kind: 'heading', text: 'Install', start: 16, end: 23 },
    { kind: 'paragraph', text: 'Run this.', start: 24, end: 33 },
    { kind: 'paragraph', text: 'Then that.\nAnd that.', start: 35, end: 55 },
  ])
  const other = blocksOf(assemble([{ text: 'Words.', start: 0, end: 6, heading: 'Page 3' }]))
  expect(other.map(({ kind, text }) => [kind, text])).toEqual([
    ['heading', 'Page 3'],
    ['paragraph', 'Words.'],
  ])
})

test('indentation stays, blank lines do not', () => {
  const text = '\n\nfor x:\n    print(x)\n\n   \n\n    return\n'
  const blocks = blocksOf(assemble([{ text, start: 0, end: text.length }]))
  expect(blocks.map((block) => block.text)).toEqual(['for x:\n    print(x)', '    return'])
})

test('a paragraph without end comes in parts that are the text', () => {
  for (const unit of ['word ', '😀', 'x']) {
    const text = unit.repeat(30_000).trim()
    const blocks = blocksOf(assemble([{ text, start: 0, end: text.length }]))
    expect(blocks.length).toBeGreaterThan(2)
    expect(blocks.map((block) => block.text).join('')).toBe(text)
    for (const block of blocks) expect(block.text).not.toMatch(/\p{Cs}/u)
  }
})

test('marks of overlapping passages are disjoint, in order, and take the heavier weight', () => {
  const passages: ReaderPassage[] = [
    {
      text: 'abcdefghij',
      start: 0,
      end: 10,
      highlights: [
        [2, 6, 0.1],
        [8, 10, 0.4],
      ],
    },
    {
      text: 'efghijklmn',
      start: 4,
      end: 14,
      highlights: [
        [0, 4, 0.3],
        [5, 99, 0.15],
      ],
    },
  ]
  expect(marksOf(passages)).toEqual([
    { start: 2, end: 4, weight: 0.25 },
    { start: 4, end: 10, weight: 1 },
    { start: 10, end: 14, weight: 0.5 },
  ])
})

test('marks cover what a naive painter paints', () => {
  const passage = fc.tuple(fc.nat(20), fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.nat(5)), { maxLength: 6 }))
  fc.assert(
    fc.property(fc.array(passage, { maxLength: 5 }), (given) => {
      const passages: ReaderPassage[] = given.map(([start, ranges]) => ({
        text: 'x'.repeat(30),
        start,
        end: start + 30,
        highlights: ranges.map(([a, b, weight]) => [Math.min(a, b), Math.max(a, b), weight] as const),
      }))
      const painted = new Array<number>(60).fill(-1)
      for (const { start, highlights = [] } of passages) {
        const most = Math.max(...highlights.map(([, , weight]) => weight))
        for (const [from, to, weight] of highlights)
          for (let i = start + from; i < start + to; i++)
            painted[i] = Math.max(painted[i], most > 0 ? weight / most : 0)
      }
      const marks = marksOf(passages)
      const shown = new Array<number>(60).fill(-1)
      for (const { start, end, weight } of marks) for (let i = start; i < end; i++) shown[i] = weight
      expect(shown).toEqual(painted)
      for (let i = 1; i < marks.length; i++) expect(marks[i].start).toBeGreaterThanOrEqual(marks[i - 1].end)
    }),
  )
})
