import type { CheckpointOptions } from '../model/checkpoint.ts'
import type { Accelerator } from './accelerator.ts'
import type { Environment } from './environment.ts'
import { Model } from './model.ts'
import type { OpenOptions } from './service.ts'
import { type Lease, Shared } from './shared.ts'
import type { CallOptions } from './types.ts'

export interface OpenModel {
  lease: Lease<Model>
  /** Equal for equal addresses. */
  key: string
  /** What an index remembers of where it is. */
  address: string | undefined
}

/** Models that are open: each once, whoever asks for it. */
export class OpenModels {
  readonly #shared = new Shared<Model>((model) => model.close())

  constructor(private readonly environment: Environment) {}

  async acquire(
    model: Parameters<Environment['model']>[0],
    options: OpenOptions,
    accelerator: Accelerator,
    { signal, onProgress, reranker }: CallOptions & Pick<CheckpointOptions, 'reranker'>,
  ): Promise<OpenModel> {
    const { dtype, integrity, queryLength, pooling } = options
    const { environment } = this
    const { id } = await accelerator.backend()
    const { key, source, address } = environment.model(model, { integrity, hub: environment.hub?.(options.hub) })
    const japanese = environment.japanese?.(options.japanese)
    const tokenizers = environment.tokenizers?.(options.tokenizers)
    const rules = { dtype, integrity, queryLength, pooling, reranker }
    const make = (making: AbortSignal) =>
      Model.open(source, { signal: making, onProgress, japanese, tokenizers, ...rules })
    const use = [key, dtype, queryLength, pooling, Boolean(reranker), id, integrity && JSON.stringify(integrity)]
    const lease = await this.#shared.acquire(use.join(' '), make, signal)
    const found = lease.value.checkpoint.source.address
    return { lease, key, address: found ?? (typeof model === 'string' ? model : address) }
  }
}
