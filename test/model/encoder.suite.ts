import { describe, expect, it, vi } from 'vitest'
import { openCheckpoint } from '../../src/model/checkpoint.ts'
import { type EncoderInput, GpuEncoder } from '../../src/model/encoder.ts'
import { encodeText } from '../../src/text/encode.ts'
import { Tokenizer } from '../../src/text/tokenizer.ts'
import { CHECKPOINT_NAMES, CHECKPOINTS, FAMILIES, loadGolden, readCheckpoint } from '../goldens/checkpoints.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { maxError } from '../kernels/harness.ts'
import { mapSource } from '../search/harness.ts'
import { encodeBatch, goldenError } from './encode.ts'

const missing = await gpuMissing()
const device = missing ? null : await openDevice()

/** Inputs of random ids: (length, first kept row) each. */
function inputs(shapes: readonly (readonly [length: number, keepFrom: number])[]): EncoderInput[] {
  return shapes.map(([length, keepFrom], i) => ({
    ids: Uint32Array.from({ length }, (_, j) => 5 + ((j * 7 + i * 31) % 200)),
    attend: new Uint8Array(length).fill(1),
    keep: Uint32Array.from({ length: length - keepFrom }, (_, j) => keepFrom + j),
  }))
}

const open = async (name: (typeof CHECKPOINT_NAMES)[number]) =>
  openCheckpoint(mapSource(name, await readCheckpoint(name)))

describe.skipIf(missing)(`encoder${missing ? ` — ${missing}` : ''}`, () => {
  // One of the other families; all of them are in test/full.
  for (const name of [...CHECKPOINT_NAMES, 'distilbert'] as const) {
    const { shows } = name === 'distilbert' ? FAMILIES[name] : CHECKPOINTS[name]
    it(`gives the vectors of the reference: ${name} (${shows})`, async () => {
      expect(await goldenError(device!, name)).toBeLessThan(1e-4)
    })
  }

  it('gives them too with all that the adapter offers', async () => {
    const generous = await openDevice({ limits: 'adapter' })
    expect(generous.caps.limits.bindingBytes).toBeGreaterThanOrEqual(device!.caps.limits.bindingBytes)
    for (const name of ['stanford', 'pylate', 'bert'] as const) {
      expect(await goldenError(generous, name), name).toBeLessThan(1e-4)
    }
  })

  it('narrows to f16 on request, and then multiplies in f16 where the device can', async () => {
    for (const name of ['stanford', 'pylate'] as const) {
      const error = await goldenError(device!, name, { options: { dtype: 'f16' } })
      expect(error, name).toBeLessThan(2e-3)
      // Had nothing been narrowed, the vectors would be those of the reference.
      expect(error, name).toBeGreaterThan(1e-5)
    }
    const narrowed = await GpuEncoder.load(device!, await open('stanford'), { dtype: 'f16' })
    const stored = await GpuEncoder.load(device!, await open('stanford-f16'))
    expect(narrowed.cost.weightBytes).toBe(stored.cost.weightBytes)
    narrowed.destroy()
    stored.destroy()
  })

  it('gives a text the same vectors alone and in a batch', async () => {
    const encoder = await GpuEncoder.load(device!, await open('pylate'))
    const { dim } = encoder.spec
    const texts = inputs([
      [40, 0],
      [1, 0],
      [33, 10],
      [5, 5],
      [64, 1],
    ])
    const together = await encodeBatch(device!, encoder, texts)
    expect(together.starts).toEqual([0, 40, 41, 64, 64, 127])
    for (const [i, text] of texts.entries()) {
      if (text.keep.length === 0) continue
      const alone = await encodeBatch(device!, encoder, [text])
      const [from, to] = together.starts.slice(i, i + 2)
      expect(maxError(together.vectors.subarray(from * dim, to * dim), alone.vectors)).toBeLessThan(1e-6)
    }
    encoder.destroy()
  })

  it('plans the dispatches of a text once for each length, and anew when working buffers have grown', async () => {
    const encoder = await GpuEncoder.load(device!, await open('pylate'))
    const texts = inputs(Array.from({ length: 40 }, (_, i) => [1 + i, 0] as const))
    const alone = (i: number) => encodeBatch(device!, encoder, [texts[i]])
    const asked = vi.spyOn(device!.kernels, 'get')
    const planned = async (i: number) => {
      asked.mockClear()
      await alone(i)
      return asked.mock.calls.length > 0
    }
    const first = await alone(39)
    expect([await planned(39), await planned(9), await planned(9)]).toEqual([false, true, false])
    const { allocations } = device!.counts
    // The same length, other ids.
    const other = { ...texts[9], ids: texts[20].ids.slice(0, 10) }
    const reference = await encodeBatch(device!, encoder, [texts[9], other])
    expect(
      maxError((await encodeBatch(device!, encoder, [other])).vectors, reference.vectors.subarray(480)),
    ).toBeLessThan(1e-6)
    expect(device!.counts.allocations).toBe(allocations)
    await encodeBatch(device!, encoder, texts)
    expect(await planned(39)).toBe(true)
    expect((await alone(39)).vectors).toEqual(first.vectors)
    // More than are kept, without a buffer for each.
    for (let i = 0; i < 40; i++) await alone(i)
    expect(await planned(0)).toBe(true)
    const held = device!.counts.allocations
    for (let i = 0; i < 40; i++) await alone(i)
    expect(device!.counts.allocations).toBe(held)
    expect((await alone(39)).vectors).toEqual(first.vectors)
    asked.mockRestore()
    encoder.destroy()
  })

  it('gives the vectors of the reference from matrices that are cut to fit small bindings', async () => {
    const small = await openDevice({ caps: { bindingBytes: 1 << 14 } })
    const golden = await loadGolden('pylate')
    const checkpoint = await open('pylate')
    const tokenizer = new Tokenizer(checkpoint.tokenizer)
    const encoder = await GpuEncoder.load(small, checkpoint)
    const short = golden.documents.filter(({ ids }) => ids.length <= encoder.maxTokens)
    expect(short.length).toBeGreaterThan(3)
    const start = small.counts.dispatches
    for (const { text, vectors } of short) {
      const input = encodeText(tokenizer, checkpoint.spec.document, text)
      expect(maxError((await encodeBatch(small, encoder, [input])).vectors, vectors)).toBeLessThan(1e-4)
    }
    // Otherwise nothing was cut.
    expect(small.counts.dispatches - start).toBeGreaterThan(2 * short.length * 7 * encoder.spec.encoder.layers)
    await expect(encoder.reserve(inputs([[encoder.maxTokens + 1, 0]]))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    encoder.destroy()
  })

  it('holds no more on the GPU than the tensors it uses, and gives it all back', async () => {
    const before = device!.counts.bytes
    for (const name of ['stanford', 'stanford-f16', 'stanford-i8'] as const) {
      const encoder = await GpuEncoder.load(device!, await open(name))
      const { weightBytes, tensorBytes } = encoder.cost
      expect(device!.counts.bytes - before).toBe(weightBytes)
      // Biases, LayerNorms and type rows are kept in f32; beside matrices this small they count.
      expect(weightBytes / tensorBytes, name).toBeLessThan(1.1)
      encoder.destroy()
      expect(device!.counts.bytes).toBe(before)
    }
  })

  it('stays within the budget of dispatches, in one submission', async () => {
    const encoder = await GpuEncoder.load(device!, await open('stanford'))
    const start = { ...device!.counts }
    await encodeBatch(device!, encoder, inputs([[32, 0]]))
    expect(device!.counts.submissions - start.submissions).toBe(1)
    expect(device!.counts.dispatches - start.dispatches).toBeLessThanOrEqual(7 * encoder.spec.encoder.layers + 3)
    encoder.destroy()
  })
})
