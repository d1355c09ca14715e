import { describe, expect, it } from 'vitest'
import { fromHalf, toHalf } from '../../src/codec/half.ts'
import { readNumbers, toHalves } from '../../src/model/numbers.ts'

const finite = Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00)

describe('numbers of weights', () => {
  it('halves are read and written exactly', () => {
    const bytes = new Uint8Array(Uint16Array.from(finite).buffer)
    const numbers = readNumbers(bytes, 'F16')
    expect(finite.every((bits, i) => Object.is(numbers[i], fromHalf(bits)))).toBe(true)
    expect([...toHalves(numbers)]).toEqual(finite)
  })

  it('narrowing rounds to nearest, ties to even, and saturates', () => {
    const between = finite.slice(0, -1).flatMap((bits) => {
      const [low, high] = [fromHalf(bits), fromHalf(bits + 1)]
      return [(low + high) / 2, low + (high - low) * 0.49, low + (high - low) * 0.51].filter(Number.isFinite)
    })
    const numbers = Float32Array.from([...between, 65519, 65520, 1e9, -1e9, 1e-9, -1e-9])
    expect([...toHalves(numbers)]).toEqual([...numbers].map(toHalf))
  })

  it('reads BF16 and I8', () => {
    expect([...readNumbers(Uint8Array.of(0x80, 0x3f, 0x20, 0xc0), 'BF16')]).toEqual([1, -2.5])
    expect([...readNumbers(Uint8Array.of(127, 128, 255, 0), 'I8')]).toEqual([127, -128, -1, 0])
  })
})
