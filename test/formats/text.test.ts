import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatOf, parseFile } from '../../src/formats/format.ts'
import { decodeText, parseText } from '../../src/formats/text.ts'

const utf16 = (text: string, little: boolean) => {
  const bytes = new Uint8Array(2 + text.length * 2)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xfeff, little)
  for (let i = 0; i < text.length; i++) view.setUint16(2 + i * 2, text.charCodeAt(i), little)
  return bytes
}

it('knows a file by its ending', () => {
  const formats = ['a.md', 'b/c.MARKDOWN', 'x.tar.html', 'i.htm', 'n.txt', 'd.jsonl', 'd.ndjson'].map(formatOf)
  expect(formats).toEqual(['markdown', 'markdown', 'html', 'html', 'text', 'jsonl', 'jsonl'])
  expect(['md', 'a.constructor', 'a.', 'b.pdf', 'a.md/b', ''].map(formatOf)).toEqual([
    null,
    null,
    null,
    null,
    null,
    null,
  ])
})

it('reads UTF-8 and UTF-16, and refuses what is no text', () => {
  const text = 'Größe 大 𝄞\r\n'
  expect(decodeText(new TextEncoder().encode(text))).toBe(text)
  expect(decodeText(new TextEncoder().encode(`\ufeff${text}`))).toBe(text)
  expect(decodeText(utf16(text, true))).toBe(text)
  expect(decodeText(utf16(text, false))).toBe(text)
  expect(decodeText(new Uint8Array())).toBe('')
  expect(decodeText(new Uint8Array([65, 0, 66]))).toBeNull()
  expect(decodeText(new Uint8Array([0x47, 0xf6]))).toBeNull()
  expect(decodeText(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0]))).toBeNull()
})

it('keeps a text as it is', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(parseText(`\ufeff${text}`).text).toBe(text)
      if (!text.startsWith('\ufeff')) expect(parseText(text).text).toBe(text)
      expect(decodeText(new TextEncoder().encode(`x${text.replaceAll('\0', '')}`))).toBe(
        `x${text.replaceAll('\0', '')}`,
      )
    }),
  )
  expect(await parseFile('text', '# no *markup*')).toEqual({ text: '# no *markup*' })
  expect(await parseFile('markdown', '# A\n\nb')).toMatchObject({ title: 'A' })
  expect(await parseFile('html', '<title>A</title>b')).toMatchObject({ title: 'A' })
})
