/** Texts to token vectors: one query at a time, and batches of ragged documents. */
import type { Device } from '../src/gpu/device.ts'
import { openCheckpoint } from '../src/model/checkpoint.ts'
import { type EncoderInput, GpuEncoder } from '../src/model/encoder.ts'
import { makeCheckpoint } from './checkpoint.ts'
import type { EncoderImpl, LoadedEncoder } from './encoders.ts'
import { LENGTHS } from './lengths.ts'
import { race, resultsOf, type Terms } from './measure.ts'
import type { Result } from './result.ts'
import { SHAPES, type ShapeName } from './shapes.ts'
import { largestDifference } from './stats.ts'

export interface EncodeTask {
  shape: ShapeName
  queries: readonly number[]
  batches: readonly number[]
  wanted(workload: string): boolean
  terms: Terms
}

/** Tokens of a text that are spread over the vocabulary. */
export function textOf(length: number): EncoderInput {
  return {
    ids: Uint32Array.from({ length }, (_, i) => 7 + ((i * 7919) % 30_000)),
    attend: new Uint8Array(length).fill(1),
    keep: Uint32Array.from({ length }, (_, i) => i),
  }
}

/**
 * @param impls The first one is what all others must agree with.
 * @throws Error where one of them does not
 */
export async function measureEncoders(
  device: Device,
  impls: readonly EncoderImpl[],
  { shape, queries, batches, wanted, terms }: EncodeTask,
  log: (line: string) => void,
): Promise<Result[]> {
  const workloads = [
    ...queries.map((tokens) => ({ workload: `query-${tokens}/${shape}`, inputs: [textOf(tokens)], rate: false })),
    ...batches.map((count) => ({
      workload: `docs-${count}/${shape}`,
      inputs: LENGTHS.slice(0, count).map(textOf),
      rate: true,
    })),
  ].filter(({ workload }) => wanted(workload))
  if (workloads.length === 0) return []
  const checkpoint = await openCheckpoint(makeCheckpoint(SHAPES[shape]))
  const results: Result[] = []
  const loaded: LoadedEncoder[] = []
  const counter = await GpuEncoder.load(device, checkpoint)
  try {
    for (const { load } of impls) loaded.push(await load(checkpoint))
    for (const { workload, inputs, rate } of workloads) {
      log(workload)
      await compare(workload, impls, loaded, inputs)
      const contenders = impls.map(({ impl, arithmetic }, i) => ({
        impl,
        arithmetic,
        run: () => loaded[i].vectors(inputs),
      }))
      const tokens = rate ? inputs.reduce((sum, { ids }) => sum + ids.length, 0) : undefined
      const needs = { operations: 2 * counter.work(inputs).needed, bytes: layerBytes(SHAPES[shape]) }
      results.push(...resultsOf({ workload, tokens, needs }, contenders, await race(contenders, terms)))
    }
  } finally {
    for (const encoder of loaded) encoder.destroy()
    counter.destroy()
  }
  return results
}

/** Bytes of the F32 matrices of all layers; of the embeddings only some rows are read. */
const layerBytes = ({ layers, hidden }: { layers: number; hidden: number }) => layers * 12 * hidden * hidden * 4

async function compare(
  workload: string,
  impls: readonly EncoderImpl[],
  loaded: readonly LoadedEncoder[],
  inputs: readonly EncoderInput[],
): Promise<void> {
  const expected = await loaded[0].vectors(inputs)
  for (const [i, { impl, tolerance }] of impls.entries()) {
    if (i === 0) continue
    const difference = largestDifference(await loaded[i].vectors(inputs), expected)
    if (!(difference <= tolerance))
      throw new Error(`${workload}: ${impl} differs from ${impls[0].impl} by ${difference}`)
  }
}
