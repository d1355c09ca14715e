import { type CreateIndexOptions, createIndex, type Progress, type SearchIndex } from '../index.ts'
import { onnxRuntime } from '../onnx/index.ts'

export interface OwnIndexOptions extends Omit<CreateIndexOptions, 'japanese'> {
  /** Address of a folder with the files of ONNX Runtime. */
  runtime?: string
  /** Address of a folder with the Japanese dictionary and its script. */
  japanese?: string
}

/** The index that the element opens itself: once, when it is first wanted, until nobody can want it any more. */
export class OwnIndex {
  #opening: { index: Promise<SearchIndex>; stop: AbortController } | null = null

  /** @param onProgress Told while an index is opened; null at the end */
  constructor(private readonly onProgress: (progress: Progress | null) => void) {}

  get isWanted(): boolean {
    return this.#opening !== null
  }

  /** The index; what is open, or being opened, already is not opened again. After a failure the next call tries anew. */
  open(options: OwnIndexOptions): Promise<SearchIndex> {
    if (this.#opening) return this.#opening.index
    const stop = new AbortController()
    const { signal } = stop
    const onProgress = (progress: Progress) => !signal.aborted && this.onProgress(progress)
    const opening = { index: create({ ...options, signal, onProgress }), stop }
    this.#opening = opening
    opening.index
      .finally(() => !signal.aborted && this.onProgress(null))
      .catch(() => {
        if (this.#opening === opening) this.#opening = null
      })
    return opening.index
  }

  close(): void {
    const opening = this.#opening
    if (!opening) return
    this.#opening = null
    opening.stop.abort()
    this.onProgress(null)
    void opening.index.then((index) => index.close()).catch(() => {})
  }
}

/** It answers by words until its model is there. */
function create({ runtime, japanese, ...options }: OwnIndexOptions): Promise<SearchIndex> {
  const onnx = runtime === undefined ? {} : { onnx: onnxRuntime(runtime) }
  // By their addresses alone: an import of `maxsift/japanese` would have every bundler copy 4 MB.
  const folder = japanese?.replace(/\/?$/, '/')
  const dictionary = folder && { engine: `${folder}japanese-engine.js`, dictionary: `${folder}unidic-lite.bin` }
  return createIndex({ ...options, ...onnx, ...(dictionary && { japanese: dictionary }), waitForModel: false })
}
