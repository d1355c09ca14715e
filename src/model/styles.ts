/**
 * The styles of checkpoints: what each says about prompts, lengths, expansion, skiplist and projections.
 * Stanford ColBERT and plain BERT are here, sentence-transformers and PyLate in `sentence-transformers.ts`.
 * Both follow how sentence-transformers 6 loads them (`multi_vector_encoder/model.py`).
 */
import { check, MaxsiftError } from '../errors.ts'
import { Tokenizer } from '../text/tokenizer.ts'
import { type Json, readObject } from './read.ts'
import {
  markersToAdd,
  PUNCTUATION,
  queryLimit,
  type Roles,
  readExpansion,
  readLength,
  readPrefix,
  skipIds,
  splitPrompt,
  tokenizerLimit,
} from './rules.ts'
import type { FileSource } from './source.ts'
import type { EncodingRules, ModelSpec, PairSpec, Pooling, ProjectionSpec } from './spec.ts'
import { type LoadedTokenizer, withAddedTokens } from './tokenizer-files.ts'

/** A projection and where its tensors are: in the file of the encoder, or in a folder of their own. */
export interface ProjectionFiles {
  /** Without `inputs` and `outputs` the shape of the weights decides. */
  spec: Omit<ProjectionSpec, 'inputs' | 'outputs'> & Partial<ProjectionSpec>
  folder: string | null
  /** Of the tensors, without `.weight` and `.bias`; by default `linear`. */
  name?: string
  /** Of the LayerNorm that follows, `.weight` and `.bias`; a file without the latter means none. */
  norm?: string
}

export interface Style {
  style: ModelSpec['style']
  /** Single-vector models. */
  pooling?: Pooling
  unnormalized?: boolean
  /** Rerankers. */
  pair?: PairSpec
  projections: ProjectionFiles[]
  /** Width of a token vector, where the configuration names it on its own. */
  dim?: number
  files: LoadedTokenizer
  tokenizer: Tokenizer
  rules: Roles<EncodingRules>
}

/**
 * Token vectors are the last hidden states: no projection, no marker, nothing skipped, queries like documents.
 * @param pooling Makes a single-vector model of it, to be compared by dot product: files of this kind do not say.
 */
export function plainStyle(files: LoadedTokenizer, positions: number, pooling?: Pooling): Style {
  const rules: EncodingRules = {
    maxLength: tokenizerLimit(files, positions),
    prompt: '',
    marker: null,
    expansion: null,
    skip: [],
    ...(pooling && { pooled: true }),
  }
  return {
    style: 'bert',
    pooling,
    unnormalized: pooling !== undefined,
    projections: [],
    files,
    tokenizer: new Tokenizer(files),
    rules: { query: rules, document: rules },
  }
}

/** A checkpoint of Stanford's ColBERT: settings in `artifact.metadata`, the projection beside the encoder. */
export async function stanfordStyle(
  source: FileSource,
  folder: string,
  files: LoadedTokenizer,
  positions: number,
  { signal, pooling }: { signal?: AbortSignal; pooling?: Pooling | 'none' } = {},
): Promise<Style> {
  refusePooling(pooling)
  const metadata: Json = (await readObject(source, `${folder}artifact.metadata`, signal)) ?? {}
  const similarity = metadata.similarity ?? 'cosine'
  if (similarity !== 'cosine') {
    throw new MaxsiftError(
      'MODEL_UNSUPPORTED',
      `artifact.metadata: similarity ${JSON.stringify(similarity)} is not supported`,
    )
  }
  const prefixes = {
    query: `${readPrefix(metadata.query_token_id, 'artifact.metadata: query_token_id') || '[unused0]'} `,
    document: `${readPrefix(metadata.doc_token_id, 'artifact.metadata: doc_token_id') || '[unused1]'} `,
  }
  const marked = addMarkers(files, prefixes)
  const expansion = {
    // Japanese ones are JaColBERTs, whose lengths are dynamic from v2.4 on: a matter of searching, not of training.
    strategy: files.morphemes ? 'dynamic' : 'fixed',
    attend: Boolean(metadata.attend_to_mask_tokens),
    length: readLength(metadata.query_maxlen || null, 'artifact.metadata: query_maxlen') ?? 32,
  }
  const queryExpansion = readExpansion(expansion, files, marked.tokenizer, positions)
  const documentLength =
    readLength(metadata.doc_maxlen, 'artifact.metadata: doc_maxlen') ?? tokenizerLimit(files, positions)
  return {
    style: 'stanford',
    projections: [{ spec: { activation: 'identity', bias: false, residual: 'none' }, folder: null }],
    dim: readLength(metadata.dim, 'artifact.metadata: dim'),
    ...marked,
    rules: {
      query: {
        maxLength: queryLimit(queryExpansion, positions, positions),
        ...splitPrompt(marked.tokenizer, prefixes.query),
        expansion: queryExpansion,
        skip: [],
      },
      document: {
        maxLength: Math.min(documentLength, positions),
        ...splitPrompt(marked.tokenizer, prefixes.document),
        expansion: null,
        skip: (metadata.mask_punctuation ?? true) ? skipIds(marked.tokenizer, PUNCTUATION) : [],
      },
    },
  }
}

/** @throws MaxsiftError `INVALID_ARGUMENT` where one vector a text is wanted of a model that is not made for it */
export function refusePooling(pooling: Pooling | 'none' | undefined): void {
  check(!pooling || pooling === 'none', `\`pooling\` is "${pooling}", but this model is one of token vectors.`)
}

/** The tokenizer, with the markers of queries and documents as tokens that are kept whole. */
export function addMarkers(files: LoadedTokenizer, prefixes: Roles<string>): Pick<Style, 'files' | 'tokenizer'> {
  const tokenizer = new Tokenizer(files)
  const markers = markersToAdd(tokenizer, [prefixes.query, prefixes.document])
  if (markers.length === 0) return { files, tokenizer }
  const json = withAddedTokens(files.json, markers)
  return { files: { ...files, json }, tokenizer: new Tokenizer({ ...files, json }) }
}
