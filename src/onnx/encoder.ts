import type { Codec } from '../codec/codec.ts'
import { codesOf } from '../cpu/codes.ts'
import type { CpuEncoder } from '../cpu/residents.ts'
import { MaxsiftError } from '../errors.ts'
import type { Checkpoint } from '../model/checkpoint.ts'
import type { EncoderInput, EncoderOptions } from '../model/encoder.ts'
import { positionsOf } from '../model/positions.ts'
import { checkShape } from '../model/shape.ts'
import type { ModelSpec } from '../model/spec.ts'
import { fingerprint, streamTensors } from '../model/stream.ts'
import type { Encoding } from '../search/backend.ts'
import { HIDDEN, PADDING } from './attention.ts'
import { countsPositions, tellsTypes, writeModel } from './forward.ts'
import { groupByLength } from './groups.ts'
import type { Runtime, Session } from './runtime.ts'

/** An encoder with its projections in ONNX Runtime: token ids in, token vectors out. */
export class OnnxEncoder implements CpuEncoder {
  private constructor(
    private readonly runtime: Runtime,
    private readonly session: Session,
    readonly spec: ModelSpec,
    readonly fingerprint: string,
    readonly weightBytes: number,
  ) {}

  /**
   * Reads the weights of a checkpoint and hands them to the runtime. It computes in f32 whatever `dtype` says.
   * @throws MaxsiftError `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MODEL_FETCH_FAILED`, `OUT_OF_MEMORY`, `ONNX_UNAVAILABLE`.
   */
  static async load(runtime: Runtime, checkpoint: Checkpoint, options: EncoderOptions = {}): Promise<OnnxEncoder> {
    const { signal, onProgress } = options
    checkShape(checkpoint)
    const files = new Map(checkpoint.files.map(({ path, size }) => [path, room(path, size)]))
    const hashes = await streamTensors(
      checkpoint,
      (_, { file, start }, offset, bytes) => files.get(file)!.set(bytes, start + offset),
      { signal, onProgress: (loaded, total) => onProgress?.({ stage: 'model', loaded, total }) },
    )
    const session = await reported(() =>
      runtime.InferenceSession.create(writeModel(checkpoint), {
        externalData: Array.from(files, ([path, data]) => ({ path, data })),
        graphOptimizationLevel: 'all',
        logSeverityLevel: 3,
        extra: {
          session: {
            // Else I8 weights would be widened anew in every run, for a fusion that there is none of.
            disable_quant_qdq: '1',
            // Threads that wait in a loop take the cores from everybody else, and from each other.
            'intra_op.allow_spinning': '0',
          },
        },
      }),
    )
    return new OnnxEncoder(
      runtime,
      session,
      checkpoint.spec,
      await fingerprint(checkpoint, hashes),
      heldBytes(checkpoint),
    )
  }

  async encode(inputs: readonly EncoderInput[], codec: Codec): Promise<Encoding> {
    const codes = (await this.vectors(inputs)).map((vectors) => codesOf(codec, vectors, this.spec.dim))
    return { codes: Promise.resolve(codes) }
  }

  async vectors(inputs: readonly EncoderInput[]): Promise<Float32Array[]> {
    const all: Float32Array[] = inputs.map(() => new Float32Array())
    const places = inputs.flatMap(({ keep }, i) => (keep.length > 0 ? [i] : []))
    for (const group of groupByLength(places.map((place) => inputs[place].ids.length))) {
      const members = group.map((i) => places[i])
      const vectors = await this.#run(members.map((place) => inputs[place]))
      let row = 0
      for (const place of members) {
        const from = row * this.spec.dim
        row += inputs[place].keep.length
        all[place] = vectors.subarray(from, row * this.spec.dim)
      }
    }
    return all
  }

  /** The kept rows of inputs, the longest of which comes first. */
  async #run(inputs: readonly EncoderInput[]): Promise<Float32Array> {
    const [batch, length] = [inputs.length, inputs[0].ids.length]
    const ids = new Int32Array(batch * length)
    const mask = new Float32Array(batch * length).fill(PADDING)
    const keep = new Int32Array(inputs.reduce((sum, { keep }) => sum + keep.length, 0))
    let kept = 0
    const types = new Int32Array(batch * length)
    const counted = countsPositions(this.spec)
    const positions = counted ? new Int32Array(batch * length) : Int32Array.from(Array(length).keys())
    inputs.forEach((input, i) => {
      const first = i * length
      ids.set(input.ids, first)
      input.attend.forEach((seen, row) => {
        mask[first + row] = seen ? 0 : HIDDEN
      })
      for (const row of input.keep) keep[kept++] = this.spec.pooling === 'mean' ? i : first + row
      types.set(input.types ?? [], first)
      if (counted) positions.set(positionsOf(this.spec.encoder, input.ids), first)
    })
    const { Tensor } = this.runtime
    const { vectors } = await reported(() =>
      this.session.run({
        ids: new Tensor('int32', ids, [batch, length]),
        positions: new Tensor('int32', positions, counted ? [batch, length] : [length]),
        ...(tellsTypes(this.spec) && { types: new Tensor('int32', types, [batch, length]) }),
        mask: new Tensor('float32', mask, [batch, 1, 1, length]),
        keep: new Tensor('int32', keep, [kept]),
      }),
    )
    return vectors.data as Float32Array
  }

  destroy(): void {
    void this.session.release().catch(() => {})
  }
}

function room(path: string, size: number): Uint8Array {
  try {
    return new Uint8Array(size)
  } catch (cause) {
    throw new MaxsiftError('OUT_OF_MEMORY', `There is no memory for the ${size} bytes of ${path}.`, { cause })
  }
}

/** Matrices are widened to f32; the tables of words and positions stay as they are. */
function heldBytes({ tensors }: Checkpoint): number {
  let bytes = 0
  for (const [role, { shape, start, end }] of tensors) {
    const table = role === 'word' || role === 'position'
    bytes += table ? end - start : 4 * shape.reduce((product, size) => product * size, 1)
  }
  return bytes
}

/** Runs what the runtime may refuse. Its errors have no codes. */
async function reported<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work()
  } catch (cause) {
    const { message } = cause as Error
    if (/bad_alloc|alloc(at|ing)|out of memory/i.test(message)) {
      throw new MaxsiftError('OUT_OF_MEMORY', `ONNX Runtime has no memory for this model: ${message}`, { cause })
    }
    throw new MaxsiftError('ONNX_UNAVAILABLE', `ONNX Runtime cannot run this model: ${message}`, {
      cause,
      remedy: 'Use onnxruntime-node or onnxruntime-web 1.30 or later.',
    })
  }
}
