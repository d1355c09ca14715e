import { expect, test } from 'vitest'
import {
  CHECKPOINT_NAMES,
  CHECKPOINTS,
  type CheckpointTraits,
  FAMILIES,
  FAMILY_NAMES,
  loadGolden,
  readCheckpoint,
  readCheckpointFile,
} from './checkpoints.ts'

/** Number formats named in the header of a safetensors file. */
function formats(bytes: Uint8Array): Set<string> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { dtype?: string }
  >
  return new Set(Object.values(header).flatMap((tensor) => tensor.dtype ?? []))
}

const all: Record<string, CheckpointTraits> = { ...CHECKPOINTS, ...FAMILIES }

test.each([...CHECKPOINT_NAMES, ...FAMILY_NAMES])(
  'golden of %s: unit rows, sums that follow from them, the weights it claims',
  async (name) => {
    const { weights, unnormalized } = all[name]
    const { queries, documents, scores, dim, files } = await loadGolden(name)
    for (const { ids, kept, vectors } of [...queries, ...documents]) {
      expect(kept.length).toBeGreaterThan(0)
      expect(kept.every((row, i) => row < ids.length && (i === 0 || row > kept[i - 1]))).toBe(true)
      for (let row = 0; row < kept.length; row++) {
        const squared = vectors.subarray(row * dim, (row + 1) * dim).reduce((sum, value) => sum + value * value, 0)
        if (!unnormalized) expect(Math.abs(squared - 1)).toBeLessThan(1e-5)
      }
    }
    const dot = (a: Float32Array, i: number, b: Float32Array, j: number) => {
      let sum = 0
      for (let k = 0; k < dim; k++) sum += a[i * dim + k] * b[j * dim + k]
      return sum
    }
    const sums = queries.map((query) =>
      documents.map((document) =>
        query.kept
          .map((_, i) => Math.max(...document.kept.map((_, j) => dot(query.vectors, i, document.vectors, j))))
          .reduce((total, best) => total + best, 0),
      ),
    )
    const worst = Math.max(...sums.flatMap((row, q) => row.map((sum, d) => Math.abs(sum - scores[q][d]))))
    expect(worst).toBeLessThan(1e-4)

    const checkpoint = await readCheckpoint(name)
    const paths = files.filter((path) => path.endsWith('.safetensors') && !path.includes('/'))
    const found = paths.map((path) => formats(checkpoint.get(path)!))
    expect(found.length).toBeGreaterThan(0)
    for (const types of found) expect(types).toContain(weights)
  },
)

test('a file that is not there is an error', async () => {
  await expect(readCheckpointFile('stanford', 'no-such-file.json')).rejects.toThrow()
})
