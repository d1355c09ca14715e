import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cut } from '../../src/lexical/index.ts'

const sentence = 'The keeper of the lighthouse lights the lamp at dusk, and reads until it is time to sleep. '

it('leaves a text whole that is short', () => {
  expect(cut('Short.\n\nText.')).toEqual([{ start: 0, end: 13 }])
  expect(cut('abcdef', 2, 4)).toEqual([{ start: 2, end: 4 }])
  expect(cut(' \n ')).toEqual([])
  expect(cut('')).toEqual([])
})

it.each([
  ['lines', `${sentence.repeat(15)}\n\n`.repeat(4), /sleep\.$/, 4],
  ['sentences', sentence.repeat(60), /sleep\.$/, 3],
  ['ideographic sentences', '灯台守は夜になるとランプに火をともす。'.repeat(300), /。$/, 3],
  ['words', 'lamp '.repeat(900), /lamp$/, 3],
])('cuts at %s', (_, text, end, count) => {
  const passages = cut(text)
  expect(passages).toHaveLength(count)
  for (const { start, end: to } of passages) expect(text.slice(start, to)).toMatch(end)
})

it('loses nothing, makes no passage too long, and no half character', () => {
  const unit = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 50 }),
    fc.constantFrom('\n', '. ', '。', '🚀'.repeat(900)),
  )
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 80 }), (parts) => {
      const text = parts.join('')
      let at = 0
      for (const { start, end } of cut(text)) {
        expect(text.slice(at, start).trim()).toBe('')
        expect(end - start).toBeLessThanOrEqual(2_000)
        expect(() => encodeURIComponent(text.slice(start, end))).not.toThrow()
        at = end
      }
      expect(text.slice(at).trim()).toBe('')
    }),
  )
})
