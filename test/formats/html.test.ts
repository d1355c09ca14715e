import fc from 'fast-check'
import { expect, it } from 'vitest'
import { htmlText, parseHtml } from '../../src/formats/html.ts'
import { wordsOf } from './words.ts'

const textOf = (html: string) => parseHtml(html).passages.map(({ text }) => text)

it('cuts at headings that a link can point to', () => {
  const page = `<!doctype html><html><head><title> The
    guide </title></head><body><h1>Guide</h1><p>Intro.</p>
    <h2 id="install">Install <a class="headerlink" href="#install">¶</a></h2><p>Run it.
    <section id="use"><h2>Use</h2>Call it.</section>
    <h3><a name="old"></a>Old <em>names</em></h3><p>Kept.</body></html>`
  expect(parseHtml(page)).toEqual({
    title: 'The guide',
    passages: [
      { text: 'Guide\nIntro.', heading: 'Guide' },
      { text: 'Install\nRun it.', heading: 'Install', anchor: 'install' },
      { text: 'Use\nCall it.', heading: 'Use', anchor: 'use' },
      { text: 'Old names\nKept.', heading: 'Old names', anchor: 'old' },
    ],
  })
  expect(parseHtml('<h1>Name</h1><p>Text.').title).toBe('Name')
})

it('reads blocks as lines and white space as a browser shows it', () => {
  expect(
    textOf(
      'a <b>b</b>c\n  d<p>e<br>f</p><ul><li>g<li>h</ul><table><tr><th>i<th>j<tr><td>k<td>l</table>' +
        '<pre>\n  m\n    n</pre><dl><dt>o<dd>p</dl><img alt="q r" src=x>&nbsp;s&shy;t',
    ),
  ).toEqual(['a bc d\n\ne\nf\n\ng\nh\n\ni\tj\nk\tl\n\n  m\n    n\n\no\n\np\n\nq r\u00a0s\u00adt'])
})

it('leaves out what nobody reads', () => {
  const hidden = [
    '<script>no()</script>',
    '<style>.no{}</style>',
    '<nav>no</nav>',
    '<template>no</template>',
    '<noscript>no</noscript>',
    '<p hidden>no</p>',
    '<div aria-hidden="true">no</div>',
    '<div style="color:red; display : none">no</div>',
    '<svg><title>no</title><text>no</text></svg>',
    '<!-- no -->',
    '<iframe>no</iframe>',
    '<textarea>no</textarea>',
    '<select><option>no</select>',
    '<dialog>no</dialog>',
    '<h2 hidden>no</h2>',
  ]
  expect(textOf(`${hidden.join('yes ')}yes`).flatMap((text) => text.match(/\w+/g))).toEqual(hidden.map(() => 'yes'))
  expect(textOf('<p hidden=until-found>found</p>')).toEqual(['found'])
  expect(textOf('<p>one<p hidden>no<p>two')).toEqual(['one\n\ntwo'])
})

it('prefers the main part, then articles, then everything', () => {
  const rest = '<header>Site</header><aside>Also</aside><footer>2024</footer>'
  expect(textOf(`${rest}<main><article>one</article> two</main><article>three</article>`)).toEqual(['one\n\ntwo'])
  expect(textOf(`${rest}<div role=main>one</div>`)).toEqual(['one'])
  expect(textOf(`${rest}<article>one<article>in it</article></article><article>two</article>`)).toEqual([
    'one\n\nin it\n\ntwo',
  ])
  // A script was to fill it.
  expect(textOf('<main></main><p>static')).toEqual(['static'])
})

it('gives text, never markup', () => {
  const page =
    '<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp;lt; <a href="javascript:alert(2)" onclick="alert(3)">link</a>'
  expect(textOf(page)).toEqual(['<script>alert(1)</script> &lt; link'])
  expect(textOf('<h2>&lt;img onerror=x&gt;</h2>y')).toEqual(['<img onerror=x>\ny'])
  expect(htmlText('<td>a</td> &lt;b&gt;<script>c</script>')).toBe('a\t<b>')
  expect(textOf('<scr<script>ipt>alert(1)</script>x').join()).toContain('x')
})

it('survives hostile input', () => {
  for (const piece of [
    '<div>',
    '<b>',
    '<p>',
    '<a>',
    '<table>',
    '<main>',
    '<h1>',
    '<section id=x>',
    '</p>',
    '<svg>',
    '<!--',
    '&',
  ]) {
    expect(parseHtml(`${piece.repeat(20_000)}word`)).toBeTypeOf('object')
  }
  const deep = textOf(`${'<div>'.repeat(100_000)}word${'</div>'.repeat(100_000)} after`)
  expect(deep.join()).toContain('word')
  expect(deep.join()).toContain('after')
  expect(textOf(`<p>${'word '.repeat(200_000)}`)[0]).toHaveLength(999_999)
  expect(parseHtml('').passages).toEqual([])
  expect(textOf('\0a\ud800')).toHaveLength(1)
}, 120_000)

it('never throws, whatever the text', () => {
  const markup = fc.constantFrom(
    '<',
    '>',
    '</',
    '<p>',
    '<table>',
    '<td>',
    '<h2 id="',
    '"',
    "'",
    '=',
    '&lt',
    '&#',
    ';',
    '<!--',
    '<![CDATA[',
  )
  fc.assert(
    fc.property(
      fc.array(fc.oneof(markup, fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 60 }),
      (pieces) => {
        for (const { text } of parseHtml(pieces.join('')).passages) expect(text).toBeTypeOf('string')
      },
    ),
    { numRuns: 150 },
  )
})

it('loses no word between visible elements', () => {
  const { tree } = fc.letrec<{ tree: { html: string; words: string[] } }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.stringMatching(/^[a-z]{1,6}$/).map((word) => ({ html: ` ${word} `, words: [word] })),
      fc
        .tuple(
          fc.constantFrom(
            'p',
            'div',
            'b',
            'span',
            'li',
            'ul',
            'section',
            'h2',
            'h3',
            'blockquote',
            'pre',
            'a',
            'details',
          ),
          fc.array(tie('tree'), { maxLength: 4 }),
        )
        .map(([tag, children]) => ({
          html: `<${tag}>${children.map(({ html }) => html).join('')}</${tag}>`,
          words: children.flatMap(({ words }) => words),
        })),
    ),
  }))
  fc.assert(
    fc.property(tree, ({ html, words }) => {
      expect(wordsOf(parseHtml(html))).toEqual(words)
    }),
    { numRuns: 150 },
  )
})
