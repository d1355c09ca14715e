/**
 * The styles of checkpoints: what each says about prompts, lengths, expansion, skiplist and projections.
 * Stanford ColBERT and plain BERT are here, sentence-transformers and PyLate in `sentence-transformers.ts`.
 * Both follow how sentence-transformers 6 loads them (`multi_vector_encoder/model.py`).
 */
import { MaxsiftError } from '../errors.ts'
import { Tokenizer } from '../text/tokenizer.ts'
import { type Json, readObject } from './read.ts'
import {
  markersToAdd,
  PUNCTUATION,
  type Roles,
  readExpansion,
  readLength,
  skipIds,
  splitPrompt,
  tokenizerLimit,
} from './rules.ts'
import type { FileSource } from './source.ts'
import type { EncodingRules, ModelSpec, ProjectionSpec } from './spec.ts'
import { type LoadedTokenizer, withAddedTokens } from './tokenizer-files.ts'

/** A projection and where its tensors are: in the file of the encoder, or in a folder of their own. */
export interface ProjectionFiles {
  /** Without `inputs` and `outputs` the shape of the weights decides. */
  spec: Omit<ProjectionSpec, 'inputs' | 'outputs'> & Partial<ProjectionSpec>
  folder: string | null
}

export interface Style {
  style: ModelSpec['style']
  projections: ProjectionFiles[]
  /** Width of a token vector, where the configuration names it on its own. */
  dim?: number
  files: LoadedTokenizer
  tokenizer: Tokenizer
  rules: Roles<EncodingRules>
}

/** Token vectors are the last hidden states: no projection, no marker, nothing skipped, queries like documents. */
export function plainStyle(files: LoadedTokenizer, positions: number): Style {
  const rules = { maxLength: tokenizerLimit(files, positions), prompt: '', marker: null, expansion: null, skip: [] }
  return {
    style: 'bert',
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
  signal?: AbortSignal,
): Promise<Style> {
  const metadata: Json = (await readObject(source, `${folder}artifact.metadata`, signal)) ?? {}
  const similarity = metadata.similarity ?? 'cosine'
  if (similarity !== 'cosine') {
    throw new MaxsiftError(
      'MODEL_UNSUPPORTED',
      `artifact.metadata: similarity ${JSON.stringify(similarity)} is not supported`,
    )
  }
  const prefixes = {
    query: `${metadata.query_token_id || '[unused0]'} `,
    document: `${metadata.doc_token_id || '[unused1]'} `,
  }
  const marked = addMarkers(files, prefixes)
  const expansion = {
    strategy: 'fixed',
    attend: Boolean(metadata.attend_to_mask_tokens),
    length: readLength(metadata.query_maxlen || null, 'artifact.metadata: query_maxlen') ?? 32,
  }
  const documentLength =
    readLength(metadata.doc_maxlen, 'artifact.metadata: doc_maxlen') ?? tokenizerLimit(files, positions)
  return {
    style: 'stanford',
    projections: [{ spec: { activation: 'identity', bias: false, residual: 'none' }, folder: null }],
    dim: readLength(metadata.dim, 'artifact.metadata: dim'),
    ...marked,
    rules: {
      query: {
        maxLength: expansion.length,
        ...splitPrompt(marked.tokenizer, prefixes.query),
        expansion: readExpansion(expansion, files, marked.tokenizer, positions),
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

/** The tokenizer, with the markers of queries and documents as tokens that are kept whole. */
export function addMarkers(files: LoadedTokenizer, prefixes: Roles<string>): Pick<Style, 'files' | 'tokenizer'> {
  const tokenizer = new Tokenizer(files)
  const markers = markersToAdd(tokenizer, [prefixes.query, prefixes.document])
  if (markers.length === 0) return { files, tokenizer }
  const json = withAddedTokens(files.json, markers)
  return { files: { ...files, json }, tokenizer: new Tokenizer({ json }) }
}
