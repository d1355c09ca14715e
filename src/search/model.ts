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
  ) {}

  static async open(source: FileSource, options: CallOptions = {}): Promise<Model> {
    const checkpoint = await openCheckpoint(source, options)
    return new Model(checkpoint, new Tokenizer(checkpoint.tokenizer))
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
  encoder(device: Device, options: CallOptions = {}): Promise<GpuEncoder> {
    if (this.#encoder?.device !== device) {
      const loading = GpuEncoder.load(device, this.checkpoint, options)
      const entry = { device, loading }
      this.#encoder = entry
      loading.then(
        ({ fingerprint }) => {
          this.#fingerprint = fingerprint
        },
        () => {
          if (this.#encoder === entry) this.#encoder = null
        },
      )
    }
    return this.#encoder!.loading
  }

  async close(): Promise<void> {
    const encoder = await this.#encoder?.loading.catch(() => null)
    this.#encoder = null
    encoder?.destroy()
  }
}
