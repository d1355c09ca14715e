import { check, MaxsiftError } from '../errors.ts'
import { Arena } from '../gpu/arena.ts'
import type { Device } from '../gpu/device.ts'
import type { Plan } from '../gpu/kernel.ts'
import type { Binding, Recorder } from '../gpu/recorder.ts'
import { planAddNorm } from '../kernels/add_norm.ts'
import { executedByAttention, listTiles, planAttention, tileRows } from '../kernels/attention.ts'
import { planEmbedNorm } from '../kernels/embed_norm.ts'
import { executedByGemm, type GemmShape, halfWorks, planGemm } from '../kernels/gemm.ts'
import { planNormalize } from '../kernels/normalize.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Activation, ModelSpec } from './spec.ts'
import { type Dense, type LoadOptions, loadWeights, type Weights } from './weights.ts'

/** One text as the model takes it. */
export interface EncoderInput {
  ids: Uint32Array
  /** 1 where other rows may attend to this one. */
  attend: Uint8Array
  /** Rows whose vectors are wanted, ascending. */
  keep: Uint32Array
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

interface Step {
  plan: Plan
  bindings: () => readonly Binding[]
  /** Multiply-adds of a matrix product. */
  needed?: number
  executed?: number
}

/** A BERT encoder with its projections on the GPU: token ids in, unit token vectors out. */
export class GpuEncoder {
  readonly #arena: Arena

  private constructor(
    private readonly device: Device,
    readonly spec: ModelSpec,
    private readonly weights: Weights,
    /** Whether products of f16 matrices are computed in f16. */
    private readonly half: boolean,
  ) {
    this.#arena = new Arena(device, 'encoder')
  }

  /** @throws MaxsiftError as `loadWeights`; `MODEL_UNSUPPORTED` for shapes that no kernel takes. */
  static async load(device: Device, checkpoint: Checkpoint, options: EncoderOptions = {}): Promise<GpuEncoder> {
    const { spec } = checkpoint
    checkShape(spec)
    const { signal, dtype, onProgress } = options
    const weights = await loadWeights(device, checkpoint, {
      signal,
      dtype,
      onProgress: (loaded, total) => onProgress?.({ stage: 'model', loaded, total }),
    })
    return new GpuEncoder(device, spec, weights, dtype === 'f16' && halfWorks(device.caps))
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
    const { hidden, intermediate } = this.spec.encoder
    const { tokens, kept } = batch
    const widest = Math.max(this.spec.dim, ...this.spec.projections.map(({ outputs }) => outputs))
    await this.#arena.reserve({
      tokens: tokens * 8,
      attend: tokens * 4,
      keep: kept * 4,
      work: listTiles(batch.sequences, tileRows(this.spec.encoder)).byteLength,
      hidden: tokens * hidden * 4,
      other: tokens * hidden * 4,
      mixed: tokens * hidden * 4,
      wide: tokens * Math.max(3 * hidden, intermediate) * 4,
      ...(this.spec.projections.length > 0 && {
        projected: tokens * widest * 4,
        projected2: tokens * widest * 4,
        residual: tokens * widest * 4,
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
    const { hidden, layers } = this.spec.encoder
    const work = { needed: 0, executed: 0 }
    for (const { needed = 0, executed = 0 } of this.#steps(batch)) {
      work.needed += needed
      work.executed += executed
    }
    for (const { length, keys } of batch.sequences) work.needed += layers * 2 * length * keys * hidden
    return work
  }

  /** Records the forward pass of packed inputs; the recorder is to be submitted before the next batch is reserved. */
  record(recorder: Recorder, inputs: readonly EncoderInput[]): TokenVectors {
    const batch = this.#measure(inputs)
    const tokens = new Uint32Array(batch.tokens * 2)
    const attend = new Uint32Array(batch.tokens)
    const keep = new Uint32Array(batch.kept)
    const starts = [0]
    let row = 0
    inputs.forEach((input) => {
      input.ids.forEach((id, position) => {
        tokens[(row + position) * 2] = id
        tokens[(row + position) * 2 + 1] = position
      })
      attend.set(input.attend, row)
      const first = starts[starts.length - 1]
      input.keep.forEach((kept, i) => {
        keep[first + i] = row + kept
      })
      starts.push(first + input.keep.length)
      row += input.ids.length
    })
    const { queue } = this.device.gpu
    queue.writeBuffer(this.#arena.get('tokens'), 0, tokens)
    queue.writeBuffer(this.#arena.get('attend'), 0, attend)
    queue.writeBuffer(this.#arena.get('keep'), 0, keep)
    const work = listTiles(batch.sequences, tileRows(this.spec.encoder)) as Uint32Array<ArrayBuffer>
    queue.writeBuffer(this.#arena.get('work'), 0, work)
    for (const { plan, bindings } of this.#steps(batch)) recorder.dispatch(plan, bindings())
    return { vectors: this.#arena.get('vectors'), starts }
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
    const { device, weights, spec } = this
    const { hidden, heads, epsilon, activation, vocabulary } = spec.encoder
    const { caps } = device
    const rows = batch.tokens
    const at = (name: string) => this.#arena.get(name)
    const steps: Step[] = []
    const add = (plan: Plan, bindings: () => readonly Binding[]) => steps.push({ plan, bindings })
    /** out = activation(a · wᵀ + bias) + residual */
    const gemm = (a: string, { matrix, affine }: Dense, out: string, act: Activation, residual?: string) => {
      const { columns: k, rows: columns, format, shards } = matrix
      for (const { buffer, ...shard } of shards) {
        const shape: GemmShape = { m: rows, k, columns, shard, weights: format, activation: act }
        shape.residual = residual !== undefined
        shape.half = this.half && format === 'F16'
        const plan = planGemm(shape, caps)
        const bindings = () => [at(a), buffer, affine, at(out), ...(residual ? [at(residual)] : [])]
        steps.push({ plan, bindings, needed: rows * shard.rows * k, executed: executedByGemm(shape, plan) })
      }
    }

    for (const { buffer, ...shard } of weights.words.shards) {
      const [words, positions] = [weights.words.format, weights.positions.format]
      const shape = { rows, columns: hidden, epsilon, vocabulary, shard, words, positions }
      const bindings = () => [
        at('tokens'),
        buffer,
        weights.positions.shards[0].buffer,
        weights.embeddings,
        at('hidden'),
      ]
      add(planEmbedNorm(shape, caps), bindings)
    }
    const norm = planAddNorm({ rows, columns: hidden, epsilon }, caps)
    const work = listTiles(batch.sequences, tileRows({ hidden, heads }))
    const attention = planAttention({ hidden, heads, tiles: work.length / 4 }, caps)
    const attended = executedByAttention(work, hidden, attention)
    for (const layer of weights.layers) {
      gemm('hidden', layer.qkv, 'wide', 'identity')
      const bindings = () => [at('wide'), at('work'), at('attend'), at('mixed')]
      steps.push({ plan: attention, bindings, executed: attended })
      gemm('mixed', layer.output, 'other', 'identity')
      add(norm, () => [at('other'), at('hidden'), layer.attentionNorm, at('mixed')])
      gemm('mixed', layer.up, 'wide', activation)
      gemm('wide', layer.down, 'other', 'identity')
      add(norm, () => [at('other'), at('mixed'), layer.feedforwardNorm, at('hidden')])
    }
    let current = 'hidden'
    for (const [i, { dense, residual }] of weights.projections.entries()) {
      const out = current === 'projected' ? 'projected2' : 'projected'
      if (residual) gemm(current, residual, 'residual', 'identity')
      const kind = spec.projections[i].residual
      const added = kind === 'linear' ? 'residual' : kind === 'identity' ? current : undefined
      gemm(current, dense, out, spec.projections[i].activation, added)
      current = out
    }
    const last = current
    add(planNormalize({ rows: batch.kept, columns: spec.dim }, caps), () => [at(last), at('keep'), at('vectors')])
    return steps
  }

  destroy(): void {
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

interface Batch {
  tokens: number
  kept: number
  sequences: { start: number; length: number; keys: number }[]
}

/** Values a token in the widest working buffer. */
function widestRow({ encoder: { hidden, intermediate }, projections }: ModelSpec): number {
  return Math.max(3 * hidden, intermediate, ...projections.map(({ outputs }) => outputs))
}

function checkShape({ name, encoder, dim }: ModelSpec): void {
  const problems = [
    encoder.hidden > 1024 && `hidden size ${encoder.hidden} (at most 1,024)`,
    encoder.hidden / encoder.heads > 128 && `head dim ${encoder.hidden / encoder.heads} (at most 128)`,
    (dim % 4 !== 0 || dim < 16 || dim > 768) && `token vectors of ${dim} (a multiple of 4 from 16 to 768)`,
  ].filter((problem) => problem !== false)
  if (problems.length > 0) throw new MaxsiftError('MODEL_UNSUPPORTED', `${name} has ${problems.join(', ')}.`)
}
