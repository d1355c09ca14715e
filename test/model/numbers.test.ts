import { describe, expect, it } from 'vitest'
import { fromHalf, toHalf } from '../../src/kernels/half.ts'
import { readNumbers } from '../../src/model/numbers.ts'

const finite = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00)

describe('numbers of weights', () => {
  it('halves are read and written exactly', () => {
    const numbers = readNumbers(new Uint8Array(Uint16Array.from(finite).buffer), 'F16')
    expect(finite.every((bits, i) => Object.is(numbers[i], fromHalf(bits)))).toBe(true)
    expect([...Uint16Array.from(numbers, toHalf)]).toEqual(finite)
  })

  it('reads what is not finite', () => {
    expect([...readNumbers(new Uint8Array(Uint16Array.of(0x7c00, 0xfc00, 0x7e00).buffer), 'F16')]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ])
  })

  it('reads BF16 and I8', () => {
    expect([...readNumbers(Uint8Array.of(0x80, 0x3f, 0x20, 0xc0), 'BF16')]).toEqual([1, -2.5])
    expect([...readNumbers(Uint8Array.of(127, 128, 255, 0), 'I8')]).toEqual([127, -128, -1, 0])
  })
})
