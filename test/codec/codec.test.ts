import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type CodecId, codecOf, isDimSupported } from '../../src/codec/codec.ts'
import { fromHalf, toHalf } from '../../src/kernels/half.ts'

const ids: CodecId[] = ['f32', 'f16', 'int8']
const finite = fc.float({ min: Math.fround(-1000), max: Math.fround(1000), noNaN: true })
const vectors = fc.array(fc.array(finite, { minLength: 16, maxLength: 16 }), { minLength: 1, maxLength: 5 })

describe('codecs', () => {
  it('state their size: what encode gives is what words and bytes say', () => {
    for (const id of ids) {
      for (const dim of [16, 20, 96, 768]) {
        const codec = codecOf({ id })
        const { codes, scales } = codec.encode(new Float32Array(3 * dim).fill(0.1), dim)
        expect(codes.length).toBe(3 * codec.words(dim))
        expect(scales.length).toBe(codec.scaled ? 3 : 0)
        expect(codes.byteLength + scales.byteLength).toBe(3 * codec.bytes(dim))
        expect(codec.words(dim) * 32).toBe(dim * codec.bits)
      }
    }
  })

  it('f32 gives back every bit, also from a view into a larger array', () => {
    const codec = codecOf({ id: 'f32' })
    const all = Float32Array.from({ length: 48 }, (_, i) => Math.fround(Math.sin(i)))
    const view = all.subarray(16, 32)
    expect(codec.decode(codec.encode(view, 16), 16)).toEqual(Float32Array.from(view))
  })

  it('f16 is the nearest half', () => {
    const codec = codecOf({ id: 'f16' })
    fc.assert(
      fc.property(vectors, (rows) => {
        const flat = Float32Array.from(rows.flat())
        const decoded = codec.decode(codec.encode(flat, 16), 16)
        flat.forEach((value, i) => {
          const step = 2 ** Math.max(-24, Math.floor(Math.log2(Math.abs(value) || 1e-9)) - 10)
          expect(Math.abs(decoded[i] - value)).toBeLessThanOrEqual(step / 2)
        })
      }),
    )
  })

  it('int8 is within half a step of the scale, and its largest component is ±127', () => {
    const codec = codecOf({ id: 'int8' })
    fc.assert(
      fc.property(vectors, (rows) => {
        const flat = Float32Array.from(rows.flat())
        const encoded = codec.encode(flat, 16)
        const decoded = codec.decode(encoded, 16)
        const bytes = new Int8Array(encoded.codes.buffer)
        rows.forEach((row, r) => {
          const largest = Math.max(...row.map(Math.abs))
          if (largest < 1e-30) {
            expect(encoded.scales[r]).toBe(0)
            return
          }
          expect(encoded.scales[r]).toBeCloseTo(largest / 127, 5)
          expect(Math.max(...bytes.subarray(r * 16, r * 16 + 16).map(Math.abs))).toBe(127)
          row.forEach((value, i) => {
            expect(Math.abs(decoded[r * 16 + i] - value)).toBeLessThanOrEqual(encoded.scales[r] * 0.5001)
          })
        })
      }),
    )
  })

  it('int8 puts component 0 in the lowest byte and rounds ties to even', () => {
    const codec = codecOf({ id: 'int8' })
    const vector = new Float32Array(16)
    vector.set([127, -1, 2.5, 3.5, -127])
    const { codes, scales } = codec.encode(vector, 16)
    expect(scales[0]).toBeCloseTo(1, 6)
    expect(codes[0] >>> 0).toBe((127 | (0xff << 8) | (2 << 16) | (4 << 24)) >>> 0)
    expect(codes[1]).toBe(0x81)
  })

  it('int8 takes the zero vector', () => {
    const codec = codecOf({ id: 'int8' })
    const encoded = codec.encode(new Float32Array(32), 16)
    expect(codec.decode(encoded, 16)).toEqual(new Float32Array(32))
  })

  it('refuses what it does not know', () => {
    expect(() => codecOf({ id: 'pq' })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
    expect(() => codecOf({ id: 'constructor' }, 'index')).toThrow(
      expect.objectContaining({ code: 'INDEX_VERSION_MISMATCH' }),
    )
    expect(() => codecOf({ id: 'int8', parameters: { bits: 4 } }, 'index')).toThrow(/bits.*int8/)
    expect(codecOf({ id: 'int8', parameters: {} }, 'index').id).toBe('int8')
  })

  it('knows the widths that the kernels take', () => {
    expect([16, 20, 48, 96, 128, 768].every(isDimSupported)).toBe(true)
    expect([0, 12, 18, 772, 96.5, Number.NaN].some(isDimSupported)).toBe(false)
  })
})

describe('half precision', () => {
  it('every finite half survives the round trip', () => {
    for (let half = 0; half < 0x10000; half++) {
      if ((half & 0x7c00) === 0x7c00) continue
      expect(toHalf(fromHalf(half)), `0x${half.toString(16)}`).toBe(half)
    }
  })

  it('rounds ties to even and saturates', () => {
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00)
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02)
    expect(toHalf(2 ** -25)).toBe(0)
    expect(toHalf(3 * 2 ** -25)).toBe(2)
    expect(toHalf(70000)).toBe(0x7bff)
    expect(toHalf(-1e30)).toBe(0xfbff)
  })
})
