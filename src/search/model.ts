import type { Device } from '../gpu/device.ts'
import { type Checkpoint, openCheckpoint } from '../model/checkpoint.ts'
import { GpuEncoder } from '../model/encoder.ts'
import type { FileSource } from '../model/source.ts'
import { Tokenizer } from '../text/tokenizer.ts'
import type { CallOptions } from './types.ts'

/** A model in use: its files, its tokenizer, and its encoder on the present device. */
export class Model {
  #encoder: { device: Device; loading: Promise<GpuEncoder> } | null = null
  #fingerprint: string | null = null

  private constructor(
    readonly checkpoint: Checkpoint,
    readonly tokenizer: Tokenizer,
    private readonly dtype: 'f16' | undefined,
  ) {}

  /** @param options.dtype Narrows the weights on every loading. */
  static async open(source: FileSource, options: CallOptions & { dtype?: 'f16' } = {}): Promise<Model> {
    const checkpoint = await openCheckpoint(source, options)
    return new Model(checkpoint, new Tokenizer(checkpoint.tokenizer), options.dtype)
  }

  get spec() {
    return this.checkpoint.spec
  }

  /** Hash of weights, tokenizer and encoding rules; known once the weights have been read. */
  get fingerprint(): string {
    if (this.#fingerprint === null) throw new Error('the weights have not been read')
    return this.#fingerprint
  }

  /** The encoder on this device, loaded again where the device is new. */
  async encoder(device: Device, options: CallOptions = {}): Promise<GpuEncoder> {
    const started = this.#encoder?.device !== device
    const entry = started ? this.#load(device, options) : this.#encoder!
    try {
      return await entry.loading
    } catch (error) {
      // Where another caller began the loading and gave up, this one begins again.
      const othersAbort = !started && (error as Error)?.name === 'AbortError' && !options.signal?.aborted
      if (!othersAbort) throw error
      return this.encoder(device, options)
    }
  }

  #load(device: Device, options: CallOptions): { device: Device; loading: Promise<GpuEncoder> } {
    const entry = { device, loading: GpuEncoder.load(device, this.checkpoint, { ...options, dtype: this.dtype }) }
    this.#encoder = entry
    entry.loading.then(
      ({ fingerprint }) => {
        this.#fingerprint = fingerprint
      },
      () => {
        if (this.#encoder === entry) this.#encoder = null
      },
    )
    return entry
  }

  async close(): Promise<void> {
    const encoder = await this.#encoder?.loading.catch(() => null)
    this.#encoder = null
    encoder?.destroy()
  }
}
