import { describe, expect, it } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { writeModel } from '../../src/onnx/forward.ts'
import { DATA_TYPES } from '../../src/onnx/graph.ts'
import { CHECKPOINT_NAMES, type CheckpointName, FAMILY_NAMES, readCheckpoint } from '../goldens/checkpoints.ts'
import { mapSource } from '../search/harness.ts'
import { readModel } from './read-model.ts'

const open = async (name: CheckpointName) => openCheckpoint(mapSource(name, await readCheckpoint(name)))

describe('the ONNX model of a checkpoint', () => {
  for (const name of [...CHECKPOINT_NAMES, ...FAMILY_NAMES]) {
    it(`${name}: refers to the tensors where they lie, and holds no weights itself`, async () => {
      const checkpoint = await open(name)
      const bytes = writeModel(checkpoint)
      const { initializers } = readModel(bytes)
      const byName = new Map(initializers.map((tensor) => [tensor.name, tensor]))
      expect(byName.size).toBe(initializers.length)
      const sizes = new Map(checkpoint.files.map(({ path, size }) => [path, size]))
      for (const { external, raw } of initializers) {
        // Constants are shapes, single numbers, and the frequencies of rotary positions, one a column of a head.
        const { attention, hidden, heads } = checkpoint.spec.encoder
        expect(raw?.length ?? 0).toBeLessThanOrEqual(attention ? (4 * hidden) / heads : 16)
        expect(external === null).toBe(raw !== null)
        if (!external) continue
        expect(Number(external.offset) + Number(external.length)).toBeLessThanOrEqual(sizes.get(external.location)!)
      }
      for (const [role, { file, type, shape, start, end, scale }] of checkpoint.tensors) {
        const tensor = byName.get(role)!
        const row = role === 'type'
        expect(tensor.type).toBe(DATA_TYPES[type])
        // Of the types only row 0 is used.
        expect(tensor.shape).toEqual(row ? [1, shape[1]] : shape)
        const length = row ? (end - start) / shape[0] : end - start
        expect(tensor.external).toEqual({ location: file, offset: String(start), length: String(length) })
        if (scale) {
          const scales = byName.get(`${role}.scale`)!
          expect(scales.shape).toEqual([row ? 1 : shape[0]])
          expect(scales.external!.offset).toBe(String(scale.start))
        }
      }
      expect(bytes.length).toBeLessThan(5_000 * (checkpoint.spec.encoder.layers + 2))
    })

    it(`${name}: names every value once, before it is read`, async () => {
      const { inputs, outputs, nodes, initializers } = readModel(writeModel(await open(name)))
      const known = new Set([...inputs, ...initializers.map((tensor) => tensor.name)])
      for (const node of nodes) {
        for (const input of node.inputs) expect(known.has(input), `${node.operator} reads ${input}`).toBe(true)
        for (const output of node.outputs) {
          expect(known.has(output)).toBe(false)
          known.add(output)
        }
      }
      expect(inputs).toEqual(['ids', 'positions', 'mask', 'keep'])
      expect(outputs).toEqual(['vectors'])
      expect(known.has('vectors')).toBe(true)
    })
  }

  it('is the same for the same checkpoint', async () => {
    expect(writeModel(await open('pylate'))).toEqual(writeModel(await open('pylate')))
  })
})
