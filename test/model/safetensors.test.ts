import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MaxsiftError } from '../../src/errors.ts'
import { headerLength, parseHeader } from '../../src/model/safetensors.ts'
import { floats, safetensors, utf8, withHeader } from './files.ts'

function parse(file: Uint8Array, size: number | null = file.length) {
  const length = headerLength('m.safetensors', file.subarray(0, 8), size)
  return parseHeader('m.safetensors', file.subarray(8, 8 + length), size)
}

/** A header of F32 tensors `a`, `b` with these offsets, and as many bytes of values as said. */
const tiled = (bytes: number, ...offsets: [unknown, unknown][]) =>
  withHeader(
    JSON.stringify(
      Object.fromEntries(
        offsets.map(([begin, end], i) => [
          'ab'[i],
          { dtype: 'U8', shape: [Number(end) - Number(begin)], data_offsets: [begin, end] },
        ]),
      ),
    ),
    new Uint8Array(bytes),
  )

const one = (description: unknown, bytes = 16) => withHeader(JSON.stringify({ a: description }), new Uint8Array(bytes))

describe('a safetensors header', () => {
  it('says where the tensors are', () => {
    const file = safetensors({ a: floats([2, 3]), b: { dtype: 'I64', shape: [1], bytes: new Uint8Array(8) } })
    const { tensors, size } = parse(file)
    expect(size).toBe(file.length)
    const base = file.length - 32
    expect([...tensors.values()]).toEqual([
      { name: 'a', dtype: 'F32', shape: [2, 3], start: base, end: base + 24 },
      { name: 'b', dtype: 'I64', shape: [1], start: base + 24, end: base + 32 },
    ])
    expect(parse(file, null).size).toBe(file.length)
  })

  it('may hold no tensor, an empty one, a scalar, blanks at its end, and odd names', () => {
    expect(parse(withHeader('{}')).tensors.size).toBe(0)
    expect(parse(one({ dtype: 'F32', shape: [0, 5], data_offsets: [0, 0] }, 0)).tensors.size).toBe(1)
    expect(parse(one({ dtype: 'F32', shape: [], data_offsets: [0, 4] }, 4)).tensors.size).toBe(1)
    expect(parse(withHeader('{"__metadata__":{"a":"x:{\\"}"}}     ')).tensors.size).toBe(0)
    const odd =
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a\\"}:":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}'
    expect([...parse(withHeader(odd, new Uint8Array(2))).tensors.keys()]).toEqual(['__proto__', 'a"}:'])
    expect(({} as Record<string, unknown>).dtype).toBeUndefined()
  })

  it('may name number formats that nobody uses here', () => {
    expect(parse(one({ dtype: 'F4_NEW', shape: [3], data_offsets: [0, 16] })).tensors.get('a')?.dtype).toBe('F4_NEW')
  })

  it.each<[string, Uint8Array, RegExp]>([
    ['a file shorter than the length field', new Uint8Array(5), /only 5 bytes/],
    ['a header longer than the file', withHeader('{}').fill(200, 0, 1), /claims 200 bytes, but the file has/],
    ['a header above the limit', new Uint8Array(16).fill(255), /above 100000000/],
    ['a header that is not JSON', withHeader('{"a":'), /not valid JSON/],
    [
      'a header that is not UTF-8',
      withHeader(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)),
      /not valid JSON/,
    ],
    ['a header that does not begin with {', withHeader(' {}'), /not a JSON object/],
    ['a header that is a list', withHeader('[]'), /not a JSON object/],
    ['an empty header', withHeader(''), /not a JSON object/],
    [
      'a tensor that is named twice',
      withHeader(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      ),
      /names a tensor twice/,
    ],
    ['a tensor that is no object', one(7), /"a" has no description/],
    ['a tensor without a dtype', one({ shape: [4], data_offsets: [0, 16] }), /"a" has no dtype/],
    ['a tensor without a shape', one({ dtype: 'F32', data_offsets: [0, 16] }), /"a" has no valid shape/],
    ['a negative dimension', one({ dtype: 'F32', shape: [-2, -2], data_offsets: [0, 16] }), /"a" has no valid shape/],
    ['a fractional dimension', one({ dtype: 'F32', shape: [0.5, 8], data_offsets: [0, 16] }), /"a" has no valid shape/],
    [
      'dimensions whose product overflows',
      one({ dtype: 'F32', shape: [2 ** 40, 2 ** 40], data_offsets: [0, 16] }),
      /"a" of shape .* needs/,
    ],
    ['a huge dimension', one({ dtype: 'F32', shape: [1e300], data_offsets: [0, 16] }), /"a" has no valid shape/],
    ['one offset', one({ dtype: 'F32', shape: [4], data_offsets: [16] }), /no valid data_offsets/],
    ['negative offsets', tiled(8, [-8, 0]), /no valid data_offsets/],
    ['fractional offsets', tiled(8, [0, 7.5]), /no valid|no valid data_offsets/],
    ['offsets that are text', one({ dtype: 'F32', shape: [4], data_offsets: ['0', '16'] }), /no valid data_offsets/],
    [
      'reversed offsets',
      one({ dtype: 'F32', shape: [4], data_offsets: [16, 0] }),
      /ends \(0\) before it begins \(16\)/,
    ],
    ['offsets beyond the end', tiled(8, [0, 9]), /beyond the end of the file/],
    [
      'offsets beyond any file',
      one({ dtype: 'X', shape: [1], data_offsets: [0, Number.MAX_SAFE_INTEGER] }),
      /beyond any file/,
    ],
    ['tensors that overlap', tiled(12, [0, 8], [4, 12]), /tensor b overlaps/],
    ['tensors in one place', tiled(8, [0, 8], [0, 8]), /tensor b overlaps/],
    ['a hole between tensors', tiled(12, [0, 4], [8, 12]), /4 bytes before tensor b belong to none/],
    ['a hole before the first tensor', tiled(12, [4, 12]), /4 bytes before tensor a belong to none/],
    ['bytes after the last tensor', tiled(12, [0, 4]), /last 8 bytes belong to no tensor/],
    [
      'a shape that does not fit the length',
      one({ dtype: 'F32', shape: [5], data_offsets: [0, 16] }),
      /needs 20 bytes, but has 16/,
    ],
  ])('is refused: %s', (_, file, message) => {
    expect(() => parse(file)).toThrow(message)
    expect(() => parse(file)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }))
    expect(() => parse(file)).toThrow(/m\.safetensors/)
  })

  it('of any bytes gives tensors or a MaxsiftError', () => {
    const value = fc.oneof(
      fc.integer(),
      fc.double(),
      fc.string(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 3 }),
    )
    const tensor = fc.record(
      { dtype: fc.oneof(fc.constantFrom('F32', 'I8', 'BOOL', 'X'), value), shape: value, data_offsets: value },
      { requiredKeys: [] },
    )
    const header = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.dictionary(fc.string(), fc.oneof(tensor, value)).map((object) => utf8(JSON.stringify(object))),
      fc.json().map(utf8),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          header.map((bytes) => withHeader(bytes)),
        ),
        (file) => {
          try {
            expect(parse(file).tensors).toBeInstanceOf(Map)
          } catch (error) {
            expect(error).toBeInstanceOf(MaxsiftError)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})
