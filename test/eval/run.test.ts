import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { measure, trecOrder } from '../../src/eval/metrics.ts'
import { readRun, runLines } from '../../src/eval/run.ts'

async function* chunks(text: string) {
  for (let at = 0; at < text.length; at += 11) yield text.slice(at, at + 11)
}

describe('a run in the form of TREC', () => {
  it('is read in any order and with any blanks', async () => {
    const run = await readRun(chunks('q1 Q0 d2 7 0.5 mine\nq2\t0\td1 1   -1e-3\tmine\r\n\nq1 Q0 d1 1 2 mine'), 'r')
    expect(run.tag).toBe('mine')
    expect(run.rankings.get('q1')).toEqual([
      { id: 'd2', score: 0.5 },
      { id: 'd1', score: 2 },
    ])
    expect(run.rankings.get('q2')).toEqual([{ id: 'd1', score: -0.001 }])
  })

  it('is written with ranks as trec_eval counts them', () => {
    const ranking = [
      { id: 'a', score: 1 },
      { id: 'c', score: 2 },
      { id: 'b', score: 1 },
    ]
    expect(runLines('mine', 'q', ranking)).toBe('q Q0 c 1 2 mine\nq Q0 b 2 1 mine\nq Q0 a 3 1 mine\n')
    expect(runLines('mine', 'q', [])).toBe('')
  })

  const word = fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme' }).filter((text) => /^\S+$/.test(text))
  const score = fc.double({ min: -1e30, max: 1e30, noNaN: true })
  const ranking = fc
    .uniqueArray(fc.tuple(word, score), { selector: ([id]) => id, minLength: 1 })
    .map((all) => all.map(([id, score]) => ({ id, score })))

  it('comes back as it was written, and measures the same', async () => {
    await fc.assert(
      fc.asyncProperty(word, word, ranking, async (tag, query, given) => {
        const run = await readRun(chunks(runLines(tag, query, given)), 'r')
        expect(run.tag).toBe(tag)
        const back = run.rankings.get(query)!
        expect(back).toEqual(trecOrder(given).map(({ id, score }) => ({ id, score: score + 0 })))
        const grades = new Map(given.slice(0, 3).map(({ id }, i) => [id, i]))
        expect(measure(back, grades)).toEqual(measure(given, grades))
      }),
    )
  })

  const known = { queries: new Set(['q1']), documents: new Set(['d1']) }
  it.each([
    ['q1 Q0 d1 1 1.0 mine\nq1 Q0 d1 1.0 mine', '5 columns instead of 6', 2],
    ['q1 Q0 d1 1 high mine', '"high" is not a number', 1],
    ['q1 Q0 d1 1 NaN mine', '"NaN" is not a number', 1],
    ['q1 Q0 d1 1 Infinity mine', '"Infinity" is not a number', 1],
    ['\nq7 Q0 d1 1 1 mine', 'no query "q7"', 2],
    ['q1 Q0 toString 1 1 mine', 'no document "toString"', 1],
    ['q1 Q0 d1 1 1 mine\nq1 Q0 d1 2 0 mine', '"d1" is there for "q1" a second time', 2],
    ['q1 Q0 d1 1 1 mine\nq1 Q0 d2 1 1 yours', 'there is no document "d2"', 2],
    ['\n', 'no line', null],
  ])('is refused by file and line: %j', async (text, message, line) => {
    const error = await readRun(chunks(text), 'found.trec', known).catch((error) => error)
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(error.message).toContain(message)
    expect(error.message).toContain(line === null ? 'found.trec: ' : `found.trec, line ${line}: `)
  })

  it('has one tag', async () => {
    await expect(readRun(chunks('q Q0 a 1 1 mine\nq Q0 b 1 1 yours'), 'r')).rejects.toThrow(
      '"yours", above it was "mine"',
    )
  })

  it('cannot hold ids with blanks', () => {
    const ranking = [{ id: 'two words', score: 1 }]
    expect(() => runLines('mine', 'q', ranking)).toThrow('separated by blanks')
    expect(() => runLines('mine', '', [{ id: 'a', score: 1 }])).toThrow('separated by blanks')
    expect(() => runLines('my run', 'q', [{ id: 'a', score: 1 }])).toThrow('separated by blanks')
  })
})
