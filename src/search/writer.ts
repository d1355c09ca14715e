import { MaxsiftError } from '../errors.ts'
import {
  addEncoded,
  addPending,
  applyMerge,
  type Batch,
  deleteDocuments,
  deletedBits,
  hasBit,
  MAX_SEGMENT_BYTES,
  type Manifest,
  mergeSegments,
  type NewDocument,
  planMerge,
  readDocuments,
  readText,
  textStarts,
  writeBatch,
} from '../store/index.ts'
import { BatchEncoder } from './batch-encoder.ts'
import { readDocument } from './documents.ts'
import type { LiveIndex } from './live-index.ts'
import { isAlive, whileAlive } from './liveness.ts'
import { Pace } from './pace.ts'
import { PAUSE, withPauses } from './pauses.ts'
import { type Prepared, prepare } from './prepare.ts'
import type { Call } from './service.ts'
import { Turns } from './turns.ts'
import type { AddResult, RemoveResult } from './types.ts'

const BATCH_DOCUMENTS = 64
const BATCH_MS = 5_000
/** Below the limit of a segment, with room for what the last document adds. */
const BATCH_BYTES = MAX_SEGMENT_BYTES / 2

/** The writing side of an index: one change at a time. */
export class Writer {
  readonly #turns = new Turns()
  readonly #encoder: BatchEncoder

  constructor(
    private readonly index: LiveIndex,
    private readonly pace = new Pace(),
  ) {
    this.#encoder = new BatchEncoder(index, pace)
  }

  /** Adds documents as they come; commits at least every 64 documents or 5 seconds. */
  add(call: Call): Promise<AddResult> {
    return this.#turns.take(
      false,
      async () => {
        this.#assertWritable()
        await this.#resume(call.signal)
        return this.#add(call)
      },
      call.signal,
    )
  }

  async #add(call: Call): Promise<AddResult> {
    const result: AddResult = { added: 0, updated: 0, unchanged: 0, truncated: 0 }
    const done = () => result.added + result.updated + result.unchanged
    const progress = (more = 0) => call.progress({ stage: 'encode', loaded: done() + more, total: null })
    // By id: the last of several with one id in a batch counts, as an update of those before it.
    let batch = new Map<string, Prepared>()
    let repeated = 0
    // The batch before it, which is encoded while documents of the next one are read and cut into tokens.
    let before: ReadonlyMap<string, Prepared> = new Map()
    let storing = Promise.resolve()
    const store = async (prepared: Prepared[], repeated: number) => {
      const known = (id: string) => this.index.loaded?.catalog.byId.has(id) ?? false
      const updated = prepared.filter(({ document }) => known(document.id)).length
      let encoded = 0
      await this.#store(prepared, call.signal, (count) => {
        encoded += count
        progress(encoded)
      })
      result.updated += updated + repeated
      result.added += prepared.length - updated
      result.truncated += prepared.filter(({ passages }) => passages.some(({ range }) => range.truncated)).length
      progress()
    }
    const flush = async () => {
      await storing
      if (batch.size === 0) return
      storing = store([...batch.values()], repeated).then(() => {
        before = new Map()
      })
      // The next flush hears of it.
      storing.catch(() => {})
      ;[before, batch, repeated] = [batch, new Map(), 0]
    }
    let position = 0
    try {
      for await (const input of withPauses(call.items, BATCH_MS, () => batch.size + before.size > 0)) {
        call.signal.throwIfAborted()
        if (input === PAUSE) {
          await flush()
          continue
        }
        const document = await readDocument(input, position++)
        const { id } = document
        const held = (batch.get(id) ?? before.get(id))?.document ?? this.index.loaded?.catalog.byId.get(id)?.record
        if (held?.hash === document.hash) {
          result.unchanged += 1
          progress()
          continue
        }
        const prepared = this.#prepare(document, position - 1)
        if (batch.delete(document.id)) repeated += 1
        batch.set(document.id, prepared)
        const tokens = sum(batch.values(), ({ inputTokens }) => inputTokens)
        const bytes = sum(batch.values(), ({ tokens }) => tokens) * this.#tokenBytes
        const full = batch.size >= BATCH_DOCUMENTS || tokens >= this.pace.within(BATCH_MS) || bytes >= BATCH_BYTES
        if (full) await flush()
      }
      await flush()
      await storing
      return result
    } catch (error) {
      // What came before an invalid document was accepted, so it is kept.
      if (!(error instanceof MaxsiftError && error.detail?.position !== undefined)) throw error
      await flush()
      await storing
      const detail = { ...error.detail, committed: done() }
      throw new MaxsiftError(error.code, `${error.message} ${done()} documents before it are committed.`, {
        cause: error,
        detail,
      })
    } finally {
      // Nothing else is written before that has ended.
      await storing.catch(() => {})
    }
  }

  #prepare(document: NewDocument, position: number): Prepared {
    const { model, splitPassages } = this.index.options
    const prepared = prepare(document, model.tokenizer, model.spec.document, splitPassages)
    if (prepared.tokens * this.#tokenBytes > BATCH_BYTES) {
      throw new MaxsiftError(
        'INVALID_ARGUMENT',
        `Document ${position} is too long: its ${prepared.tokens} token vectors do not fit a segment.`,
        {
          remedy: 'Split it into several documents.',
          detail: { position },
        },
      )
    }
    return prepared
  }

  get #tokenBytes(): number {
    return this.index.codec.bytes(this.index.options.model.spec.dim)
  }

  /** Texts first, then vectors: what is interrupted in between goes on at the next opening, without its input. */
  async #store(prepared: Prepared[], signal: AbortSignal, onDocuments: (count: number) => void): Promise<void> {
    const { batch, put } = await writeBatch(
      prepared.map(({ document }) => document),
      0,
    )
    await whileAlive(this.#sign(batch), async () => {
      let pending = batch
      await this.index.commit((current) => {
        const manifest = addPending(current!, batch)
        // Where the index holds the same texts already, the new batch has got another id.
        pending = manifest.pending.at(-1)!
        return { manifest, put }
      }, signal)
      try {
        await this.#encode(pending, prepared, signal, onDocuments)
      } catch (error) {
        // What the caller gave up, or there is no room for, is not to come back by itself.
        const given = error instanceof MaxsiftError ? error.code === 'STORE_QUOTA' : signal.aborted
        if (given) await this.#dropPending(pending).catch(() => {})
        throw error
      }
    })
    await this.#merge(signal)
  }

  /** @param prepared The documents of the batch, in its order; null for one that was deleted while it waited. */
  async #encode(
    batch: Batch,
    prepared: readonly (Prepared | null)[],
    signal: AbortSignal,
    onDocuments: (count: number) => void = () => {},
  ): Promise<void> {
    for await (const { segment, put, documents } of this.#encoder.encode(batch, prepared, BATCH_MS, signal)) {
      const committed = await this.index.commit((current) => {
        const added = addEncoded(current!, batch.id, segment, documents)
        if (!added) return null
        // `commit` has brought the catalog to `current`, so it knows the versions that these documents replace.
        const ids = documents.flatMap((place) => prepared[place]?.document.id ?? [])
        return { manifest: this.#deleteFrom(added, ids), put }
      }, signal)
      // Another tab has taken the batch over, or removed its documents.
      if (!committed) return
      onDocuments(documents.length)
    }
  }

  /** Deletes documents by id. Ids that the index does not hold are counted, and no error. */
  remove(call: Call, ids: readonly string[]): Promise<RemoveResult> {
    return this.#turns.take(
      false,
      async () => {
        this.#assertWritable()
        await this.#resume(call.signal)
        const unique = new Set(ids)
        let removed = 0
        await this.index.commit((current) => {
          const { byId } = this.index.loaded!.catalog
          const held = [...unique].filter((id) => byId.has(id))
          removed = held.length
          return removed === 0 ? null : { manifest: this.#deleteFrom(current!, held) }
        }, call.signal)
        await this.#merge(call.signal)
        return { removed, unknown: unique.size - removed }
      },
      call.signal,
    )
  }

  #deleteFrom(manifest: Manifest, ids: readonly string[]): Manifest {
    const bySegment = new Map<string, number[]>()
    for (const id of ids) {
      const entry = this.index.loaded?.catalog.byId.get(id)
      if (entry) bySegment.set(entry.segment.id, [...(bySegment.get(entry.segment.id) ?? []), entry.index])
    }
    let next = manifest
    for (const [segment, indexes] of bySegment) next = deleteDocuments(next, segment, indexes)
    return next
  }

  /** Encodes what an earlier tab or visit has stored and not encoded. */
  resume(signal: AbortSignal): Promise<void> {
    return this.#turns.take(false, () => this.#resume(signal), signal)
  }

  async #resume(signal: AbortSignal): Promise<void> {
    const { store, model, splitPassages, emit } = this.index.options
    if (!store.writable) return
    const { pending } = this.index.manifest
    for (const batch of pending) {
      if (await isAlive(this.#sign(batch))) continue
      await whileAlive(this.#sign(batch), async () => {
        const records = await readDocuments(store, batch, signal)
        const starts = textStarts(records)
        const texts = await readText(store, batch, 0, starts[records.length], signal)
        const deleted = deletedBits(batch)
        const prepared = records.map((record, i) => {
          const document = { ...record, text: texts.slice(starts[i], starts[i] + record.units) }
          if (hasBit(deleted, i)) return null
          return prepare(document, model.tokenizer, model.spec.document, splitPassages)
        })
        await this.#encode(batch, prepared, signal)
        emit('progress', { stage: 'encode', loaded: records.length, total: records.length })
      })
    }
  }

  async #dropPending(batch: Batch): Promise<void> {
    const all = Array.from({ length: batch.documents }, (_, i) => i)
    await this.index.commit((current) =>
      current!.pending.some(({ id }) => id === batch.id)
        ? { manifest: deleteDocuments(current!, batch.id, all) }
        : null,
    )
  }

  /** Merges small segments, so that their number stays logarithmic in the size of the index. */
  async #merge(signal: AbortSignal): Promise<void> {
    const { store } = this.index.options
    for (;;) {
      const { manifest } = this.index
      const sources = planMerge(manifest)
      if (!sources) return
      const merge = await mergeSegments(store, manifest, sources, signal)
      const merged = await this.index.commit((current) => {
        const next = applyMerge(current!, merge)
        return next && { manifest: next, put: merge.put }
      }, signal)
      if (!merged) return
    }
  }

  /** The name under which a tab shows that it works on a batch; known before the batch is stored. */
  #sign({ records, text }: Batch): string {
    return `maxsift:${this.index.options.name}:${[...records, ...text].map(({ name }) => name)}`
  }

  #assertWritable(): void {
    const { store, name } = this.index.options
    if (!store.writable) throw new MaxsiftError('INVALID_ARGUMENT', `The index "${name}" is read-only (${store.kind}).`)
  }
}

function sum<Item>(items: Iterable<Item>, of: (item: Item) => number): number {
  let total = 0
  for (const item of items) total += of(item)
  return total
}
