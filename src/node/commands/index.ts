import { resolve } from 'node:path'
import { MaxsiftError } from '../../errors.ts'
import type { CodecId, DocumentInput } from '../../search/types.ts'
import { deletedBits, hasBit, readDocuments, type Store } from '../../store/index.ts'
import { oneOf, pooling, readArguments, UsageError } from '../args.ts'
import { listFiles, type Report, readCorpus, relativeUrl } from '../corpus.ts'
import { folderStore } from '../folder-store.ts'
import { recordedModel } from '../models.ts'
import { type OpenIndex, openIndex } from '../open-index.ts'
import { SteadyPace } from '../steady-pace.ts'
import { dated } from '../stores.ts'
import type { Terminal } from '../terminal.ts'

export const usage =
  'maxsift index PATH… --out INDEX_DIR [--url PREFIX | --no-url] [--codec f32|f16|int8] [--keep] [--model DIR] [--pooling none|cls|mean]     PATH: .jsonl, .md, .txt, .html, folders'

const CODECS: readonly CodecId[] = ['f32', 'f16', 'int8']

/** Brings an index up to date with files, and prints what came of it as one line. */
export async function run(args: string[], terminal: Terminal): Promise<void> {
  const { values, positionals, backend } = readArguments(args, {
    out: { type: 'string' },
    codec: { type: 'string' },
    keep: { type: 'boolean' },
    url: { type: 'string' },
    pooling: { type: 'string' },
    'no-url': { type: 'boolean' },
  })
  if (positionals.length === 0) throw new UsageError('A PATH to read documents from is missing.')
  if (!values.out) throw new UsageError('--out INDEX_DIR is missing.')
  const codec = values.codec === undefined ? undefined : oneOf('--codec', values.codec, CODECS)
  if (values.url !== undefined && values['no-url']) throw new UsageError('Give --url or --no-url, one of them.')
  const urlOf = (name: string) => (values['no-url'] ? undefined : (values.url ?? '') + relativeUrl(name))
  const started = performance.now()
  const { signal } = terminal
  const folder = resolve(values.out)
  const store = dated(folderStore(folder), timestamp())
  const manifest = await store.manifest(signal)
  const model = values.model && recordedModel(values.model, folder)
  if (manifest && codec && codec !== manifest.codec.id) {
    terminal.note(`The index keeps its codec, ${manifest.codec.id}; for ${codec} make a new one.`)
  }
  let skipped = 0
  let lost = false
  const report: Report = (path, why, reach) => {
    skipped++
    lost ||= reach === 'lost'
    terminal.note(`Skipped: ${path} ${why}`)
  }
  const files = await listFiles(positionals, folder, report)
  const before = await hashes(store, signal)
  const index = await openIndex({
    address: folder,
    store,
    model,
    codec,
    backend,
    pooling: pooling(values.pooling),
    terminal,
    pace: () => new SteadyPace(),
  })
  try {
    const seen = await add(index, readCorpus(files, report, signal, urlOf), report)
    const missing = values.keep ? [] : [...before.keys()].filter((id) => !seen.has(id))
    if (lost && missing.length > 0) terminal.note('Nothing is removed, since not everything could be read.')
    const gone = lost ? [] : missing
    if (gone.length > 0) await index.host.remove(index.call(), index.handle, gone)
    const after = await hashes(store, signal)
    const ids = [...after.keys()].filter((id) => seen.has(id))
    const added = ids.filter((id) => !before.has(id)).length
    const unchanged = ids.filter((id) => before.get(id) === after.get(id)).length
    const info = await index.host.info(index.call(), index.handle)
    await terminal.print({
      documents: info.documents,
      added,
      updated: ids.length - added - unchanged,
      unchanged,
      removed: gone.length,
      skipped,
      passages: info.passages,
      tokens: info.tokens,
      bytes: info.bytes,
      codec: info.codec,
      dim: info.dim,
      model: info.model,
      seconds: Number(((performance.now() - started) / 1000).toFixed(3)),
      backend: info.backend,
      adapter: info.adapter,
    })
  } finally {
    await index.close()
  }
}

/**
 * Adds the documents; one that the index cannot take is reported, and the others go on.
 * @returns the ids of all of them.
 */
async function add(
  { host, handle, call }: OpenIndex,
  documents: AsyncGenerator<DocumentInput>,
  report: Report,
): Promise<Set<string>> {
  const seen = new Set<string>()
  let last = ''
  const next = async () => {
    const step = await documents.next()
    if (!step.done) {
      last = step.value.id
      seen.add(last)
    }
    return step
  }
  for (;;) {
    try {
      // Without `return`: after a refused document the next call goes on with the rest.
      await host.add(call({ [Symbol.asyncIterator]: () => ({ next }) }), handle)
      return seen
    } catch (error) {
      const refused = error instanceof MaxsiftError && error.detail?.position !== undefined
      if (!refused) throw error
      report(last, (error.cause instanceof Error ? error.cause : error).message)
    }
  }
}

/** What the index holds: ids and what tells whether a document has changed. */
export async function hashes(store: Store, signal: AbortSignal): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const manifest = await store.manifest(signal)
  for (const batch of [...(manifest?.segments ?? []), ...(manifest?.pending ?? [])]) {
    const deleted = deletedBits(batch)
    for (const [i, { id, hash }] of (await readDocuments(store, batch, signal)).entries()) {
      if (!hasBit(deleted, i)) found.set(id, hash)
    }
  }
  return found
}

/** The time that goes into the index: none, so that equal input gives equal bytes, or that of reproducible builds. */
function timestamp(): number {
  const seconds = process.env.SOURCE_DATE_EPOCH
  return seconds !== undefined && /^\d{1,12}$/.test(seconds) ? Number(seconds) * 1_000 : 0
}
