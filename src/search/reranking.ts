import { MaxsiftError } from '../errors.ts'
import type { Accelerator } from './accelerator.ts'
import type { Environment } from './environment.ts'
import type { Model } from './model.ts'
import type { OpenModels } from './open-models.ts'
import { passageText } from './prepare.ts'
import type { Call, OpenOptions } from './service.ts'
import type { Lease } from './shared.ts'

/** The cross-encoders that an index was asked to rerank with. They stay open with it: the next query needs them again. */
export class Reranking {
  readonly #leases = new Map<string, Lease<Model>>()

  constructor(
    private readonly environment: Environment,
    private readonly models: OpenModels,
  ) {}

  /**
   * @returns a score for each text
   * @throws MaxsiftError `MODEL_UNSUPPORTED` for a model that is no cross-encoder
   */
  async scores(
    query: string,
    texts: readonly { title?: string; text: string }[],
    options: OpenOptions,
    accelerator: Accelerator,
    { signal, progress: onProgress }: Call,
  ): Promise<number[]> {
    const parts = this.environment.tokenizers?.(options.tokenizers)
    if (!parts) throw new MaxsiftError('MODEL_UNSUPPORTED', 'Rerankers need tokenizers.js.')
    const { rerankerStyle: reranker, scorePairs } = await parts()
    const { key, lease } = await this.models.acquire(options.model!, options, accelerator, {
      signal,
      onProgress,
      reranker,
    })
    const isFirst = !this.#leases.has(key)
    if (isFirst) this.#leases.set(key, lease)
    try {
      const passages = texts.map(({ title, text }) => passageText(title, text))
      return await scorePairs(lease.value, accelerator, query, passages, signal)
    } finally {
      if (!isFirst) await lease.release()
    }
  }

  async close(): Promise<void> {
    for (const lease of this.#leases.values()) await lease.release()
  }
}
