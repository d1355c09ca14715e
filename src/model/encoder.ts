import { check } from '../errors.ts'
import { Arena } from '../gpu/arena.ts'
import type { Device } from '../gpu/device.ts'
import type { Recorder } from '../gpu/recorder.ts'
import { Recordings } from '../gpu/recordings.ts'
import { listTiles, tileRows } from '../kernels/attention.ts'
import { placeOf } from '../kernels/embed_norm.ts'
import { halfWorks, partsOf } from '../kernels/gemm.ts'
import { probeGemm } from '../kernels/probe.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type Batch, forwardSteps, type Step } from './forward.ts'
import type { Weights } from './gpu-weights.ts'
import { positionsOf } from './positions.ts'
import { checkShape } from './shape.ts'
import type { LayerAttention, ModelSpec } from './spec.ts'
import { type LoadOptions, loadWeights } from './weights.ts'

/** One text as the model takes it. */
export interface EncoderInput {
  ids: Uint32Array
  /** 1 where other rows may attend to this one. */
  attend: Uint8Array
  /** Rows whose vectors are wanted, ascending; of a single-vector model the first stands for all. */
  keep: Uint32Array
  /** The type of each row, 0 or 1; 0 without it. */
  types?: Uint8Array
}

/** Where the token vectors of a batch will be. */
export interface TokenVectors {
  /** (rows, dim) f32: the kept rows of all inputs. Valid until the next batch. */
  vectors: GPUBuffer
  /** First row of each input, and the end. */
  starts: number[]
}

/** What an encoder holds and does, for the bench. */
export interface EncoderCost {
  weightBytes: number
  /** Bytes of the tensors in the checkpoint. */
  tensorBytes: number
  arenaBytes: number
}

/** An encoder with its projections on the GPU: token ids in, token vectors out. */
export class GpuEncoder {
  readonly #arena: Arena
  /** Forward passes of single texts, by `shapeOf`: a query's dispatches are planned once for each length. */
  readonly #recordings: Recordings

  private constructor(
    private readonly device: Device,
    readonly spec: ModelSpec,
    private readonly weights: Weights,
    /** Whether products of f16 matrices are computed in f16. */
    private readonly half: boolean,
  ) {
    this.#arena = new Arena(device, 'encoder')
    this.#recordings = new Recordings(device, this.#arena)
  }

  /** @throws MaxsiftError as `loadWeights`; `MODEL_UNSUPPORTED` for shapes that no kernel takes. */
  static async load(device: Device, checkpoint: Checkpoint, options: EncoderOptions = {}): Promise<GpuEncoder> {
    const { spec } = checkpoint
    checkShape(checkpoint)
    const { signal, dtype, onProgress } = options
    const weights = await loadWeights(device, checkpoint, {
      signal,
      dtype,
      onProgress: (loaded, total) => onProgress?.({ stage: 'model', loaded, total }),
    })
    const half = dtype === 'f16' && halfWorks(device.caps)
    const { format } = weights.layers[0].qkv.matrix
    await probeGemm(device, { weights: format, half: half && format === 'F16' }).catch((error) => {
      weights.destroy()
      throw error
    })
    return new GpuEncoder(device, spec, weights, half)
  }

  get fingerprint(): string {
    return this.weights.fingerprint
  }

  /** Longest batch in tokens: with more, a working buffer would not fit one binding of this device. */
  get maxTokens(): number {
    const { bindingBytes, bufferBytes } = this.device.caps.limits
    return Math.floor(Math.min(bindingBytes, bufferBytes) / (4 * widestRow(this.spec)))
  }

  get cost(): EncoderCost {
    const { bytes, tensorBytes } = this.weights
    return { weightBytes: bytes, tensorBytes, arenaBytes: this.#arena.bytes }
  }

  /**
   * Makes room for a batch and compiles what it needs; `record` must follow with no other batch in between.
   * @throws MaxsiftError `OUT_OF_MEMORY`, `DEVICE_LOST`.
   */
  async reserve(inputs: readonly EncoderInput[]): Promise<void> {
    const batch = this.#measure(inputs)
    if (this.#recordings.get(shapeOf(batch))) return
    const { hidden, intermediate, attention } = this.spec.encoder
    const { tokens, kept } = batch
    const { output, down } = this.#parts(tokens)
    const projected = this.spec.pooling ? kept : tokens
    const widest = Math.max(this.spec.dim, ...this.spec.projections.map(({ outputs }) => outputs))
    await this.#arena.reserve({
      tokens: tokens * 8,
      attend: tokens * 4,
      keep: kept * 4,
      ...(this.spec.pooling && { runs: kept * 8, pooled: kept * hidden * 4 }),
      work: listTiles(batch.sequences, tileRows(this.spec.encoder)).byteLength,
      hidden: tokens * hidden * 4,
      other: Math.max(output, down) * tokens * hidden * 4,
      mixed: tokens * hidden * 4,
      wide: tokens * Math.max(3 * hidden, intermediate) * 4,
      ...(attention && { sum: tokens * hidden * 4, gate: tokens * intermediate * 4 }),
      ...(this.spec.projections.length > 0 && {
        projected: projected * widest * 4,
        projected2: projected * widest * 4,
        residual: projected * widest * 4,
      }),
      vectors: kept * this.spec.dim * 4,
    })
    await this.prepare(inputs)
  }

  /** Compiles what a batch of this shape needs. */
  async prepare(inputs: readonly EncoderInput[]): Promise<void> {
    await this.device.kernels.prepare(this.#steps(this.#measure(inputs)).map(({ plan }) => plan.variant))
  }

  /**
   * Multiply-adds of a batch: those that its tokens need, and those that the kernels' tiles execute.
   * Matrix products and attention; the rest does not count.
   */
  work(inputs: readonly EncoderInput[]): { needed: number; executed: number } {
    const batch = this.#measure(inputs)
    const { hidden, layers, attention = Array<LayerAttention>(layers).fill({ theta: 0 }) } = this.spec.encoder
    const work = { needed: 0, executed: 0 }
    for (const { needed = 0, executed = 0 } of this.#steps(batch)) {
      work.needed += needed
      work.executed += executed
    }
    for (const { length, keys } of batch.sequences) {
      for (const { window = keys } of attention) work.needed += 2 * length * Math.min(keys, 2 * window + 1) * hidden
    }
    return work
  }

  /** Records the forward pass of packed inputs; the recorder is to be submitted before the next batch is reserved. */
  record(recorder: Recorder, inputs: readonly EncoderInput[]): TokenVectors {
    const batch = this.#measure(inputs)
    const tokens = new Uint32Array(batch.tokens * 2)
    const attend = new Uint32Array(batch.tokens)
    const keep = new Uint32Array(batch.kept)
    const runs = new Uint32Array(batch.kept * 2)
    const starts = [0]
    let row = 0
    inputs.forEach((input, i) => {
      const positions = positionsOf(this.spec.encoder, input.ids)
      input.ids.forEach((id, at) => {
        tokens[(row + at) * 2] = id
        tokens[(row + at) * 2 + 1] = placeOf(positions[at], input.types?.[at])
      })
      attend.set(input.attend, row)
      const first = starts[starts.length - 1]
      input.keep.forEach((kept, j) => {
        // Pooled rows are one an input, and lie in order.
        keep[first + j] = this.spec.pooling ? first + j : row + kept
        runs.set([row, row + (this.spec.pooling === 'mean' ? batch.sequences[i].keys : 1)], 2 * (first + j))
      })
      starts.push(first + input.keep.length)
      row += input.ids.length
    })
    const { queue } = this.device.gpu
    queue.writeBuffer(this.#arena.get('tokens'), 0, tokens)
    queue.writeBuffer(this.#arena.get('attend'), 0, attend)
    queue.writeBuffer(this.#arena.get('keep'), 0, keep)
    if (this.spec.pooling) queue.writeBuffer(this.#arena.get('runs'), 0, runs)
    const work = listTiles(batch.sequences, tileRows(this.spec.encoder)) as Uint32Array<ArrayBuffer>
    queue.writeBuffer(this.#arena.get('work'), 0, work)
    const dispatches = () => this.#steps(batch).map(({ plan, bindings }) => ({ plan, bindings: bindings() }))
    if (inputs.length === 1) {
      const shape = shapeOf(batch)
      recorder.replay(this.#recordings.get(shape) ?? this.#recordings.make(shape, dispatches()))
    } else {
      for (const { plan, bindings } of dispatches()) recorder.dispatch(plan, bindings)
    }
    return { vectors: this.#arena.get('vectors'), starts }
  }

  /** Parts in which the two products come that a LayerNorm follows. */
  #parts(m: number): { output: number; down: number } {
    const { hidden, intermediate } = this.spec.encoder
    const parts = (k: number) => partsOf({ m, k, columns: hidden }, this.device.caps)
    return { output: parts(hidden), down: parts(intermediate) }
  }

  /** @throws MaxsiftError `INVALID_ARGUMENT` above `maxTokens`. */
  #measure(inputs: readonly EncoderInput[]): Batch {
    let tokens = 0
    let kept = 0
    const sequences = inputs.map(({ ids, attend, keep }) => {
      // Without any visible key all are equally hidden, and attention takes their mean.
      const keys = attend.lastIndexOf(1) + 1 || ids.length
      const sequence = { start: tokens, length: ids.length, keys }
      tokens += ids.length
      kept += keep.length
      return sequence
    })
    check(tokens <= this.maxTokens, `A batch of ${tokens} tokens; this GPU takes at most ${this.maxTokens}.`)
    return { tokens, kept, sequences }
  }

  /** Every dispatch of a batch. */
  #steps(batch: Batch): Step[] {
    const { device, weights, spec, half } = this
    return forwardSteps({ spec, weights, half, caps: device.caps, parts: this.#parts(batch.tokens) }, batch, (name) =>
      this.#arena.get(name),
    )
  }

  destroy(): void {
    this.#recordings.clear()
    this.#arena.destroy()
    this.weights.destroy()
  }
}

export interface EncoderOptions extends Pick<LoadOptions, 'signal'> {
  /**
   * `f16`: F32 matrices are narrowed to halves, and products are computed in f16 where the device can.
   * Token vectors are then within 2e-3 of the reference instead of 1e-4.
   */
  dtype?: 'f16'
  onProgress?: (progress: { stage: 'model'; loaded: number; total: number }) => void
}

/** All that the dispatches of one text depend on; the rest of it is uploaded. Of several there is none that comes again. */
const shapeOf = ({ tokens, kept, sequences }: Batch) => `${sequences.length} ${tokens} ${kept}`

/** Values a token in the widest working buffer. */
function widestRow({ encoder: { hidden, intermediate }, projections }: ModelSpec): number {
  return Math.max(3 * hidden, intermediate, ...projections.map(({ outputs }) => outputs))
}
