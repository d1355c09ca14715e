import { MaxsiftError } from '../errors.ts'
import { type Device, STORAGE } from '../gpu/device.ts'
import { rotaryTable } from '../kernels/attention.ts'
import { toHalf } from '../kernels/half.ts'
import { rowBytes, shardRows } from '../kernels/weights.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Dense, Matrix, Weights } from './gpu-weights.ts'
import { readNumbers } from './numbers.ts'
import type { TensorRef, TensorRole, WeightType } from './spec.ts'
import { fingerprint, scaleRole, streamTensors } from './stream.ts'

export interface LoadOptions {
  signal?: AbortSignal
  /** `f16` narrows F32 matrices to halves; by default everything stays in the checkpoint's number format. */
  dtype?: 'f16'
  /** Bytes of weight files read so far, and in all. */
  onProgress?: (loaded: number, total: number) => void
}

const BYTES: Record<WeightType, number> = { F32: 4, F16: 2, BF16: 2, I8: 1 }

/** Bytes that may wait on their way to the GPU. */
const MOST_UNSENT = 32 << 20

/**
 * Streams a checkpoint's weights to the GPU. Matrices go up piece by piece in the file's number format; the small rest
 * (biases, LayerNorms, scales) is f32.
 * @throws MaxsiftError `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MODEL_FETCH_FAILED`, `OUT_OF_MEMORY`, `DEVICE_LOST`.
 */
export async function loadWeights(device: Device, checkpoint: Checkpoint, options: LoadOptions = {}): Promise<Weights> {
  const loader = new Loader(device, checkpoint, options.dtype)
  try {
    return await loader.load(options)
  } catch (error) {
    loader.destroy()
    throw error
  }
}

/** Where the rows of a tensor go: rows `first` and on of a matrix. */
interface Place {
  matrix: Matrix
  first: number
  /** Part of a row that is not complete; only where rows do not go up as they come: padded, or narrowed. */
  row: Uint8Array<ArrayBuffer> | null
}

class Loader {
  readonly #buffers: GPUBuffer[] = []
  readonly #places = new Map<TensorRole, Place>()
  /** What is small, whole. */
  readonly #small = new Map<TensorRole, { ref: TensorRef; bytes: Uint8Array }>()
  #unsent = 0

  constructor(
    private readonly device: Device,
    private readonly checkpoint: Checkpoint,
    private readonly dtype: LoadOptions['dtype'],
  ) {}

  async load({ signal, onProgress }: LoadOptions): Promise<Weights> {
    const { spec, tensors } = this.checkpoint
    const words = await this.#matrix('word')
    const positions = tensors.has('position') ? await this.#matrix('position') : null
    if (positions && positions.shards.length > 1) {
      throw new MaxsiftError('MODEL_UNSUPPORTED', `${spec.name}: ${positions.rows} positions do not fit one binding.`)
    }
    const layers: LayerMatrices[] = []
    for (let i = 0; i < spec.encoder.layers; i++) {
      layers.push({
        qkv: await this.#matrix(...['query', 'key', 'value'].map((part) => `layer.${i}.${part}.weight`)),
        output: await this.#matrix(`layer.${i}.output.weight`),
        up: await this.#matrix(`layer.${i}.up.weight`),
        gate: tensors.has(`layer.${i}.gate.weight`) ? await this.#matrix(`layer.${i}.gate.weight`) : null,
        down: await this.#matrix(`layer.${i}.down.weight`),
      })
    }
    const projections: { weight: Matrix; residual: Matrix | null }[] = []
    for (const [i, { residual }] of spec.projections.entries()) {
      projections.push({
        weight: await this.#matrix(`projection.${i}.weight`),
        residual: residual === 'linear' ? await this.#matrix(`projection.${i}.residual`) : null,
      })
    }

    const hashes = await streamTensors(
      this.checkpoint,
      (role, ref, offset, bytes) => {
        this.#take(role, ref, offset, bytes)
        return this.#drain(bytes.length)
      },
      {
        signal,
        onProgress,
      },
    )

    const { hidden, heads, positions: longest, attention: layerAttention } = spec.encoder
    /** Values of a tensor that a checkpoint may lack: zeros then. */
    const given = (role: TensorRole, length: number) =>
      tensors.has(role) ? this.#numbers(role).subarray(0, length) : new Float32Array(length)
    const gammaAndBeta = (role: string) => {
      const gamma = this.#numbers(`${role}.gamma`)
      return [...gamma, ...given(`${role}.beta`, gamma.length)]
    }
    const norm = (role: string) => this.#values(gammaAndBeta(role), role)
    /** Biases of as many rows each. */
    const dense = async (matrix: Matrix, biases: TensorRole[], weights: TensorRole[]): Promise<Dense> => {
      const bias = biases.flatMap((role) => [...given(role, matrix.rows / biases.length)])
      return { matrix, affine: await this.#values([...bias, ...this.#scales(matrix, weights)], weights[0]) }
    }
    const types = given('type', 2 * hidden)
    const tables = new Map<number, GPUBuffer>()
    const turns = async (theta: number) => {
      const table = tables.get(theta) ?? (await this.#values(rotaryTable(theta, longest, hidden / heads), 'turns'))
      tables.set(theta, table)
      return table
    }
    const weights: Weights = {
      words,
      positions,
      embeddings: await this.#values(
        [
          ...gammaAndBeta('norm'),
          ...types,
          ...Array(2 * hidden - types.length).fill(0),
          ...this.#scales(words, ['word']),
          ...(positions ? this.#scales(positions, ['position']) : []),
        ],
        'embeddings',
      ),
      layers: [],
      projections: [],
      fingerprint: await fingerprint(this.checkpoint, hashes),
      bytes: 0,
      tensorBytes: tensorBytes(this.checkpoint),
      destroy: () => this.destroy(),
    }
    for (const [i, { qkv, output, up, gate, down }] of layers.entries()) {
      const role = (part: string) => `layer.${i}.${part}`
      const attention = ['query', 'key', 'value'].map(role)
      weights.layers.push({
        qkv: await dense(
          qkv,
          attention.map((part) => `${part}.bias`),
          attention.map((part) => `${part}.weight`),
        ),
        output: await dense(output, [role('output.bias')], [role('output.weight')]),
        attentionNorm: await norm(role('attention.norm')),
        up: await dense(up, [role('up.bias')], [role('up.weight')]),
        gate: gate && (await dense(gate, [role('gate.bias')], [role('gate.weight')])),
        down: await dense(down, [role('down.bias')], [role('down.weight')]),
        feedforwardNorm: await norm(role('feedforward.norm')),
        turns: layerAttention ? await turns(layerAttention[i].theta) : null,
      })
    }
    for (const [i, { weight, residual }] of projections.entries()) {
      const role = (part: string) => `projection.${i}.${part}`
      weights.projections.push({
        // By a role that it lacks, a projection without bias gets zeros.
        dense: await dense(weight, [spec.projections[i].bias ? role('bias') : ''], [role('weight')]),
        residual: residual && (await dense(residual, [''], [role('residual')])),
        norm: spec.projections[i].norm ? await norm(role('norm')) : null,
      })
    }
    this.#small.clear()
    this.#places.clear()
    weights.bytes = this.#buffers.reduce((sum, { size }) => sum + size, 0)
    return weights
  }

  /** Room for tensors of one format (`checkShape` has seen to it) and width above one another. */
  async #matrix(...roles: TensorRole[]): Promise<Matrix> {
    const refs = roles.map((role) => this.checkpoint.tensors.get(role)!)
    const [{ type, shape }] = refs
    const columns = shape[1]
    const rows = refs.reduce((sum, ref) => sum + ref.shape[0], 0)
    const format = type === 'F32' && this.dtype === 'f16' ? 'F16' : type
    const stride = rowBytes(columns, format)
    const matrix: Matrix = { rows, columns, format, shards: [] }
    for (const range of shardRows(rows, stride, this.device.caps.limits)) {
      matrix.shards.push({ ...range, buffer: await this.#allocate(range.rows * stride, roles[0]) })
    }
    let first = 0
    roles.forEach((role, i) => {
      const row = columns % 4 === 0 && format === type ? null : new Uint8Array(rowBytes(columns, type))
      this.#places.set(role, { matrix, first, row })
      first += refs[i].shape[0]
    })
    return matrix
  }

  /** One piece of a tensor from the stream. */
  #take(role: TensorRole, ref: TensorRef, offset: number, bytes: Uint8Array): void {
    const place = this.#places.get(role)
    if (!place) {
      let held = this.#small.get(role)
      if (!held) {
        held = { ref, bytes: new Uint8Array(ref.end - ref.start) }
        this.#small.set(role, held)
      }
      held.bytes.set(bytes, offset)
      return
    }
    const { matrix, first, row } = place
    const stride = rowBytes(matrix.columns, matrix.format)
    if (!row) {
      this.#write(matrix, first * stride + offset, bytes)
      return
    }
    const width = matrix.columns * BYTES[ref.type]
    for (let at = 0; at < bytes.length; ) {
      const index = Math.floor((offset + at) / width)
      const start = (offset + at) % width
      const part = bytes.subarray(at, at + width - start)
      row.set(part, start)
      if (start + part.length === width) {
        const whole = matrix.format === ref.type ? row : bytesOf(Uint16Array.from(new Float32Array(row.buffer), toHalf))
        this.#write(matrix, (first + index) * stride, whole)
      }
      at += part.length
    }
  }

  /** Waits, every so often, until the GPU has taken what was written: until then all of it is held a second time. */
  async #drain(bytes: number): Promise<void> {
    this.#unsent += bytes
    if (this.#unsent < MOST_UNSENT) return
    this.#unsent = 0
    const { queue } = this.device.gpu
    queue.submit([])
    await queue.onSubmittedWorkDone().catch(() => {})
    this.device.assertAlive()
  }

  /** Writes at a byte of a matrix, across its shards. */
  #write(matrix: Matrix, at: number, bytes: Uint8Array): void {
    const stride = rowBytes(matrix.columns, matrix.format)
    for (const { first, rows, buffer } of matrix.shards) {
      const from = Math.max(at, first * stride)
      const to = Math.min(at + bytes.length, (first + rows) * stride)
      if (from >= to) continue
      const part = bytes.subarray(from - at, to - at) as Uint8Array<ArrayBuffer>
      this.device.gpu.queue.writeBuffer(buffer, from - first * stride, part)
    }
  }

  #numbers(role: TensorRole): Float32Array {
    const { ref, bytes } = this.#small.get(role)!
    const numbers = readNumbers(bytes, ref.type)
    const scales = ref.scale ? this.#numbers(scaleRole(role)) : null
    const columns = ref.shape.at(-1)!
    return scales ? numbers.map((code, i) => code * scales[Math.floor(i / columns)]) : numbers
  }

  #scales({ format }: Matrix, roles: readonly TensorRole[]): number[] {
    return format === 'I8' ? roles.flatMap((role) => [...this.#numbers(scaleRole(role))]) : []
  }

  async #values(values: ArrayLike<number>, label: string): Promise<GPUBuffer> {
    // Shaders read fours.
    const padded = new Float32Array(Math.ceil(values.length / 4) * 4)
    padded.set(values)
    const buffer = await this.#allocate(padded.byteLength, label)
    this.device.gpu.queue.writeBuffer(buffer, 0, padded)
    return buffer
  }

  async #allocate(bytes: number, label: string): Promise<GPUBuffer> {
    const buffer = await this.device.allocate(bytes, label, STORAGE)
    this.#buffers.push(buffer)
    return buffer
  }

  destroy(): void {
    for (const buffer of this.#buffers.splice(0)) this.device.release(buffer)
  }
}

const bytesOf = ({ buffer }: Uint16Array<ArrayBuffer>) => new Uint8Array(buffer)

type LayerMatrices = Record<'qkv' | 'output' | 'up' | 'down', Matrix> & { gate: Matrix | null }

function tensorBytes({ tensors }: Checkpoint): number {
  let bytes = 0
  for (const { start, end, scale } of tensors.values()) bytes += end - start + (scale ? scale.end - scale.start : 0)
  return bytes
}
