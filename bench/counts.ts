/** What a query and a batch ask of the machine, counted, not timed: these numbers must not grow unnoticed. */
import { codecOf } from '../src/codec/codec.ts'
import { Arena } from '../src/gpu/arena.ts'
import type { Device } from '../src/gpu/device.ts'
import type { Recorder } from '../src/gpu/recorder.ts'
import { searchIndex } from '../src/kernels/search.ts'
import { GpuEncoder } from '../src/model/encoder.ts'
import { Model } from '../src/search/model.ts'
import { GpuResidents } from '../src/search/residents.ts'
import { encodeCodes } from '../src/search/vectors.ts'
import { GpuBackend } from '../src/search/webgpu.ts'
import { encodeText } from '../src/text/encode.ts'
import { makeCheckpoint } from './checkpoint.ts'
import { textOf } from './encode.ts'
import { LENGTHS } from './lengths.ts'
import type { Shape } from './shapes.ts'

const QUERY = 'w100 w200 w300 w400 w500 w600 w700'
const HITS = 10

/** @param arrayBuffers tells the bytes of array buffers alive, where that can be known */
export async function count(
  device: Device,
  shape: Shape,
  arrayBuffers?: () => Promise<number>,
): Promise<Record<string, number>> {
  const source = makeCheckpoint(shape)
  const before = await arrayBuffers?.()
  const model = await Model.open(source)
  const encoder = await GpuEncoder.load(device, model.checkpoint)
  const loaded = arrayBuffers && (await arrayBuffers()) - before!
  const { weightBytes, tensorBytes } = encoder.cost

  const codec = codecOf({ id: 'int8' })
  const arena = new Arena(device, 'bench')
  const documents = LENGTHS.map(textOf)
  const { codes } = await encodeCodes(device, arena, encoder, codec, documents.slice(0, HITS).map(firstTokens))
  const residents = new GpuResidents(new GpuBackend(device), codec, shape.dim)
  await residents.append((await codes).map((passage) => [passage]))

  const query = encodeText(model.tokenizer, model.spec.query, QUERY)
  const search = async () => {
    await encoder.reserve([query])
    const alive = residents.layout.alive.view()
    const request = { rows: query.keep.length, k: HITS, best: 1, explain: true, alive }
    const record = (recorder: Recorder) => encoder.record(recorder, [query]).vectors
    return searchIndex(device, arena, residents.index!, request, record)
  }
  const work = encoder.work(documents)
  const hits = await search()
  if (hits.length !== HITS) throw new Error(`${hits.length} hits instead of ${HITS}`)
  const start = { ...device.counts }
  await search()
  const { counts } = device
  const result = {
    layers: shape.layers,
    dispatches: counts.dispatches - start.dispatches,
    dispatch_budget: 7 * shape.layers + 3 + 2 * residents.index!.shards.length + 4,
    submissions: counts.submissions - start.submissions,
    readbacks: counts.readbacks - start.readbacks,
    readback_bytes: counts.readbackBytes - start.readbackBytes,
    buffers_allocated_after_warm_up: counts.allocations - start.allocations,
    pipelines_compiled_after_warm_up: counts.pipelines - start.pipelines,
    arena_bytes: encoder.cost.arenaBytes + arena.bytes,
    weight_bytes: weightBytes,
    weight_bytes_per_tensor_byte: weightBytes / tensorBytes,
    multiply_adds_executed_per_needed: work.executed / work.needed,
    ...(loaded !== undefined && {
      array_buffer_bytes_after_load: loaded,
      array_buffer_bytes_per_weight_byte: loaded / tensorBytes,
    }),
  }
  residents.destroy()
  arena.destroy()
  encoder.destroy()
  return result
}

/** Short ones do: what is counted is the search. */
const firstTokens = ({ ids, attend, keep }: ReturnType<typeof textOf>) => ({
  ids: ids.subarray(0, 10),
  attend: attend.subarray(0, 10),
  keep: keep.subarray(0, 10),
})

/** Counts above what docs/design.md allows, one line each. */
export function overdrawn(counts: Readonly<Record<string, number>>): string[] {
  const most: Record<string, number> = {
    dispatches: counts.dispatch_budget,
    submissions: 1,
    readbacks: 1,
    readback_bytes: 4096,
    buffers_allocated_after_warm_up: 0,
    pipelines_compiled_after_warm_up: 0,
    multiply_adds_executed_per_needed: 1.1,
    weight_bytes_per_tensor_byte: 1.05,
  }
  return Object.entries(most).flatMap(([name, limit]) =>
    counts[name] <= limit ? [] : [`${name}: ${counts[name]}, at most ${limit}`],
  )
}
