import { MaxsiftError } from '../errors.ts'
import { Tokenizer, type TokenizerFiles } from '../text/tokenizer.ts'
import { architectures, classifies, readEncoder } from './config.ts'
import type { OpenMorphemes } from './japanese-tokenizer.ts'
import { readJson, readObject } from './read.ts'
import type { rerankerStyle } from './reranker.ts'
import { withQueryLength } from './rules.ts'
import { isReranker, readModules, sentenceTransformersStyle } from './sentence-transformers.ts'
import type { FileSource } from './source.ts'
import type {
  EncoderSpec,
  EncodingRules,
  ModelSpec,
  Pooling,
  ProjectionSpec,
  QueryLength,
  TensorRef,
  TensorRole,
} from './spec.ts'
import { type ProjectionFiles, plainStyle, type Style, stanfordStyle } from './styles.ts'
import { encoderPrefix, encoderTensors, findTensor, type Located } from './tensors.ts'
import { loadTokenizer, type OpenFamilies } from './tokenizer-files.ts'
import { foreignWeights, openWeights, type WeightFile, type Weights } from './weight-files.ts'

/** A checkpoint whose files fit together; its weights are still where they were. */
export interface Checkpoint {
  spec: ModelSpec
  /** The rules for queries that the checkpoint itself has; those in `spec` may be the caller's. */
  ownQuery: EncodingRules
  tensors: ReadonlyMap<TensorRole, TensorRef>
  /** Weight files, in the order in which they are to be read. */
  files: readonly WeightFile[]
  /** What a `Tokenizer` is made from: the files of the checkpoint, with markers and case folding worked in. */
  tokenizer: TokenizerFiles
  source: FileSource
}

export interface CheckpointOptions {
  signal?: AbortSignal
  /** For Japanese checkpoints; not called for others. */
  japanese?: OpenMorphemes
  /** For tokenizers that are not BERT's; not called for others. */
  tokenizers?: OpenFamilies
  /** In the place of the checkpoint's own way to the length of a query. */
  queryLength?: QueryLength
  /** One vector a text, made this way; `none`: the vectors of its tokens. By default what `modules.json` says. */
  pooling?: Pooling | 'none'
  /** For a cross-encoder, which takes pairs of a query and a passage; without it a model of texts is expected. */
  reranker?: typeof rerankerStyle
}

/**
 * Reads the configuration, the tokenizer and the headers of the weights of a checkpoint: Stanford ColBERT,
 * sentence-transformers or PyLate, or an encoder alone.
 * @throws MaxsiftError `MODEL_FETCH_FAILED`, `MODEL_INVALID` or `MODEL_UNSUPPORTED`; `AbortError`
 */
export async function openCheckpoint(source: FileSource, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const { signal, queryLength, pooling } = options
  const list = await readJson(source, 'modules.json', signal)
  const modules = list === null ? null : readModules(list)
  const folder = modules?.[0].folder ?? ''
  const config = await readObject(source, `${folder}config.json`, signal)
  if (!config) {
    // A GGUF file comes alone.
    const foreign = await foreignWeights(source, folder, signal)
    throw (
      foreign ??
      new MaxsiftError('MODEL_INVALID', `${source.name} has no ${folder}config.json`, {
        remedy:
          'Check the address or folder of the model: it must hold config.json, a tokenizer and model.safetensors.',
      })
    )
  }
  const encoder = readEncoder(config)
  const files = await loadTokenizer(source, folder, config, options)
  if (!options.reranker && classifies(config)) throw isReranker(config)
  const style = options.reranker
    ? withTokenizer(await options.reranker(source, folder, config, files, encoder, signal))
    : modules
      ? await sentenceTransformersStyle(source, modules, config, files, encoder.positions, options)
      : architectures(config).includes('HF_ColBERT')
        ? await stanfordStyle(source, folder, files, encoder.positions, options)
        : plainStyle(files, encoder.positions, pooling === 'none' ? undefined : pooling)
  checkTokenizer(style, encoder)

  const weights = await openWeights(source, folder, signal)
  const prefix = encoderPrefix(weights.tensors, encoder.family)
  const names = weights.files.map(({ path }) => path).join(', ')
  const tensors = new Map<TensorRole, TensorRef>()
  for (const wanted of encoderTensors(encoder, (name) => weights.tensors.has(prefix + name)))
    tensors.set(wanted.role, findTensor(weights.tensors, wanted, prefix, names))
  const heads = await openProjections(source, style.projections, encoder, { weights, prefix }, tensors, signal)

  const dim = heads.projections.at(-1)?.outputs ?? encoder.hidden
  if (style.dim !== undefined && style.dim !== dim) {
    throw new MaxsiftError('MODEL_INVALID', `artifact.metadata says dim ${style.dim}, but linear.weight gives ${dim}`)
  }
  return {
    spec: {
      name: source.name,
      style: style.style,
      encoder,
      ...(style.pooling && { pooling: style.pooling }),
      projections: heads.projections,
      ...(style.pair && { pair: style.pair }),
      ...(style.unnormalized && { unnormalized: true }),
      dim,
      query: queryLength ? withQueryLength(style.rules.query, queryLength, encoder.positions) : style.rules.query,
      document: style.rules.document,
    },
    ownQuery: style.rules.query,
    tensors,
    files: [...weights.files, ...heads.files],
    tokenizer: {
      json: style.files.json,
      config: style.files.config,
      morphemes: style.files.morphemes,
      families: style.files.families,
    },
    source,
  }
}

const withTokenizer = (style: Omit<Style, 'tokenizer'>): Style => ({ ...style, tokenizer: new Tokenizer(style.files) })

async function openProjections(
  source: FileSource,
  list: readonly ProjectionFiles[],
  encoder: EncoderSpec,
  own: { weights: Weights; prefix: string },
  tensors: Map<TensorRole, TensorRef>,
  signal?: AbortSignal,
): Promise<{ projections: ProjectionSpec[]; files: WeightFile[] }> {
  const projections: ProjectionSpec[] = []
  const files: WeightFile[] = []
  let width = encoder.hidden
  for (const [i, { spec, folder, name = 'linear', norm }] of list.entries()) {
    const weights = folder === null ? own.weights : await openWeights(source, folder, signal)
    if (name === 'linear' && folder === null && !weights.tensors.has('linear.weight')) throw noProjection(source)
    if (folder !== null) files.push(...weights.files)
    const projection = resolveShape(spec, weights.tensors, width)
    if (projection.inputs !== width) {
      throw new MaxsiftError(
        'MODEL_INVALID',
        `${folder}config.json: in_features is ${projection.inputs}, but ${width} come in`,
      )
    }
    const { outputs, inputs } = projection
    const from = folder === null ? 'config.json' : `${folder}config.json`
    const add = (part: string, tensor: string, shape: number[]) => {
      const role = `projection.${i}.${part}`
      const names = weights.files.map(({ path }) => path).join(', ')
      // A pooler is a part of the encoder, and goes by its prefix.
      const wanted = { role, names: [tensor, own.prefix + tensor], shape, from }
      tensors.set(role, findTensor(weights.tensors, wanted, '', names))
    }
    add('weight', `${name}.weight`, [outputs, inputs])
    if (projection.bias) add('bias', `${name}.bias`, [outputs])
    if (projection.residual === 'linear') add('residual', 'residual.weight', [outputs, inputs])
    if (norm) add('norm.gamma', `${norm}.weight`, [outputs])
    if (norm && weights.tensors.has(`${norm}.bias`)) add('norm.beta', `${norm}.bias`, [outputs])
    projections.push(projection)
    width = outputs
  }
  return { projections, files }
}

const noProjection = ({ name }: FileSource) =>
  new MaxsiftError('MODEL_UNSUPPORTED', `${name} is a ColBERT without its projection: there is no linear.weight`, {
    remedy: 'Export the checkpoint anew with its projection: many conversions keep the encoder alone.',
  })

function resolveShape(
  spec: ProjectionFiles['spec'],
  tensors: ReadonlyMap<string, Located>,
  width: number,
): ProjectionSpec {
  const outputs = spec.outputs ?? tensors.get('linear.weight')?.shape[0] ?? width
  return { ...spec, inputs: spec.inputs ?? width, outputs }
}

/** Every id that a text can give must have a row, and every input must have room for the text. */
function checkTokenizer({ tokenizer, rules }: Style, encoder: EncoderSpec): void {
  if (tokenizer.size > encoder.vocabulary) {
    throw new MaxsiftError(
      'MODEL_INVALID',
      `the tokenizer has ids up to ${tokenizer.size - 1}, but config.json says vocab_size ${encoder.vocabulary}`,
    )
  }
  for (const role of ['query', 'document'] as const) {
    const { maxLength, marker }: EncodingRules = rules[role]
    const around = tokenizer.prefix.length + tokenizer.suffix.length + (marker === null ? 0 : 1)
    if (maxLength <= around) {
      throw new MaxsiftError(
        'MODEL_INVALID',
        `a ${role} may have ${maxLength} tokens, of which markers alone take ${around}`,
      )
    }
  }
}
