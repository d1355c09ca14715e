import { join } from 'node:path'
import type { Collection } from '../../eval/collection.ts'
import { type Checkpoint, openCheckpoint } from '../../model/checkpoint.ts'
import { sha256 } from '../../model/hash.ts'
import type { QueryLength } from '../../model/spec.ts'
import { fingerprint, streamTensors } from '../../model/stream.ts'
import { passageText, prepare } from '../../search/prepare.ts'
import type { CallOptions } from '../../search/types.ts'
import { type EncodedText, encodeText } from '../../text/encode.ts'
import { Tokenizer } from '../../text/tokenizer.ts'
import { nodeEnvironment } from '../environment.ts'
import { type Input, type SetRecord, VectorSet } from './vector-set.ts'

/** A model as far as an evaluation needs it before anything is encoded. */
export interface EvaluatedModel {
  checkpoint: Checkpoint
  tokenizer: Tokenizer
  /** Of its queries, if not as the model says. */
  queryLength?: QueryLength
  fingerprint: string
  /** Hash of each weight file, by path. */
  weights: Record<string, string>
}

export type ModelAddress = Parameters<typeof nodeEnvironment.model>[0]

/** Reads the files of a model, weights included, for its fingerprint; needs no GPU. */
export async function readModel(
  model: ModelAddress,
  { signal, onProgress, queryLength, pooling }: CallOptions & { queryLength?: QueryLength; pooling?: 'none' },
): Promise<EvaluatedModel> {
  const checkpoint = await openCheckpoint(nodeEnvironment.model(model).source, {
    signal,
    queryLength,
    pooling,
    japanese: nodeEnvironment.japanese?.(),
    tokenizers: nodeEnvironment.tokenizers?.(),
  })
  const hashes = await streamTensors(checkpoint, () => {}, {
    signal,
    onProgress: (loaded, total) => onProgress?.({ stage: 'model', loaded, total }),
  })
  return {
    checkpoint,
    tokenizer: new Tokenizer(checkpoint.tokenizer),
    queryLength,
    fingerprint: await fingerprint(checkpoint, hashes),
    weights: Object.fromEntries(hashes),
  }
}

/** The two sets that a collection is scored from. */
export interface Sets {
  queries: VectorSet
  documents: VectorSet
}

/**
 * The inputs of a collection for a model, written into folders of `root` unless they are there. A folder is known by
 * everything that its vectors depend on.
 */
export async function openSets(
  root: string,
  collection: Collection,
  model: EvaluatedModel,
  split: boolean,
): Promise<Sets> {
  const { queryLength } = model
  const queries = JSON.stringify(collection.queries.map(({ id, text }) => [id, text]))
  return {
    queries: await openSet(root, collection, model, 'query', await digest(queries + (queryLength ?? '')), false),
    documents: await openSet(root, collection, model, 'document', collection.hash, split),
  }
}

async function openSet(
  root: string,
  collection: Collection,
  { checkpoint, tokenizer, fingerprint, weights }: EvaluatedModel,
  role: SetRecord['role'],
  hash: string,
  split: boolean,
): Promise<VectorSet> {
  const { spec } = checkpoint
  const key = await digest(JSON.stringify([1, role, fingerprint, hash, split]))
  const folder = join(root, `${role}-${key.slice(0, 32)}`)
  const known = await VectorSet.open(folder)
  if (known) return known
  const counts = { truncated: 0, empty: 0 }
  const record = {
    role,
    collection: { name: collection.name, hash },
    model: { name: spec.name, fingerprint, weights },
    split,
    limit: spec[role].maxLength,
    dim: spec.dim,
    ...(spec.pooling && { pooling: spec.pooling }),
  }
  const inputs = role === 'query' ? queryInputs() : documentInputs()
  return VectorSet.create(folder, record, inputs, () => counts)

  async function* queryInputs(): AsyncGenerator<Input> {
    for (const { id, text } of collection.queries) {
      const input = encodeText(tokenizer, spec.query, text)
      if (input.truncated) counts.truncated++
      yield plain(id, text, input)
    }
  }

  // As `add` does it, so that what is measured is what an index would hold.
  async function* documentInputs(): AsyncGenerator<Input> {
    for await (const { id, title, text } of collection.documents()) {
      const { passages } = prepare({ id, hash: '', title, text }, tokenizer, spec.document, split)
      if (passages.length === 0) counts.empty++
      if (passages.some(({ range }) => range.truncated)) counts.truncated++
      for (const { range, input } of passages) {
        yield plain(id, passageText(title, text.slice(range.start, range.end)), input)
      }
    }
  }
}

function plain(of: string, text: string, { ids, attend, keep }: EncodedText): Input {
  const hidden = attend.indexOf(0)
  return { of, text, ids: [...ids], attended: hidden < 0 ? ids.length : hidden, keep: [...keep] }
}

const digest = (text: string) => sha256(new TextEncoder().encode(text))
