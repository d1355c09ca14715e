import { codecOf } from '../codec/codec.ts'
import { Arena } from '../gpu/arena.ts'
import type { Device } from '../gpu/device.ts'
import type { Recorder } from '../gpu/recorder.ts'
import { searchIndex } from '../kernels/search.ts'
import type { EncoderInput } from '../model/encoder.ts'
import type { ModelSpec } from '../model/spec.ts'
import { type EncodedText, encodeText } from '../text/encode.ts'
import { Accelerator } from './accelerator.ts'
import type { Environment } from './environment.ts'
import { Model } from './model.ts'
import { Pace } from './pace.ts'
import { passageText } from './prepare.ts'
import { type PassageVectors, Residents } from './residents.ts'
import type { CallOptions } from './types.ts'
import { encodeCodes } from './vectors.ts'

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

/** Documents scored in one go: bounds the GPU memory of `score`. */
const SCORED_AT_ONCE = 1_024

const exact = codecOf({ id: 'f32' })

/** The encoder and MaxSim without an index: token vectors and scores in f32, as the reference libraries give them. */
export class Engine {
  readonly #pace = new Pace()

  private constructor(
    readonly model: Model,
    private readonly accelerator: Accelerator,
    readonly fingerprint: string,
    /** Name of the GPU adapter. */
    readonly adapter: string,
  ) {}

  /** @throws MaxsiftError `WEBGPU_UNAVAILABLE`, `MODEL_FETCH_FAILED`, `MODEL_INVALID`, `MODEL_UNSUPPORTED`. */
  static async open(
    environment: Pick<Environment, 'device' | 'model'>,
    model: Parameters<Environment['model']>[0],
    options: CallOptions = {},
  ): Promise<Engine> {
    const accelerator = new Accelerator(() => environment.device())
    try {
      const opened = await Model.open(environment.model(model).source, options)
      return await accelerator.use(async (device) => {
        const { fingerprint } = await opened.encoder(device, options)
        return new Engine(opened, accelerator, fingerprint, device.caps.adapter)
      }, options.signal)
    } catch (error) {
      await accelerator.close()
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
      const [{ buffer, byteOffset, byteLength }] = vectors[i].codes
      const values = new Float32Array(buffer as ArrayBuffer, byteOffset, byteLength / 4)
      return { ids, kept: keep, dim: this.spec.dim, vectors: values, truncated }
    })
  }

  /** MaxSim sums, in the order of the documents; null for a document without a single scored token. */
  async score(
    query: string,
    documents: readonly { title?: string; text: string }[],
    signal?: AbortSignal,
  ): Promise<(number | null)[]> {
    const input = this.#input('query', query)
    const scores: (number | null)[] = documents.map(() => null)
    for (let start = 0; start < documents.length; start += SCORED_AT_ONCE) {
      const part = documents.slice(start, start + SCORED_AT_ONCE)
      const vectors = await this.#vectors(
        part.map(({ title, text }) => this.#input('document', passageText(title, text))),
        signal,
      )
      for (const { document, score } of await this.#rank(input, vectors, signal)) scores[start + document] = score
    }
    return scores
  }

  #input(role: 'query' | 'document', text: string): EncodedText {
    return encodeText(this.model.tokenizer, this.spec[role], text)
  }

  async #vectors(inputs: readonly EncodedText[], signal?: AbortSignal): Promise<PassageVectors[]> {
    const vectors: PassageVectors[] = []
    for (const batch of this.#pace.batches(inputs, ({ ids }) => ids.length)) {
      const encoded = await this.#use(async (device, arena) => {
        const started = performance.now()
        const codes = await encodeCodes(device, arena, await this.model.encoder(device), exact, batch)
        this.#pace.learn(
          batch.reduce((sum, { ids }) => sum + ids.length, 0),
          performance.now() - started,
        )
        return codes
      }, signal)
      vectors.push(...encoded)
    }
    return vectors
  }

  #rank(query: EncoderInput, vectors: readonly PassageVectors[], signal?: AbortSignal) {
    return this.#use(async (device, arena) => {
      const encoder = await this.model.encoder(device)
      const residents = new Residents(device, exact, this.spec.dim)
      try {
        await residents.append(vectors.map((passage) => [passage]))
        const { index, layout } = residents
        if (!index) return []
        await encoder.reserve([query])
        const request = {
          rows: query.keep.length,
          k: vectors.length,
          best: 1,
          explain: false,
          alive: layout.alive.view(),
          signal,
        }
        return await searchIndex(
          device,
          arena,
          index,
          request,
          (recorder: Recorder) => encoder.record(recorder, [query]).vectors,
        )
      } finally {
        residents.destroy()
      }
    }, signal)
  }

  #use<Result>(task: (device: Device, arena: Arena) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.accelerator.use((device) => {
      const arena = new Arena(device, 'engine')
      return this.accelerator.turn(false, () => task(device, arena), signal).finally(() => arena.destroy())
    }, signal)
  }

  async close(): Promise<void> {
    await this.model.close()
    await this.accelerator.close()
  }
}
