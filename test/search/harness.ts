import { afterEach } from 'vitest'
import type { DeviceOptions } from '../../src/gpu/device.ts'
import type { FileSource } from '../../src/model/source.ts'
import type { Environment } from '../../src/search/environment.ts'
import { Host } from '../../src/search/host.ts'
import type { Call, OpenOptions } from '../../src/search/service.ts'
import type { IndexEvents, Progress } from '../../src/search/types.ts'
import { memoryStore, type Store } from '../../src/store/index.ts'
import { type CheckpointName, readCheckpoint } from '../goldens/checkpoints.ts'
import { gpuEntry } from '../gpu.ts'

/** A file source over bytes in memory. */
export function mapSource(name: string, files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): FileSource {
  return {
    name,
    async open(path, signal) {
      signal?.throwIfAborted()
      const bytes = files.get(path)
      return bytes ? { size: bytes.length, body: new Blob([bytes]).stream() } : null
    },
  }
}

/** A memory store that outlives `close`, as what is on disk does. */
export class LastingStore implements Store {
  readonly kind = 'memory'
  readonly writable: boolean = true
  readonly #store = memoryStore()
  /** Runs before each commit; throwing makes it fail. */
  beforeCommit: (change: Parameters<Store['commit']>[0]) => void | Promise<void> = () => {}

  manifest(signal?: AbortSignal) {
    return this.#store.manifest(signal)
  }
  read(...parameters: Parameters<Store['read']>) {
    return this.#store.read(...parameters)
  }
  async commit(...parameters: Parameters<Store['commit']>) {
    await this.beforeCommit(parameters[0])
    await this.#store.commit(...parameters)
  }
  watch(listener: (generation: number) => void) {
    return this.#store.watch(listener)
  }
  async close() {}
  async destroy() {}
}

export interface TestCall extends Call {
  controller: AbortController
  progresses: Progress[]
}

export function call(items: Iterable<unknown> | AsyncIterable<unknown> = []): TestCall {
  const controller = new AbortController()
  const progresses: Progress[] = []
  return {
    controller,
    progresses,
    signal: controller.signal,
    progress: (progress) => progresses.push(progress),
    items: (async function* () {
      yield* items
    })(),
  }
}

const hosts: { host: Host; handles: number[] }[] = []
afterEach(async () => {
  for (const { host, handles } of hosts.splice(0)) for (const handle of handles) await host.close(call(), handle)
})

export interface Bench {
  host: Host
  store: LastingStore
  events: { type: keyof IndexEvents; detail: IndexEvents[keyof IndexEvents] }[]
  open(options?: Partial<OpenOptions>): Promise<number>
}

interface BenchOptions {
  device?: DeviceOptions
  store?: LastingStore
  environment?: Partial<Environment>
}

/** A host over the software adapter, a golden checkpoint and one store. */
export async function bench(
  checkpoint: CheckpointName = 'stanford',
  { device = {}, store = new LastingStore(), environment: other = {} }: BenchOptions = {},
): Promise<Bench> {
  const gpu = (await gpuEntry())!
  const files = await readCheckpoint(checkpoint)
  const environment: Partial<Environment> = {
    device: () => ({ gpu, limits: 'default', ...device }),
    model: () => ({ key: checkpoint, source: mapSource(checkpoint, files) }),
    store: async () => ({ store }),
    words: () => import('../../src/search/words.ts'),
    ...other,
  }
  const host = new Host(environment)
  const handles: number[] = []
  const events: Bench['events'] = []
  host.onEvent = (_, type, detail) => events.push({ type, detail })
  hosts.push({ host, handles })
  return {
    host,
    store,
    events,
    async open(options = {}) {
      const { handle } = await host.open(call(), {
        name: 'test',
        model: 'golden',
        store: 'memory',
        codec: 'f32',
        splitPassages: true,
        ...options,
      })
      handles.push(handle)
      return handle
    },
  }
}
