import type { Environment } from '../search/environment.ts'
import { Host } from '../search/host.ts'
import type { Call } from '../search/service.ts'
import type { CodecId, CreateIndexOptions, IndexInfo } from '../search/types.ts'
import type { Store } from '../store/index.ts'
import { defaultModel } from '../worker/default-model.ts'
import type { BackendChoice } from './args.ts'
import { nodeEnvironment } from './environment.ts'
import { findModel } from './models.ts'
import type { Terminal } from './terminal.ts'

export interface OpenIndex {
  host: Host
  handle: number
  info: IndexInfo
  /** What a method of the host gets; `items` are the documents of `add`. */
  call(items?: AsyncIterable<unknown>): Call
  close(): Promise<void>
}

export interface OpenIndexOptions extends Pick<Environment, 'pace'> {
  /** Its folder or address. */
  address: string
  store: Store
  /** As the index records it; absent to take the one that it records, else the default. */
  model?: string
  codec?: CodecId
  backend: BackendChoice
  queryLength?: CreateIndexOptions['queryLength']
  pooling?: CreateIndexOptions['pooling']
  /** For words alone: no model is loaded. */
  early?: boolean
  terminal: Terminal
}

/** Opens one index in an engine of its own. */
export async function openIndex(options: OpenIndexOptions): Promise<OpenIndex> {
  const { address, store, model, codec = 'int8', backend, queryLength, pooling, early, terminal, pace } = options
  const host = new Host({
    device: nodeEnvironment.device,
    onnx: nodeEnvironment.onnx,
    words: nodeEnvironment.words,
    japanese: nodeEnvironment.japanese,
    tokenizers: nodeEnvironment.tokenizers,
    // Asked for by the name under which the index records it.
    model: (wanted) => nodeEnvironment.model(typeof wanted === 'string' ? findModel(wanted, address) : wanted),
    store: async () => ({ store }),
    pace,
  })
  // What fails in the background, such as going on with documents of an interrupted run, fails again in a call. That
  // there is no model matters to nobody who searches by words.
  host.onEvent = (_, type, detail) => {
    if (type === 'error' && !early) terminal.note(`maxsift: ${(detail as Error).message}`)
  }
  const { signal } = terminal
  const call = (items: AsyncIterable<unknown> = nothing()): Call => ({ signal, progress: terminal.progress, items })
  const open = {
    name: address,
    model,
    ...(model === undefined && { defaultModel: defaultModel() }),
    backend,
    queryLength,
    pooling,
    store: 'memory' as const,
    codec,
    splitPassages: true,
    early,
    lexical: 'lexical',
  }
  const { handle, info } = await host.open(call(), open)
  return { host, handle, info, call, close: () => host.close(call(), handle) }
}

async function* nothing(): AsyncGenerator<never> {}
