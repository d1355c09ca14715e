import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseMarkdown } from '../../src/formats/markdown.ts'
import { propertyWords, wordsOf } from './words.ts'

it('cuts at headings, with the anchors that GitHub gives them', () => {
  const { title, passages } = parseMarkdown(
    '# Getting *started*\n\nBefore all.\n\n## Install `npm`\n\nRun it.\n\n## Install `npm`\n\nAgain.\n\nC & D\n---\n\nLast.\n',
  )
  expect(title).toBe('Getting started')
  expect(passages).toEqual([
    { text: 'Before all.', heading: 'Getting started', anchor: 'getting-started' },
    { text: 'Install npm\nRun it.', heading: 'Install npm', anchor: 'install-npm' },
    { text: 'Install npm\nAgain.', heading: 'Install npm', anchor: 'install-npm-1' },
    { text: 'C & D\nLast.', heading: 'C & D', anchor: 'c--d' },
  ])
})

it('keeps code, the texts of links and images, cells and items; drops addresses and comments', () => {
  const { passages } = parseMarkdown(
    [
      'See [the *guide*](javascript:alert(1) "tip") and ![a lamp](lamp.png)\nand <b>bold</b> &amp; more. <!-- not this -->',
      '- one\n- two\n  - three',
      '| a | b |\n|---|---|\n| 1 | `2` |',
      '```js\nconst x  = 1\n```',
      '    indented',
      '<details><summary>More</summary>&lt;i&gt; inside<script>no()</script></details>',
      '> quoted\n> text',
      '1. first\n\n   and on\n2. second',
    ].join('\n\n'),
  )
  expect(passages).toHaveLength(1)
  expect(passages[0].text).toBe(
    [
      'See the guide and a lamp and bold & more.',
      'one\ntwo\nthree',
      'a\tb\n1\t2',
      'const x  = 1',
      'indented',
      'More\n\n<i> inside',
      'quoted text',
      'first\n\nand on\n\nsecond',
    ].join('\n\n'),
  )
})

it.each([
  ['---\ntitle: Plain title # comment\ntags: [a, b]\n---\nText.', 'Plain title'],
  ['---\r\nlayout: post\r\ntitle: "In: \\"quotes\\""\r\n---\r\nText.', 'In: "quotes"'],
  ["---\ntitle: 'It''s'\n...\nText.", "It's"],
  ['+++\ndate = 2024-01-01\ntitle = "Toml"\n+++\nText.', 'Toml'],
  ['\ufeff---\ntitle: Marked\n---\nText.', 'Marked'],
  ['---\nlayout: post\n---\nText.', undefined],
  ['---\ntitle: >\n  folded\n---\nText.', undefined],
])('takes the title of front matter: %j', (source, title) => {
  expect(parseMarkdown(source)).toEqual({ ...(title && { title }), passages: [{ text: 'Text.' }] })
})

it('takes nothing else for front matter', () => {
  expect(wordsOf(parseMarkdown('---\nJust words between rules.\n---\nMore.'))).toEqual(
    'Just words between rules More'.split(' '),
  )
  expect(wordsOf(parseMarkdown('---\ntitle: never closed'))).toEqual(['title', 'never', 'closed'])
})

it('gives a heading with nothing below it to the next section, and the title to nobody twice', () => {
  expect(parseMarkdown('# Api\n\n## Client\n\n### open\n\nOpens.\n\n## End').passages).toEqual([
    { text: 'Client\nopen\nOpens.', heading: 'open', anchor: 'open' },
    { text: 'End', heading: 'End', anchor: 'end' },
  ])
  expect(parseMarkdown('# Only a title')).toEqual({ title: 'Only a title', passages: [{ text: 'Only a title' }] })
  expect(parseMarkdown('---\ntitle: Given\n---\n# Other\n\nText.')).toEqual({
    title: 'Given',
    passages: [{ text: 'Other\nText.', heading: 'Other', anchor: 'other' }],
  })
  expect(parseMarkdown(' \n\n<!-- nothing -->\n').passages).toEqual([])
})

it('survives hostile input', () => {
  for (const piece of ['> ', '- ', '[', '*a ', '<div>', '`', '|a|b|\n', '[a]: b\n', '\0', '\ud800']) {
    expect(parseMarkdown(`${piece.repeat(40_000 / piece.length)}\n\nlast`)).toBeTypeOf('object')
  }
  expect(wordsOf(parseMarkdown('a'.repeat(1_000_000)))).toHaveLength(1)
  expect(wordsOf(parseMarkdown('constructor __proto__\n\n# constructor\n\n## __proto__\n\nx'))).toContain('constructor')
})

it('never throws, whatever the text', () => {
  const markup = fc.constantFrom(
    '#',
    '*',
    '_',
    '`',
    '[',
    ']',
    '(',
    ')',
    '<',
    '>',
    '|',
    '-',
    '\n',
    '\n\n',
    ' ',
    '    ',
    '&',
    ';',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof(markup, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 60 }),
      (pieces) => {
        for (const { text } of parseMarkdown(pieces.join('')).passages) expect(text).toBeTypeOf('string')
      },
    ),
    { numRuns: 150 },
  )
})

it('loses no word of plain prose', () => {
  fc.assert(
    fc.property(propertyWords(), ({ words, text }) => {
      expect(wordsOf(parseMarkdown(text))).toEqual(words)
    }),
    { numRuns: 200 },
  )
})
