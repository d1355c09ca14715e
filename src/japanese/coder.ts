/**
 * Adaptive binary arithmetic coding: a carry-less range coder over 32 bits, as LZMA has it, with 16-bit probabilities.
 * Decoding and encoding (scripts/japanese/pack.mjs) share the models: both are a `Coder`, which either says what a bit is or
 * is told.
 */
import { damaged } from './damaged.ts'

/** Probabilities of a set of contexts. Each is the mean of a fast and a slow estimate: new contexts learn at once. */
export class Contexts {
  readonly fast: Uint16Array
  readonly slow: Uint16Array

  constructor(size: number) {
    this.fast = new Uint16Array(size).fill(HALF)
    this.slow = new Uint16Array(size).fill(HALF)
  }

  /** Of a one, from 1 to 65535. */
  probability(context: number): number {
    return ((this.fast[context] + this.slow[context]) >> 1) | 1
  }

  update(context: number, bit: number): void {
    const { fast, slow } = this
    const target = bit ? ONE : 0
    fast[context] += (target - fast[context]) >> FAST
    slow[context] += (target - slow[context]) >> SLOW
  }
}

const ONE = 0xffff
const HALF = 1 << 15
const FAST = 4
const SLOW = 7

/** Ranges are kept at least this wide. */
const NARROW = 2 ** 24

export interface Coder {
  /** @param bit What to encode; ignored in decoding. @returns the bit */
  bit(contexts: Contexts, context: number, bit: number): number
}

export class Decoder implements Coder {
  #range = 0xffffffff
  #code = 0
  #at: number

  /** @param bytes Coded from `start` to their end. */
  constructor(
    private readonly bytes: Uint8Array,
    start: number,
  ) {
    this.#at = start
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#next()) >>> 0
  }

  bit(contexts: Contexts, context: number): number {
    // What `probability` and `update` do, with each number read once: this is called 30 million times for a dictionary.
    const { fast, slow } = contexts
    const first = fast[context]
    const second = slow[context]
    const bound = (this.#range >>> 16) * (((first + second) >> 1) | 1)
    if (this.#code < bound) {
      this.#range = bound
      fast[context] = first + ((ONE - first) >> FAST)
      slow[context] = second + ((ONE - second) >> SLOW)
      if (bound < NARROW) this.#widen()
      return 1
    }
    this.#code -= bound
    this.#range -= bound
    fast[context] = first + (-first >> FAST)
    slow[context] = second + (-second >> SLOW)
    if (this.#range < NARROW) this.#widen()
    return 0
  }

  /** @throws MaxsiftError `MODEL_INVALID` unless all bytes, and no more, were needed */
  end(): void {
    if (this.#at !== this.bytes.length) throw damaged('it is longer than its contents')
  }

  #widen(): void {
    while (this.#range < NARROW) {
      this.#range = (this.#range << 8) >>> 0
      this.#code = ((this.#code << 8) | this.#next()) >>> 0
    }
  }

  #next(): number {
    if (this.#at >= this.bytes.length) throw damaged('it ends too early')
    return this.bytes[this.#at++]
  }
}
