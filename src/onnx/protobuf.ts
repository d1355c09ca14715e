/** Field types on the wire: https://protobuf.dev/programming-guides/encoding/ */
const VARINT = 0
const LENGTH_DELIMITED = 2
const FIXED32 = 5

/** A Protocol Buffers message that is being written, field after field. */
export class Message {
  readonly #bytes: number[] = []

  /** An integer from −2^53 to 2^53; negative ones take ten bytes, as int32 and int64 do. */
  int(field: number, value: number): this {
    this.#tag(field, VARINT)
    this.#varint(value)
    return this
  }

  float(field: number, value: number): this {
    this.#tag(field, FIXED32)
    this.#push(new Uint8Array(Float32Array.of(value).buffer))
    return this
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value))
  }

  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, LENGTH_DELIMITED)
    this.#varint(value.length)
    this.#push(value)
    return this
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.finish())
  }

  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes)
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type)
  }

  /** Seven bits a byte, lowest first. */
  #varint(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes.push(Number(rest & 0x7fn) | 0x80)
    this.#bytes.push(Number(rest))
  }

  #push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte)
  }
}
