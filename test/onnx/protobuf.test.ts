import { assert, float, maxSafeInteger, property, string, uint8Array } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Message } from '../../src/onnx/protobuf.ts'
import { readMessage } from './read-model.ts'

describe('protobuf', () => {
  it('writes what the specification of the encoding shows', () => {
    // https://protobuf.dev/programming-guides/encoding/: 150 in field 1, "testing" in field 2, a message in field 3.
    expect([...new Message().int(1, 150).finish()]).toEqual([0x08, 0x96, 0x01])
    expect([...new Message().text(2, 'testing').finish()]).toEqual([0x12, 7, ...new TextEncoder().encode('testing')])
    expect([...new Message().message(3, new Message().int(1, 150)).finish()]).toEqual([0x1a, 3, 0x08, 0x96, 0x01])
    // −2 as int64: ten bytes.
    expect([...new Message().int(1, -2).finish()]).toEqual([0x08, 0xfe, ...Array(8).fill(0xff), 0x01])
    expect([...new Message().float(2, 1).finish()]).toEqual([0x15, 0, 0, 0x80, 0x3f])
    // A field above 15 takes two bytes.
    expect([...new Message().int(20, 2).finish()]).toEqual([0xa0, 0x01, 2])
  })

  it('writes what can be read again', () => {
    assert(
      property(maxSafeInteger(), string({ unit: 'binary' }), uint8Array(), float(), (int, text, bytes, number) => {
        const message = new Message().int(1, int).text(2, text).bytes(3, bytes).float(4, number).int(1, 7)
        const fields = readMessage(new Message().message(9, message).finish())
        const inner = readMessage(fields.get(9)![0] as Uint8Array)
        expect(inner.get(1)!.map((value) => BigInt.asIntN(64, value as bigint))).toEqual([BigInt(int), 7n])
        expect(new TextDecoder('utf-8', { ignoreBOM: true }).decode(inner.get(2)![0] as Uint8Array)).toBe(text)
        expect(inner.get(3)).toEqual([bytes])
        expect(new Float32Array((inner.get(4)![0] as Uint8Array).slice().buffer)[0]).toBe(number)
      }),
    )
  })
})
