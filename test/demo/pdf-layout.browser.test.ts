import { expect, test } from 'vitest'
import { readPdf } from '../../demo/pdf/pdf.ts'
import { column, type PdfOptions, type Run, writePdf } from './pdf-writer.ts'

/** The texts of the pages. */
async function texts(pages: Run[][], options?: PdfOptions): Promise<string[]> {
  const { passages } = await readPdf(writePdf(pages, options))
  return passages.map(({ text }) => text)
}

/** As most programs draw what runs from right to left: letter by letter from the left. */
const reversed = (text: string) => [...text].reverse().join('')

const left = [
  'The first column begins with a long line',
  'of text that goes on for a while, as the',
  'lines of a paper do, until it reaches the',
  'end of the column, where it stops and is',
  'carried on in the next one, which',
]
const right = [
  'stands to the right of it and is just as',
  'long as the first one was. Here ends it.',
  'Another sentence follows on this page,',
  'and it says nothing new at all, so that',
  'nobody needs to read it at full length.',
]
const running = [...left, ...right].join(' ')

test('two columns are read one after the other, however the page draws them', async () => {
  const [first, second] = [column(left, 72, 700), column(right, 320, 700)]
  const title = { text: 'A title that runs across both of the columns', x: 120, y: 740, size: 16 }
  const footer = { text: 'A note below that runs across both of the columns of this page as well', x: 120, y: 60 }
  const expected = [`${title.text}\n\n${running}\n\n${footer.text}`]
  expect(await texts([[title, ...first, ...second, footer]])).toEqual(expected)
  const byLine = first.flatMap((line, i) => [line, second[i]])
  expect(await texts([[title, ...byLine, footer]])).toEqual(expected)
  const jumbled = [...first, ...second].map((run, i) => [(i * 7) % 10, run] as const).sort(([a], [b]) => a - b)
  expect(await texts([[footer, ...jumbled.map(([, run]) => run), title]])).toEqual(expected)
})

test('three columns too', async () => {
  const parts = ['red', 'green', 'blue'].map((word, i) =>
    column(
      Array.from({ length: 6 }, (_, line) => `${word} line ${line} of this column`),
      40 + i * 180,
      700,
    ),
  )
  const [text] = await texts([Array.from({ length: 6 }, (_, line) => parts.map((part) => part[line])).flat()])
  expect([...text.matchAll(/(red|green|blue) line (\d)/g)].map(([, word, line]) => word[0] + line).join(' ')).toBe(
    'r0 r1 r2 r3 r4 r5 g0 g1 g2 g3 g4 g5 b0 b1 b2 b3 b4 b5',
  )
})

test('a table is read row by row, also when it is drawn column by column', async () => {
  const columns = [
    ['Name', 'Alpha', 'Beta', 'Gamma', 'Delta', 'Sum'],
    ['Amount', '1,234', '56', '7', '980', '2,277'],
    ['Remark', 'good', 'fine', 'a longer remark', 'none', ''],
  ].map((cells, i) => column(cells, 72 + i * 150, 700))
  const rows = columns[0].flatMap((_, row) => columns.map((cells) => cells[row]))
  const expected = [
    'Name\tAmount\tRemark\nAlpha\t1,234\tgood\nBeta\t56\tfine\nGamma\t7\ta longer remark\nDelta\t980\tnone\nSum\t2,277',
  ]
  expect(await texts([rows])).toEqual(expected)
  const manyColumns = Array.from({ length: 6 }, (_, i) =>
    column(
      ['a', 'b', 'c', 'd'].map((c) => c + i),
      72 + i * 60,
      700,
    ),
  )
  expect(await texts([manyColumns.flat()])).toEqual([
    ['a', 'b', 'c', 'd'].map((c) => [0, 1, 2, 3, 4, 5].map((i) => c + i).join('\t')).join('\n'),
  ])
})

test('words parted at the end of a line are whole again, and hyphens that belong stay', async () => {
  const lines = [
    'A well-known way to part infor-',
    'mation is the hyphen, a well-',
    'known sign of the Anglo-',
    'Saxon typesetter, used in in-',
    'and output alike — and never—',
    'or hardly ever — without rea-',
    'son, in either/',
    'or cases.',
  ]
  expect(await texts([column(lines, 72, 700, 12, { font: 'any' })])).toEqual([
    'A well-known way to part information is the hyphen, a well-known sign of the Anglo-Saxon typesetter, used in in- ' +
      'and output alike — and never—or hardly ever — without reason, in either/or cases.',
  ])
  // A soft hyphen is invisible to pdf.js; other words of the document tell.
  const soft = ['That the information is soft: infor\u00ad', 'mation it is. And so', 'on it goes.']
  expect(await texts([column(soft, 72, 700, 12, { font: 'any' })])).toEqual([
    'That the information is soft: information it is. And so on it goes.',
  ])
})

test('paragraphs are told by distance, by indentation, by a short last line and by print', async () => {
  const page = [
    { text: '1. A heading', x: 72, y: 740, size: 14 },
    ...column([...left, 'ends the first paragraph.'], 72, 700),
    ...column(['A second one, after a gap, which is', 'as long as two lines of the page.'], 72, 620),
    ...column(['A third one is set in by', 'a little: only its first', 'line, as novels have it.'], 72, 596).map(
      (run, i) => ({
        ...run,
        x: i === 0 ? 90 : 72,
      }),
    ),
    ...column(['\x95 one item', '\x95 another item that goes on', 'in a second line'], 72, 530),
  ]
  expect(await texts([page])).toEqual([
    [
      '1. A heading',
      `${left.join(' ')} ends the first paragraph.`,
      'A second one, after a gap, which is as long as two lines of the page.',
      'A third one is set in by a little: only its first line, as novels have it.',
      '• one item\n• another item that goes on in a second line',
    ].join('\n\n'),
  ])
})

test('what repeats at the edges of the pages is there once, and page numbers are not', async () => {
  const pages = Array.from({ length: 6 }, (_, i) => [
    { text: i % 2 ? 'The book of everything' : 'Chapter 3', x: i % 2 ? 72 : 400, y: 760, size: 8 },
    { text: `Step ${i + 1}`, x: 72, y: 740, size: 18 },
    ...column(
      [`Something different stands on page ${'abcdef'[i]},`, 'and some more of it below.', `${i * i}`],
      72,
      700,
    ),
    { text: `page ${i + 11} of 16`, x: 280, y: 30, size: 8 },
    { text: `${i + 1}`, x: i % 2 ? 72 : 520, y: 20, size: 8 },
  ])
  const all = (await texts(pages)).map((text) => text.split(/\n+/))
  const body = (i: number) => [
    `Step ${i + 1}`,
    `Something different stands on page ${'abcdef'[i]}, and some more of it below.`,
    `${i * i}`,
  ]
  expect(all).toEqual([
    ['Chapter 3', ...body(0), 'page 11 of 16'],
    ['The book of everything', ...body(1)],
    body(2),
    body(3),
    body(4),
    body(5),
  ])
})

test('the same line on two pages only is no header', async () => {
  const pages = ['one', 'two'].map((word) => column(['Report', `Page ${word} has its own text.`], 72, 700, 40))
  expect(await texts(pages)).toEqual(['Report\n\nPage one has its own text.', 'Report\n\nPage two has its own text.'])
})

test('what runs from right to left is read from the right, in whichever pieces it is drawn', async () => {
  const pieces: Run[] = [
    { text: reversed('שלום'), x: 330, y: 700, font: 'any' },
    { text: reversed('עולם'), x: 305, y: 700, font: 'any' },
    { text: 'Open', x: 250, y: 700 },
    { text: 'Type', x: 278, y: 700 },
  ]
  const expected = 'שלום עולם Open Type'
  const [first, ...rest] = await texts([
    pieces,
    [...pieces].reverse(),
    column([reversed('זה טקסט ארוך מאוד, עם'), reversed('שורה שנייה.')], 300, 700, 12, { font: 'any' }),
    column([reversed('مرحبا بالعالم')], 300, 700, 12, { font: 'any' }),
    column([reversed('ﻣﺮﺣﺒﺎ')], 300, 700, 12, { font: 'any' }),
  ])
  expect(first).toBe(expected)
  expect(rest).toEqual([expected, 'זה טקסט ארוך מאוד, עם שורה שנייה.', 'مرحبا بالعالم', 'مرحبا'])
})

test('columns of such a page are read from the right as well', async () => {
  const words = ['שורה ארוכה של טקסט בעמודה הזאת', 'ועוד שורה ארוכה של טקסט בעמודה']
  const make = (word: string, x: number) =>
    column(
      Array.from({ length: 6 }, (_, i) => reversed(`${word} ${words[i % 2]}`)),
      x,
      700,
      12,
      { font: 'any' },
    )
  const [text] = await texts([[...make('שמאל', 72), ...make('ימין', 330)]])
  expect(text.indexOf('ימין')).toBeLessThan(text.indexOf('שמאל'))
  expect(text.lastIndexOf('ימין')).toBeLessThan(text.indexOf('שמאל'))
})

test('Chinese and Japanese by maps that a document only names; lines join without a space; upright text too', async () => {
  const upright: Run[] = ['縦書きの文', '章です。'].map((text, i) => ({
    text,
    x: 500 - 20 * i,
    y: 700,
    font: 'upright',
  }))
  expect(
    await texts([
      column(['日本語の文章は空白なしで', '書かれています。'], 72, 700, 12, { font: 'japanese' }),
      column(['中文文本', '没有空格。'], 72, 700, 12, { font: 'chinese' }),
      upright,
    ]),
  ).toEqual(['日本語の文章は空白なしで書かれています。', '中文文本没有空格。', '縦書きの文章です。'])
})

test('a page on its side is read as it is meant, and a note along the margin comes last', async () => {
  const sideways = ['Sideways it runs,', 'line by line.'].map((text, i) => ({
    text,
    x: 100 + 12 * i,
    y: 100,
    turned: 90,
  }))
  expect(await texts([[{ text: 'Note', x: 20, y: 300 }, ...sideways]], { page: '/Rotate 90' })).toEqual([
    'Sideways it runs, line by line.\n\nNote',
  ])
})

test('what is drawn twice for bold is there once; dots that lead to a number are few; signs without a meaning go', async () => {
  const twice = [0, 0.4].map((shift) => ({ text: 'Bold title', x: 72 + shift, y: 700, size: 14 }))
  const entry = { text: `Contents ${'. '.repeat(40)}12`, x: 72, y: 660 }
  const odd = { text: 'so \ue123\u0003far', x: 72, y: 640, font: 'any' as const }
  expect(await texts([[...twice, entry, odd]])).toEqual(['Bold title\n\nContents … 12\nso far'])
})
