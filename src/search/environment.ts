import type { MaxsiftError } from '../errors.ts'
import type { DeviceOptions } from '../gpu/device.ts'
import type { Findings } from '../gpu/findings.ts'
import type { ModelStore } from '../model/cache.ts'
import type { Integrity } from '../model/checked.ts'
import type { OpenHub } from '../model/hub.ts'
import type { OpenMorphemes } from '../model/japanese-tokenizer.ts'
import type { rerankerStyle } from '../model/reranker.ts'
import type { FileSource } from '../model/source.ts'
import type { OpenFamilies } from '../model/tokenizer-files.ts'
import type { Store } from '../store/store.ts'
import type { Backend } from './backend.ts'
import type { PackagedModel } from './default-model.ts'
import type { Pace } from './pace.ts'
import type { scorePairs } from './reranker.ts'
import type { OpenOptions } from './service.ts'
import type { WordSearch } from './words.ts'

export interface FileOptions {
  /** Hashes that files must have. */
  integrity?: Integrity
  /** What knows hubs, and checks hashes. */
  hub?: OpenHub
}

/** Loads what most models do not need. */
export type OpenParts = () => Promise<
  Awaited<ReturnType<OpenFamilies>> & { rerankerStyle: typeof rerankerStyle; scorePairs: typeof scorePairs }
>

/** What differs between a browser and Node: where the GPU, the model's files and the index come from. */
export interface Environment {
  device(): Promise<DeviceOptions> | DeviceOptions
  /** What was found out about the GPU on earlier visits; nothing is kept where absent. */
  findings?: Findings
  /** ONNX Runtime; absent where there never is any. @throws MaxsiftError `ONNX_UNAVAILABLE` */
  onnx?(runtime?: OpenOptions['onnx']): Promise<Backend>
  /** What opens the Japanese dictionary, or undefined where nobody said where it is. */
  japanese?(option?: OpenOptions['japanese']): OpenMorphemes | undefined
  /** The code of tokenizers that are not BERT's, and of rerankers; undefined where nobody said where it is. */
  tokenizers?(address?: string): OpenParts | undefined
  /** The code of search by words. @throws MaxsiftError `LEXICAL_UNAVAILABLE` */
  words(address: string): Promise<{ WordSearch: typeof WordSearch }>
  /**
   * `key` is equal for models that are the same files; `address` finds those again, on another visit, that have no
   * address of their own: files that a person chose, the default model.
   */
  model(
    model: NonNullable<OpenOptions['model']> | PackagedModel,
    options?: FileOptions,
  ): { key: string; source: FileSource; address?: string }
  /** The code of models on a hub, and of hashes. */
  hub?(address?: string): OpenHub | undefined
  /** Where models are kept; nowhere where absent. */
  models?: ModelStore
  /** The store of an index; `fallback` says why it is only memory although more was asked for. */
  store(options: OpenOptions, signal?: AbortSignal): Promise<{ store: Store; fallback?: MaxsiftError }>
  /** How indexing is cut into submissions and commits; by the speed of the device where absent. */
  pace?(): Pace
}
