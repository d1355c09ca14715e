import { addNorm } from './add_norm.reference.ts'

export interface Embeddings {
  columns: number
  words: Float32Array
  positions: Float32Array
  /** Both types. */
  types: Float32Array
  gamma: Float32Array
  beta: Float32Array
  epsilon: number
}

/** LayerNorm(word + position + type) for every (id, position, type). */
export function embedNorm(tokens: readonly (readonly [number, number, number])[], table: Embeddings): Float32Array {
  const { columns, words, positions, types, gamma, beta, epsilon } = table
  const word: number[] = []
  const rest: number[] = []
  for (const [id, position, type] of tokens) {
    for (let c = 0; c < columns; c++) {
      word.push(words[id * columns + c])
      rest.push(positions[position * columns + c] + types[type * columns + c])
    }
  }
  return addNorm(Float32Array.from(word), Float32Array.from(rest), gamma, beta, columns, epsilon)
}
