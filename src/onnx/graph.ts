/** A minimal writer of ONNX models: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
import { Message } from './protobuf.ts'

/** `TensorProto.DataType` of those in use. */
export const DATA_TYPES = { F32: 1, I8: 3, I32: 6, I64: 7, F16: 10, BF16: 16 } as const
export type DataType = keyof typeof DATA_TYPES

/** Version 20 of the operators has exact GELU of its own. */
const OPERATORS = 20
/** The version of the format in which version 20 of the operators came. */
const FORMAT = 9

/** `AttributeProto.AttributeType` */
const [FLOAT, INT, INTS] = [1, 2, 7]

/** A whole number becomes an INT; a FLOAT is written as `{ float }`. */
export type Attribute = number | { float: number } | readonly number[]

/** Bytes of a file that hold a tensor, little-endian, row-major. */
export interface ExternalData {
  file: string
  offset: number
  length: number
}

/** Dimensions by number, or by a name for those that vary from run to run. */
type Shape = readonly (number | string)[]

/** Collects the parts of a graph. A value is known by its name; nodes must be added after what they read. */
export class Graph {
  readonly #graph = new Message()
  readonly #names = new Set<string>()
  #values = 0

  input(name: string, type: DataType, shape: Shape): string {
    this.#graph.message(11, valueInfo(name, type, shape))
    return name
  }

  output(name: string, type: DataType, shape: Shape): void {
    this.#graph.message(12, valueInfo(name, type, shape))
  }

  /** Adds an operation with one output and gives that output's name. */
  add(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.#add(operator, inputs, attributes, this.#name(operator))
  }

  /** As `add`, with an output of this name: one of the graph. */
  addOutput(name: string, operator: string, inputs: readonly string[]): void {
    this.#add(operator, inputs, {}, name)
  }

  /** A tensor that lies in a file beside the model. */
  external(name: string, type: DataType, shape: readonly number[], { file, offset, length }: ExternalData): string {
    // The same tensor may be asked for again; a name is written once.
    if (this.#names.has(name)) return name
    this.#names.add(name)
    const tensor = tensorOf(name, type, shape)
    const place = { location: file, offset: String(offset), length: String(length) }
    for (const [key, value] of Object.entries(place)) tensor.message(13, new Message().text(1, key).text(2, value))
    this.#graph.message(5, tensor.int(14, 1))
    return name
  }

  /** A list of whole numbers. */
  integers(values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
    return this.#constant('I64', [values.length], bytes)
  }

  /** A list of numbers. */
  floats(values: readonly number[]): string {
    return this.#constant('F32', [values.length], new Uint8Array(Float32Array.from(values).buffer))
  }

  /** A single number, which combines with tensors of any shape. */
  scalar(value: number): string {
    return this.#constant('F32', [], new Uint8Array(Float32Array.of(value).buffer))
  }

  /** The bytes of a ModelProto. */
  finish(): Uint8Array<ArrayBuffer> {
    const operators = new Message().text(1, '').int(2, OPERATORS)
    return new Message()
      .int(1, FORMAT)
      .text(2, 'maxsift')
      .message(7, this.#graph.text(2, 'maxsift'))
      .message(8, operators)
      .finish()
  }

  #add(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>, output: string) {
    const node = new Message()
    for (const input of inputs) node.text(1, input)
    node.text(2, output).text(3, output).text(4, operator)
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value))
    this.#graph.message(1, node)
    return output
  }

  #constant(type: DataType, shape: readonly number[], bytes: Uint8Array): string {
    const name = this.#name('constant')
    this.#graph.message(5, tensorOf(name, type, shape).bytes(9, bytes))
    return name
  }

  #name(what: string): string {
    return `${what}_${this.#values++}`
  }
}

function tensorOf(name: string, type: DataType, shape: readonly number[]): Message {
  const tensor = new Message()
  for (const dimension of shape) tensor.int(1, dimension)
  return tensor.int(2, DATA_TYPES[type]).text(8, name)
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().text(1, name)
  if (typeof value === 'number') return message.int(3, value).int(20, INT)
  if ('float' in value) return message.float(2, value.float).int(20, FLOAT)
  for (const each of value) message.int(8, each)
  return message.int(20, INTS)
}

function valueInfo(name: string, type: DataType, shape: Shape): Message {
  const dimensions = new Message()
  for (const size of shape) {
    dimensions.message(1, typeof size === 'number' ? new Message().int(1, size) : new Message().text(2, size))
  }
  const tensor = new Message().int(1, DATA_TYPES[type]).message(2, dimensions)
  return new Message().text(1, name).message(2, new Message().message(1, tensor))
}
