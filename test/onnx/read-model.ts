/** A minimal reader of ONNX models: enough to look at what is written. */

/** Fields of a message by number: integers, or bytes. */
export type Fields = Map<number, (bigint | Uint8Array)[]>

export function readMessage(bytes: Uint8Array): Fields {
  const fields: Fields = new Map()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const varint = () => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number) => {
    at += length
    if (at > bytes.length) throw new Error('a field goes beyond its message')
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    const value = wire === 0 ? varint() : wire === 2 ? take(Number(varint())) : wire === 5 ? take(4) : null
    if (value === null) throw new Error(`wire type ${wire}`)
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value])
  }
  return fields
}

const text = (value: unknown) => new TextDecoder().decode(value as Uint8Array)
const texts = (fields: Fields, field: number) => (fields.get(field) ?? []).map(text)
const messages = (fields: Fields, field: number) =>
  (fields.get(field) ?? []).map((value) => readMessage(value as Uint8Array))
const integers = (fields: Fields, field: number) => (fields.get(field) ?? []).map(Number)

export interface ReadModel {
  inputs: string[]
  outputs: string[]
  nodes: { operator: string; inputs: string[]; outputs: string[] }[]
  initializers: {
    name: string
    type: number
    shape: number[]
    external: Record<string, string> | null
    raw: Uint8Array | null
  }[]
}

export function readModel(bytes: Uint8Array): ReadModel {
  const [graph] = messages(readMessage(bytes), 7)
  return {
    inputs: messages(graph, 11).map((input) => texts(input, 1)[0]),
    outputs: messages(graph, 12).map((output) => texts(output, 1)[0]),
    nodes: messages(graph, 1).map((node) => ({
      operator: texts(node, 4)[0],
      inputs: texts(node, 1),
      outputs: texts(node, 2),
    })),
    initializers: messages(graph, 5).map((tensor) => ({
      name: texts(tensor, 8)[0],
      type: integers(tensor, 2)[0],
      shape: integers(tensor, 1),
      external: tensor.has(14)
        ? Object.fromEntries(messages(tensor, 13).map((entry) => [texts(entry, 1)[0], texts(entry, 2)[0]]))
        : null,
      raw: (tensor.get(9)?.[0] as Uint8Array) ?? null,
    })),
  }
}
