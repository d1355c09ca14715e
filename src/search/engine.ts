import { codecOf } from '../codec/codec.ts'
import { MaxsiftError } from '../errors.ts'
import { NONE } from '../kernels/maxsim.ts'
import type { EncoderInput } from '../model/encoder.ts'
import type { ModelSpec } from '../model/spec.ts'
import { type EncodedText, encodeText } from '../text/encode.ts'
import type { Accelerator } from './accelerator.ts'
import { Accelerators } from './accelerators.ts'
import type { Backend, PassageVectors } from './backend.ts'
import type { Environment } from './environment.ts'
import { Model } from './model.ts'
import { Pace } from './pace.ts'
import { passageText } from './prepare.ts'
import type { BackendId, CallOptions, CreateIndexOptions } from './types.ts'

/** One text as the model sees it. */
export interface Encoding {
  /** The whole input of the model. */
  ids: Uint32Array
  /** The rows of `ids` whose vectors are given. */
  kept: Uint32Array
  dim: number
  /** (kept, dim) f32, each row of length 1. */
  vectors: Float32Array
  /** The text was cut to the model's limit. */
  truncated: boolean
}

/** A text that a query is scored against. */
export interface ScoredText {
  title?: string
  text: string
}

/** Documents scored in one go: bounds the memory of `score`. */
const SCORED_AT_ONCE = 1_024

const exact = codecOf({ id: 'f32' })

const numbersOf = ({ codes: [{ buffer, byteOffset, byteLength }] }: PassageVectors) =>
  new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4)

/** The encoder and MaxSim without an index: token vectors and scores in f32, as the reference libraries give them. */
export class Engine {
  readonly #pace = new Pace()

  private constructor(
    readonly model: Model,
    private readonly accelerators: Accelerators,
    private readonly accelerator: Accelerator,
    readonly fingerprint: string,
    readonly backend: BackendId,
    /** Name of the GPU adapter, or of the runtime. */
    readonly adapter: string,
  ) {}

  /**
   * @throws MaxsiftError `WEBGPU_UNAVAILABLE`, `ONNX_UNAVAILABLE`, `MODEL_FETCH_FAILED`, `MODEL_INVALID`,
   *   `MODEL_UNSUPPORTED`.
   */
  static async open(
    environment: Pick<Environment, 'device' | 'onnx' | 'japanese' | 'tokenizers' | 'model'>,
    model: Parameters<Environment['model']>[0],
    options: CallOptions & Pick<CreateIndexOptions, 'backend' | 'onnx' | 'japanese' | 'queryLength' | 'pooling'> = {},
  ): Promise<Engine> {
    const accelerators = new Accelerators(environment)
    try {
      const accelerator = await accelerators.choose(options)
      const japanese = environment.japanese?.(options.japanese)
      const opened = await Model.open(environment.model(model).source, {
        ...options,
        japanese,
        tokenizers: environment.tokenizers?.(),
      })
      return await accelerator.use(async (backend) => {
        const { fingerprint } = await opened.encoder(backend, options)
        return new Engine(opened, accelerators, accelerator, fingerprint, backend.id, backend.adapter)
      }, options.signal)
    } catch (error) {
      await accelerators.close()
      throw error
    }
  }

  get spec(): ModelSpec {
    return this.model.spec
  }

  /** Token vectors of texts; each text is one input, cut at the model's limit. */
  async encode(role: 'query' | 'document', texts: readonly string[], signal?: AbortSignal): Promise<Encoding[]> {
    const inputs = texts.map((text) => this.#input(role, text))
    const vectors = await this.#vectors(inputs, signal)
    return inputs.map(({ ids, keep, truncated }, i) => {
      return { ids, kept: keep, dim: this.spec.dim, vectors: numbersOf(vectors[i]), truncated }
    })
  }

  /** MaxSim sums, in the order of the documents; null for a document without a single scored token. */
  async score(query: string, documents: readonly ScoredText[], signal?: AbortSignal): Promise<(number | null)[]> {
    const [scores] = await this.scores([query], documents, signal)
    return scores
  }

  /** The same for several queries at once, as evaluation and reranking have them: documents are encoded once. */
  async scores(
    queries: readonly string[],
    documents: readonly ScoredText[],
    signal?: AbortSignal,
  ): Promise<(number | null)[][]> {
    const inputs = queries.map((query) => this.#input('query', query))
    const scores = queries.map((): (number | null)[] => [])
    for (let start = 0; start < documents.length; start += SCORED_AT_ONCE) {
      const part = documents.slice(start, start + SCORED_AT_ONCE)
      const vectors = await this.#vectors(
        part.map(({ title, text }) => this.#input('document', passageText(title, text))),
        signal,
      )
      for (const [i, found] of (await this.#scores(inputs, vectors, signal)).entries())
        for (const score of found) scores[i].push(score === NONE ? null : score)
    }
    return scores
  }

  #input(role: 'query' | 'document', text: string): EncodedText {
    return encodeText(this.model.tokenizer, this.spec[role], text)
  }

  async #vectors(inputs: readonly EncodedText[], signal?: AbortSignal): Promise<PassageVectors[]> {
    const vectors: PassageVectors[] = []
    for (const batch of this.#pace.batches(inputs, ({ ids }) => ids.length)) {
      const encoded = await this.#use(async (backend) => {
        const encoder = await this.model.encoder(backend)
        const started = performance.now()
        const codes = await (await encoder.encode(batch, exact)).codes
        this.#pace.learn(
          batch.reduce((sum, { ids }) => sum + ids.length, 0),
          performance.now() - started,
        )
        return codes
      }, signal)
      vectors.push(...encoded)
    }
    if (vectors.every((each) => numbersOf(each).every(Number.isFinite))) return vectors
    throw new MaxsiftError(
      'MODEL_INVALID',
      `${this.spec.name} gives vectors that are no numbers: its weights are damaged`,
    )
  }

  #scores(queries: readonly EncoderInput[], vectors: readonly PassageVectors[], signal?: AbortSignal) {
    return this.#use(async (backend) => {
      const encoder = await this.model.encoder(backend)
      const residents = backend.residents(exact, this.spec.dim)
      try {
        await residents.append(vectors.map((passage) => [passage]))
        return await residents.scores(encoder, queries, signal)
      } finally {
        residents.destroy()
      }
    }, signal)
  }

  #use<Result>(task: (backend: Backend) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const { accelerator } = this
    return accelerator.use((backend) => accelerator.turn(false, () => task(backend), signal), signal)
  }

  async close(): Promise<void> {
    await this.model.close()
    await this.accelerators.close()
  }
}
