import { check } from '../errors.ts'
import type { Integrity } from '../model/checked.ts'
import { type Checkpoint, type CheckpointOptions, openCheckpoint } from '../model/checkpoint.ts'
import type { FileSource } from '../model/source.ts'
import { Tokenizer } from '../text/tokenizer.ts'
import type { Backend, Encoder } from './backend.ts'
import type { CallOptions } from './types.ts'

export interface ModelOptions extends CallOptions, CheckpointOptions {
  /** Narrows the weights on every loading. */
  dtype?: 'f16'
  /** What the source checks; each of these files must be one that the model has. */
  integrity?: Integrity
}

/** A model in use: its files, its tokenizer, and its encoder on the present backend. */
export class Model {
  #encoder: { backend: Backend; loading: Promise<Encoder> } | null = null
  #fingerprint: string | null = null

  private constructor(
    readonly checkpoint: Checkpoint,
    readonly tokenizer: Tokenizer,
    private readonly dtype: 'f16' | undefined,
    /** Bytes that were read before the weights. */
    private readonly bytes: number,
  ) {}

  static async open(source: FileSource, options: ModelOptions = {}): Promise<Model> {
    const { integrity = {}, onProgress, dtype } = options
    const opened = new Set<string>()
    let bytes = 0
    const counted: FileSource = {
      name: source.name,
      async open(path, signal, start) {
        const file = await source.open(path, signal, start)
        if (file) opened.add(path)
        // What begins with a part is read wholly later.
        if (!file || start !== undefined) return file
        const count = new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            bytes += chunk.length
            onProgress?.({ stage: 'model', loaded: bytes, total: null })
            controller.enqueue(chunk)
          },
        })
        return { ...file, body: file.body.pipeThrough(count) }
      },
    }
    const checkpoint = await openCheckpoint(counted, options)
    const missed = Object.keys(integrity).find((path) => !opened.has(path))
    check(missed === undefined, `\`integrity\` names ${missed}, which is no file that this model is made from`)
    return new Model({ ...checkpoint, source }, new Tokenizer(checkpoint.tokenizer), dtype, bytes)
  }

  get spec() {
    return this.checkpoint.spec
  }

  /** Hash of weights, tokenizer and encoding rules; known once the weights have been read. */
  get fingerprint(): string {
    if (this.#fingerprint === null) throw new Error('the weights have not been read')
    return this.#fingerprint
  }

  /** The encoder on this backend, loaded again where that is new. */
  async encoder(backend: Backend, options: CallOptions = {}): Promise<Encoder> {
    const started = this.#encoder?.backend !== backend
    const entry = started ? this.#load(backend, options) : this.#encoder!
    try {
      return await entry.loading
    } catch (error) {
      // Where another caller began the loading and gave up, this one begins again.
      const othersAbort = !started && (error as Error)?.name === 'AbortError' && !options.signal?.aborted
      if (!othersAbort) throw error
      return this.encoder(backend, options)
    }
  }

  #load(backend: Backend, options: CallOptions): { backend: Backend; loading: Promise<Encoder> } {
    const { checkpoint, dtype, bytes } = this
    const onProgress: CallOptions['onProgress'] = ({ stage, loaded, total }) =>
      options.onProgress?.({ stage, loaded: bytes + loaded, total: total && bytes + total })
    const entry = { backend, loading: backend.loadEncoder(checkpoint, { ...options, onProgress, dtype }) }
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
