import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressOf } from '../../src/element/link.ts'
import type { Hit, PassageHit } from '../../src/index.ts'

const BASE = 'https://example.org/docs/start.html'
const passage = (text: string, more: Partial<PassageHit> = {}): PassageHit => ({
  ...{ text, start: 0, end: text.length, score: 1, highlights: [] },
  ...more,
})
const hit = (url: string | undefined, found: PassageHit): Hit => ({
  ...{ id: '1', score: 1, relevance: 1, passage: found, passages: [found] },
  ...(url !== undefined && { url }),
})
const address = (url: string | undefined, found = passage('A lamp.')) => addressOf(hit(url, found), found, BASE)

/** The text that a browser would look for. */
const wanted = (address: string | null) => decodeURIComponent(address!.split(':~:text=')[1])

describe('address of a passage', () => {
  test('is that of the hit, at the anchor of the passage', () => {
    const anchored = passage('A lamp.', { anchor: 'the-lamp' })
    expect(address('lamp.html', anchored)).toBe('https://example.org/docs/lamp.html#the-lamp')
    expect(address('/lamp.html?page=2#top', anchored)).toBe('https://example.org/lamp.html?page=2#the-lamp')
    expect(address('http://other.example/', anchored)).toBe('http://other.example/#the-lamp')
  })

  test('has a text fragment where there is no anchor', () => {
    expect(address('lamp.html')).toBe('https://example.org/docs/lamp.html#:~:text=A%20lamp.')
    expect(address('lamp.html#top')).toBe('https://example.org/docs/lamp.html#top:~:text=A%20lamp.')
    expect(address('lamp.html', passage('  \n '))).toBe('https://example.org/docs/lamp.html')
  })

  test.each([
    undefined,
    '',
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'java\nscript:alert(1)',
    'JAVASCRIPT:alert(1)//https://example.org',
    'data:text/html,<script>alert(1)</script>',
    'blob:https://example.org/1',
    'file:///etc/passwd',
    'vbscript:x',
    'https://[',
  ])('there is none for %j', (url) => {
    expect(address(url)).toBeNull()
  })
})

describe('text fragment', () => {
  test('holds the words around the best one, of one line', () => {
    const text = `The lamp\nA dull first line of this.\nThe keeper of the light, and his dog, slept in a small room below, as always.\nEnd.`
    const start = text.indexOf('light')
    const found = passage(text, {
      highlights: [
        [4, 8, 0.2],
        [start, start + 5, 0.7],
      ],
    })
    const words = wanted(address('a', found))
    expect(words).toContain('keeper of the light, and his')
    expect(text).toContain(words)
    expect(words).not.toContain('\n')
    expect(words.length).toBeLessThanOrEqual(60)
  })

  test('hides what is syntax in a fragment', () => {
    const encoded = address('a', passage('well-known, R&D #1 50%'))!.split(':~:text=')[1]
    expect(encoded).toBe('well%2Dknown%2C%20R%26D%20%231%2050%25')
  })

  test('survives halves of characters, control characters and long words', () => {
    expect(wanted(address('a', passage('x \ud800 y')))).toBe('x \ufffd y')
    expect(wanted(address('a', passage('a\tb\u0000c')))).toBe('a b\u0000c')
    expect(wanted(address('a', passage('w'.repeat(500))))).toBe('w'.repeat(60))
  })

  test('of any text is part of its text, but for white space', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.nat(200), (text, at) => {
        const highlights: [number, number, number][] = at < text.length ? [[at, at + 1, 1]] : []
        const found = address('a', passage(text, { highlights }))!
        const words = found.includes(':~:') ? wanted(found) : ''
        expect(text.replace(/\s+/g, ' ')).toContain(words)
        expect(found.split('#')[1] ?? '').not.toMatch(/text=.*[-,&]/)
      }),
    )
  })
})
