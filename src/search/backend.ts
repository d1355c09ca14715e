/** What the engine runs on. Everything else in this folder knows these interfaces alone. */
import type { Codec } from '../codec/codec.ts'
import type { DocumentHit } from '../kernels/explain.ts'
import type { Layout } from '../kernels/layout.ts'
import type { SearchRequest as KernelRequest } from '../kernels/search.ts'
import type { Checkpoint } from '../model/checkpoint.ts'
import type { EncoderInput, EncoderOptions } from '../model/encoder.ts'
import type { ModelSpec } from '../model/spec.ts'
import type { BackendId } from './types.ts'

/** Models run here, and the token vectors of open indexes lie here. Used by one at a time: see `Accelerator`. */
export interface Backend {
  readonly id: BackendId
  /** For people: the GPU adapter, or the runtime and what it runs on. */
  readonly adapter: string
  /** A GPU that is emulated: correct, but slower than anything else. */
  readonly emulated: boolean
  /** Settles when everything that lives here is gone; every later use rejects with `DEVICE_LOST`. */
  readonly lost: Promise<unknown>
  /** Set once it is lost. */
  readonly lostBecause: string | null
  /** @throws MaxsiftError `MODEL_INVALID`, `MODEL_UNSUPPORTED`, `MODEL_FETCH_FAILED`, `OUT_OF_MEMORY`, `DEVICE_LOST`. */
  loadEncoder(checkpoint: Checkpoint, options: EncoderOptions): Promise<Encoder>
  /** Room for the token vectors of an index. */
  residents(codec: Codec, dim: number): Residents
  destroy(): void
}

/** A loaded model: token ids in, token vectors out. */
export interface Encoder {
  readonly spec: ModelSpec
  /** Of weights, tokenizer and encoding rules: equal on all backends. */
  readonly fingerprint: string
  /** Of the weights, as they are held. */
  readonly weightBytes: number
  /** The codes of each input's kept rows, in order. One piece of work: nothing else is done before it is under way. */
  encode(inputs: readonly EncoderInput[], codec: Codec): Promise<Encoding>
  /** (kept rows, dim) f32 of each input: token vectors as they are, or what a reranker gives. */
  vectors(inputs: readonly EncoderInput[]): Promise<Float32Array[]>
  destroy(): void
}

/** Work that is under way: the next may be given to the same backend, which does one after the other. */
export interface Encoding {
  codes: Promise<PassageVectors[]>
}

/** The codes of a passage as the store keeps them: one run of values, and one of scales where the codec has them. */
export interface PassageVectors {
  tokens: number
  codes: readonly Uint8Array[]
}

/** The token vectors of an index. Documents are only appended; which of them count is a bit each in `layout.alive`. */
export interface Residents {
  readonly backend: Backend
  readonly layout: Layout
  /** Of the token vectors and their tables. */
  readonly bytes: number
  /** Appends documents, alive. @throws MaxsiftError `OUT_OF_MEMORY`, `DEVICE_LOST`. */
  append(documents: readonly (readonly PassageVectors[])[]): Promise<void>
  /** Makes ready for searches like this one, ahead of the first. */
  prepare(encoder: Encoder, query: EncoderInput, request: Omit<SearchRequest, 'alive'>): Promise<void>
  /**
   * Searches exhaustively. The encoder is one of the same backend.
   * @returns Documents by score descending, then ordinal; fewer than `k` where fewer can be found.
   * @throws MaxsiftError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`, `DEVICE_LOST`; the signal's reason.
   */
  search(encoder: Encoder, query: EncoderInput, request: SearchRequest): Promise<DocumentHit[]>
  /**
   * Scores every living passage for several queries at once.
   * @returns MaxSim sums by passage for each query; `NONE` for a passage without token vectors.
   * @throws MaxsiftError `INVALID_ARGUMENT`, `OUT_OF_MEMORY`, `DEVICE_LOST`; the signal's reason.
   */
  scores(encoder: Encoder, queries: readonly EncoderInput[], signal?: AbortSignal): Promise<Float32Array[]>
  destroy(): void
}

/** What is wanted of a search; the rows follow from the query. */
export type SearchRequest = Omit<KernelRequest, 'rows'>
