/** Dictionary files: what is written is read, and what is damaged is refused. */
import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Encoder, packFile, packWords } from '../../scripts/japanese/pack.mjs'
import { Decoder } from '../../src/japanese/coder.ts'
import { readDictionary } from '../../src/japanese/dictionary.ts'
import { Lattice } from '../../src/japanese/lattice.ts'
import { codeMatrix } from '../../src/japanese/matrix.ts'
import { type Sections, writeRanks, writeSections } from '../../src/japanese/sections.ts'

/** Class 0 is the text's end and beginning; 1 is a noun, 2 a particle, 3 what is unknown. */
const MATRIX = Int16Array.from([0, 0, 300, 500, 100, 900, -200, 800, 700, -300, 600, 700, 900, 800, 700, 1000])
const WORDS: [string, { kind: number; cost: number }[]][] = [
  ['すもも', [{ kind: 1, cost: 700 }]],
  ['も', [{ kind: 2, cost: 100 }]],
  ['もも', [{ kind: 1, cost: 650 }]],
  [
    'の',
    [
      { kind: 2, cost: 90 },
      { kind: 1, cost: 4000 },
    ],
  ],
  ['うち', [{ kind: 1, cost: 600 }]],
  ['𠮷野家', [{ kind: 1, cost: 500 }]],
]
const info = (category: number, length: number, group: number, invoke: number) =>
  ((1 << category) | (category << 18) | (length << 26) | (group << 30) | (invoke << 31)) >>> 0

const sections = (): Sections => ({
  notice: new TextEncoder().encode('Licence'),
  sizes: Uint32Array.of(4, 4, 24),
  rows: Uint16Array.of(0, 1, 2, 3),
  columns: Uint16Array.of(0, 1, 2, 3),
  runStarts: Uint16Array.of(0, 0x20, 0x21, 0x3040, 0x30a0),
  runKinds: Uint8Array.of(0, 1, 0, 2, 0),
  kinds: Uint32Array.of(info(0, 0, 1, 0), info(1, 0, 1, 0), info(2, 2, 1, 0)),
  unknownCounts: Uint8Array.of(1, 1, 1),
  unknownClasses: Uint16Array.of(3, 3, 3),
  unknownCosts: Int16Array.of(3000, 1000, 3500),
  ...packWords(new Map(WORDS), writeRanks),
})
const pack = (changes: Partial<Sections> = {}, matrix = MATRIX, rows = 4, columns = 4) =>
  new Uint8Array(packFile(writeSections({ ...sections(), ...changes }), matrix.slice(), rows, columns, codeMatrix))

const refused = (file: Uint8Array<ArrayBuffer>) =>
  expect(readDictionary(file)).rejects.toMatchObject({ name: 'MaxsiftError', code: 'MODEL_INVALID' })

async function split(file: Uint8Array<ArrayBuffer>, text: string): Promise<string[]> {
  const words: string[] = []
  new Lattice(await readDictionary(file)).split(text, 0, text.length, (from, to) => words.push(text.slice(from, to)))
  return words
}

describe('a dictionary file', () => {
  it('holds words, costs and kinds of characters', async () => {
    const file = pack()
    expect((await readDictionary(file)).notice).toBe('Licence')
    expect(await split(file, 'すもももももももものうち')).toEqual(['すもも', 'も', 'もも', 'も', 'もも', 'の', 'うち'])
    expect(await split(file, ' 𠮷野家の　abc')).toEqual(['𠮷野家', 'の', '　abc'])
  })

  it('holds any matrix exactly', () => {
    const cells = fc.oneof(fc.integer({ min: -32768, max: 32767 }), fc.integer({ min: -3, max: 3 }), fc.constant(0))
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.array(cells, { minLength: 7, maxLength: 70 }), (columns, list) => {
        const rows = Math.floor(list.length / columns)
        const matrix = Int16Array.from(list.slice(0, rows * columns))
        const coder = new Encoder()
        codeMatrix(coder, matrix.slice(), rows, columns)
        const decoded = new Int16Array(matrix.length)
        const decoder = new Decoder(coder.finish(), 0)
        codeMatrix(decoder, decoded, rows, columns)
        decoder.end()
        expect(decoded).toEqual(matrix)
      }),
    )
  })

  it('is refused when it breaks off or goes on', async () => {
    const file = pack()
    for (let length = 0; length < file.length; length++) await refused(file.slice(0, length))
    await refused(Uint8Array.of(...file, 0))
  })

  it.each<[string, Partial<Sections>]>([
    ['no size', { sizes: Uint32Array.of(0, 4, 24) }],
    ['a matrix larger than memory', { sizes: Uint32Array.of(0xffffffff, 0xffffffff, 24) }],
    ['a row that is not there', { rows: Uint16Array.of(0, 1, 2, 4) }],
    ['a column that is not there', { columns: Uint16Array.of(0, 1, 2, 4) }],
    ['fewer columns than rows', { columns: Uint16Array.of(0, 1, 2) }],
    ['characters out of order', { runStarts: Uint16Array.of(0, 0x21, 0x20, 0x3040, 0x30a0) }],
    ['a kind that is not there', { runKinds: Uint8Array.of(0, 1, 0, 3, 0) }],
    ['a category without unknown words', { unknownCounts: Uint8Array.of(2, 1, 0) }],
    ['a class of unknown words that is not there', { unknownClasses: Uint16Array.of(3, 3, 4) }],
    ['a class of words that is not there', { patternClasses: Uint16Array.of(1, 2, 2, 9) }],
    ['too few costs', { costs: Int16Array.of(1, 2) }],
    ['a word that shares more than there is', { shared: Uint8Array.of(0, 9, 0, 0, 0, 0) }],
    ['a word without an end', { tailLengths: Uint8Array.of(0, 0, 0, 0, 0, 0) }],
    ['a letter that is not there', { alphabet: Uint16Array.of(0x3042) }],
    ['no words', { shared: new Uint8Array(0), tailLengths: new Uint8Array(0) }],
  ])('is refused with %s', (_, changes) => refused(pack(changes)))

  it('is refused when it inflates without end', async () => {
    const bomb = deflateRawSync(new Uint8Array(2 ** 24 + 1))
    const file = new Uint8Array(12 + bomb.length)
    file.set(pack().subarray(0, 12))
    new DataView(file.buffer).setUint32(8, bomb.length, true)
    file.set(bomb, 12)
    await refused(file)
  })

  it('is refused or read, whatever has changed in it, and never hangs', async () => {
    const file = pack()
    const change = fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
        const other = file.slice()
        for (const [at, bits] of changes) other[at] ^= bits
        try {
          await split(other, 'すもももももももものうち 𠮷野家 abc')
        } catch (error) {
          expect(error).toMatchObject({ name: 'MaxsiftError', code: 'MODEL_INVALID' })
        }
      }),
      { numRuns: 200 },
    )
  })
})
