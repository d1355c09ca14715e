/**
 * Coding of the connection costs. A trained matrix of costs is a sum of few terms, each of which depends on some features
 * of the word on the left and some of the word on the right, cut to a whole number: two rows of similar words differ by
 * a constant, over each run of similar columns, up to rounding. So a row is coded as that difference from the row before
 * it, and of each cell an estimate is kept that is finer than the whole number: rounding then costs little to code.
 * How well this works is a matter of the order of rows and columns, which is the builder's.
 */
import { type Coder, Contexts } from './coder.ts'

/** Estimates are in these parts of one unit of cost. */
const UNIT = 256
/** How near an estimate may lie to the end of the interval that the whole number leaves it. */
const MARGIN = 38
/** An estimate that is off by more means that the difference between the rows is another from here on. */
const JUMP = 333
/** Weight of the n-th observation of a difference, in parts of 65536: the mean, and from the 20th on a running one. */
const WEIGHTS = Array.from({ length: 64 }, (_, n) => Math.round(65536 * Math.max(1 / (n + 1), 0.05)))

const SIZES = 5
/** How large an error was, in five classes. */
const sizeOf = (error: number) => {
  const size = Math.abs(error)
  return size < 2 ? size : size < 4 ? 2 : size < 20 ? 3 : 4
}
const AGES = 5
/** For how many columns a difference has held, in five classes. */
const ageOf = (columns: number) => (columns > 30 ? 4 : columns > 10 ? 3 : columns > 4 ? 2 : columns > 1 ? 1 : 0)
const FRACTIONS = 16

/**
 * Codes a matrix of whole numbers of 16 bits, row by row.
 * @param values (rows, columns), row-major: read in encoding, written in decoding
 */
export function codeMatrix(coder: Coder, values: Int16Array, rows: number, columns: number): void {
  const model = new ErrorModel(coder)
  const estimates = new Int32Array(columns)
  const errors = new Int8Array(columns + 1)
  const sizes = Uint8Array.from({ length: 256 }, (_, i) => sizeOf((i << 24) >> 24))
  for (let row = 0; row < rows; row++) {
    let difference = 0
    let held = 0
    let left = 0
    let second = 0
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column
      const estimate = estimates[column] + difference
      const whole = estimate >> 8
      const fraction = (estimate & (UNIT - 1)) >> 4
      const near = fraction < FRACTIONS / 2 ? fraction : FRACTIONS - 1 - fraction
      const age = ageOf(held)
      const neighbours =
        sizes[left & 255] +
        SIZES *
          (sizes[errors[column] & 255] +
            SIZES * (sizes[second & 255] + (sizes[errors[column + 1] & 255] > 2 ? SIZES : 0)))
      const context = (neighbours * (FRACTIONS / 2) + near) * AGES + age
      const error = model.code(values[at] - whole, context, fraction + FRACTIONS * age)
      const value = whole + error
      values[at] = value

      const middle = value * UNIT + UNIT / 2
      const off = middle - estimate
      if (Math.abs(off) > JUMP) {
        difference += off
        held = 1
      } else {
        difference += (off * WEIGHTS[Math.min(held, 63)]) >> 16
        held++
      }
      const refined = estimates[column] + difference
      estimates[column] = Math.max(value * UNIT + MARGIN, Math.min(value * UNIT + UNIT - MARGIN, refined))
      second = left
      left = Math.max(-127, Math.min(127, error))
      errors[column] = left
    }
  }
}

/** Zero or not, sign, one or more, and beyond that an exponential Golomb code, each bit by its context. */
class ErrorModel {
  readonly #nonzero = new Contexts(2 * SIZES ** 3 * (FRACTIONS / 2) * AGES)
  readonly #large = new Contexts(2 * SIZES ** 3 * (FRACTIONS / 2) * AGES)
  readonly #negative = new Contexts(FRACTIONS * AGES)
  readonly #length = new Contexts(SIZES * 32)
  readonly #bits = new Contexts(32)

  constructor(private readonly coder: Coder) {}

  code(error: number, context: number, signContext: number): number {
    const { coder } = this
    const size = Math.abs(error)
    if (!coder.bit(this.#nonzero, context, size > 0 ? 1 : 0)) return 0
    const negative = coder.bit(this.#negative, signContext, error < 0 ? 1 : 0)
    let result = 1
    if (coder.bit(this.#large, context, size > 1 ? 1 : 0)) {
      const group = Math.floor(context / ((FRACTIONS / 2) * AGES)) % SIZES
      const width = 31 - Math.clz32(size - 1)
      let length = 0
      while (length < 31 && coder.bit(this.#length, group * 32 + length, length < width ? 1 : 0)) length++
      let rest = 1
      for (let i = length - 1; i >= 0; i--) rest = rest * 2 + coder.bit(this.#bits, i, ((size - 1) >> i) & 1)
      result = rest + 1
    }
    return negative ? -result : result
  }
}
