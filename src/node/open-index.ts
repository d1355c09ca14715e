import type { Environment } from '../search/environment.ts'
import { Host } from '../search/host.ts'
import type { Call } from '../search/service.ts'
import type { CodecId, IndexInfo } from '../search/types.ts'
import type { Store } from '../store/index.ts'
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
  /** As the index records it. */
  model: string
  codec?: CodecId
  terminal: Terminal
}

/** Opens one index in an engine of its own. */
export async function openIndex(options: OpenIndexOptions): Promise<OpenIndex> {
  const { address, store, model, codec = 'int8', terminal, pace } = options
  const host = new Host({
    device: nodeEnvironment.device,
    // Asked for by the name under which the index records it.
    model: (wanted) => nodeEnvironment.model(typeof wanted === 'string' ? findModel(wanted, address) : wanted),
    store: async () => ({ store }),
    pace,
  })
  // What fails in the background, such as going on with documents of an interrupted run, fails again in a call.
  host.onEvent = (_, type, detail) => {
    if (type === 'error') terminal.note(`maxsift: ${(detail as Error).message}`)
  }
  const { signal } = terminal
  const call = (items: AsyncIterable<unknown> = nothing()): Call => ({ signal, progress: terminal.progress, items })
  const open = { name: address, model, store: 'memory' as const, codec, splitPassages: true }
  const { handle, info } = await host.open(call(), open)
  return { host, handle, info, call, close: () => host.close(call(), handle) }
}

async function* nothing(): AsyncGenerator<never> {}
