/** What an index says of itself. */
import { bytesOf, liveDocuments, type Manifest, refsOf, type Segment, type Store } from '../store/index.ts'
import type { LiveIndex } from './live-index.ts'
import type { Loading } from './loading.ts'
import type { CodecId, IndexInfo } from './types.ts'

/** An index that is open, its model loaded or not. */
export interface Described {
  name: string
  store: Store
  /** For an index that is made now. */
  codec: CodecId
  semantic: Loading<{ index: LiveIndex }>
}

export async function infoOf({ name, store, semantic, codec }: Described): Promise<IndexInfo> {
  const index = semantic.value?.index
  const manifest = index ? index.manifest : await store.manifest()
  return {
    name,
    pending: manifest?.pending.reduce((sum, batch) => sum + liveDocuments(batch), 0) ?? 0,
    bytes: bytesOf(refsOf(manifest).values()),
    generation: manifest?.generation ?? 0,
    store: store.kind as IndexInfo['store'],
    persisted: (await globalThis.navigator?.storage?.persisted?.().catch(() => false)) ?? false,
    writable: store.writable,
    ...(index ? await loadedInfo(index) : storedInfo(manifest, codec)),
  }
}

type Known =
  | 'documents'
  | 'passages'
  | 'tokens'
  | 'gpuBytes'
  | 'codec'
  | 'dim'
  | 'model'
  | 'ready'
  | 'backend'
  | 'adapter'

async function loadedInfo({ options, codec, loaded }: LiveIndex): Promise<Pick<IndexInfo, Known>> {
  const { model, accelerator } = options
  const [{ id, adapter }, { weightBytes }] = await accelerator.use(async (backend) => [
    backend,
    await model.encoder(backend),
  ])
  const catalog = loaded?.catalog
  return {
    documents: catalog?.byId.size ?? 0,
    passages: catalog?.passages ?? 0,
    tokens: catalog?.tokens ?? 0,
    gpuBytes: loaded?.residents.bytes ?? 0,
    codec: codec.id as CodecId,
    dim: model.spec.dim,
    model: { name: model.spec.name, fingerprint: model.fingerprint, bytes: weightBytes },
    ready: true,
    backend: id,
    adapter,
  }
}

/** What is known before the model is loaded. */
function storedInfo(manifest: Manifest | null, codec: CodecId): Pick<IndexInfo, Known> {
  const { name = '', fingerprint = '', dim = 0 } = manifest?.model ?? {}
  const count = (of: (segment: Segment) => number) =>
    manifest?.segments.reduce((sum, segment) => sum + of(segment), 0) ?? 0
  return {
    documents: count(liveDocuments),
    passages: count(({ passages }) => passages),
    tokens: count(({ tokens }) => tokens),
    gpuBytes: 0,
    codec: (manifest?.codec.id ?? codec) as CodecId,
    dim,
    model: { name, fingerprint, bytes: 0 },
    ready: false,
    backend: null,
    adapter: null,
  }
}
