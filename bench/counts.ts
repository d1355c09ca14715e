/** What a query and a batch ask of the machine, counted, not timed: these numbers must not grow unnoticed. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { codecOf } from '../src/codec/codec.ts'
import { Arena } from '../src/gpu/arena.ts'
import type { Device } from '../src/gpu/device.ts'
import type { Recorder } from '../src/gpu/recorder.ts'
import { searchIndex } from '../src/kernels/search.ts'
import type { EncoderInput } from '../src/model/encoder.ts'
import { folderSource } from '../src/node/folder-source.ts'
import { Model } from '../src/search/model.ts'
import { Residents } from '../src/search/residents.ts'
import { encodeCodes } from '../src/search/vectors.ts'
import { encodeText } from '../src/text/encode.ts'
import { type Shape, writeCheckpoint } from './checkpoint.ts'
import { LENGTHS } from './lengths.ts'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const QUERY = 'w100 w200 w300 w400 w500 w600 w700'
const HITS = 10

export async function count(device: Device, shape: Shape): Promise<Record<string, number>> {
  const { folder, remove } = await writeCheckpoint(shape)
  try {
    const before = await arrayBuffers()
    const model = await Model.open(folderSource(folder))
    const encoder = await model.encoder(device)
    const loaded = (await arrayBuffers()) - before
    const { weightBytes, tensorBytes } = encoder.cost

    const codec = codecOf({ id: 'int8' })
    const arena = new Arena(device, 'bench')
    const documents = LENGTHS.slice(0, 16).map((length) => documentInput(length))
    const codes = await encodeCodes(device, arena, encoder, codec, documents.slice(0, HITS))
    const residents = new Residents(device, codec, shape.dim)
    await residents.append(codes.map((passage) => [passage]))

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
      arena_bytes: encoder.cost.arenaBytes + arena.bytes,
      weight_bytes: weightBytes,
      weight_bytes_per_tensor_byte: weightBytes / tensorBytes,
      array_buffer_bytes_after_load: loaded,
      array_buffer_bytes_per_weight_byte: loaded / tensorBytes,
      multiply_adds_executed_per_needed: work.executed / work.needed,
    }
    residents.destroy()
    arena.destroy()
    await model.close()
    return result
  } finally {
    await remove()
  }
}

function documentInput(length: number): EncoderInput {
  return {
    ids: Uint32Array.from({ length }, (_, i) => 7 + ((i * 7919) % 30_000)),
    attend: new Uint8Array(length).fill(1),
    keep: Uint32Array.from({ length }, (_, i) => i),
  }
}

/** Bytes of array buffers alive. What is dead is freed in the background, so it is asked for and waited for. */
async function arrayBuffers(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return process.memoryUsage().arrayBuffers
}
