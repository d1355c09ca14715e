import { MaxsiftError } from '../errors.ts'
import type { TokenizerFiles } from '../text/tokenizer.ts'
import { architectures, readEncoder } from './config.ts'
import { readJson, readObject } from './read.ts'
import { readModules, sentenceTransformersStyle } from './sentence-transformers.ts'
import type { FileSource } from './source.ts'
import type { EncoderSpec, EncodingRules, ModelSpec, ProjectionSpec, TensorRef, TensorRole } from './spec.ts'
import { type ProjectionFiles, plainStyle, type Style, stanfordStyle } from './styles.ts'
import { encoderPrefix, encoderTensors, findTensor, type Located } from './tensors.ts'
import { loadTokenizer } from './tokenizer-files.ts'
import { openWeights, type WeightFile, type Weights } from './weight-files.ts'

/** A checkpoint whose files fit together; its weights are still where they were. */
export interface Checkpoint {
  spec: ModelSpec
  tensors: ReadonlyMap<TensorRole, TensorRef>
  /** Weight files, in the order in which they are to be read. */
  files: readonly WeightFile[]
  /** What a `Tokenizer` is made from: the files of the checkpoint, with markers and case folding worked in. */
  tokenizer: TokenizerFiles
  source: FileSource
}

/**
 * Reads the configuration, the tokenizer and the headers of the weights of a checkpoint: Stanford ColBERT,
 * sentence-transformers or PyLate, or plain BERT.
 * @throws MaxsiftError `MODEL_FETCH_FAILED`, `MODEL_INVALID` or `MODEL_UNSUPPORTED`; `AbortError`
 */
export async function openCheckpoint(source: FileSource, options: { signal?: AbortSignal } = {}): Promise<Checkpoint> {
  const { signal } = options
  const list = await readJson(source, 'modules.json', signal)
  const modules = list === null ? null : readModules(list)
  const folder = modules?.[0].folder ?? ''
  const config = await readObject(source, `${folder}config.json`, signal)
  if (!config) {
    throw new MaxsiftError('MODEL_INVALID', `${source.name} has no ${folder}config.json`, {
      remedy: 'Check the address or folder of the model: it must hold config.json, a tokenizer and model.safetensors.',
    })
  }
  const encoder = readEncoder(config)
  const files = await loadTokenizer(source, folder, config, signal)
  const style = modules
    ? await sentenceTransformersStyle(source, modules, config, files, encoder.positions, signal)
    : architectures(config).includes('HF_ColBERT')
      ? await stanfordStyle(source, folder, files, encoder.positions, signal)
      : plainStyle(files, encoder.positions)
  checkTokenizer(style, encoder)

  const weights = await openWeights(source, folder, signal)
  const prefix = encoderPrefix(weights.tensors)
  const names = weights.files.map(({ path }) => path).join(', ')
  const tensors = new Map<TensorRole, TensorRef>()
  for (const wanted of encoderTensors(encoder))
    tensors.set(wanted.role, findTensor(weights.tensors, wanted, prefix, names))
  const heads = await openProjections(source, style.projections, encoder, weights, tensors, signal)

  const dim = heads.projections.at(-1)?.outputs ?? encoder.hidden
  if (style.dim !== undefined && style.dim !== dim) {
    throw new MaxsiftError('MODEL_INVALID', `artifact.metadata says dim ${style.dim}, but linear.weight gives ${dim}`)
  }
  return {
    spec: {
      name: source.name,
      style: style.style,
      encoder,
      projections: heads.projections,
      dim,
      query: style.rules.query,
      document: style.rules.document,
    },
    tensors,
    files: [...weights.files, ...heads.files],
    tokenizer: { json: style.files.json, config: style.files.config },
    source,
  }
}

async function openProjections(
  source: FileSource,
  list: readonly ProjectionFiles[],
  encoder: EncoderSpec,
  encoderWeights: Weights,
  tensors: Map<TensorRole, TensorRef>,
  signal?: AbortSignal,
): Promise<{ projections: ProjectionSpec[]; files: WeightFile[] }> {
  const projections: ProjectionSpec[] = []
  const files: WeightFile[] = []
  let width = encoder.hidden
  for (const [i, { spec, folder }] of list.entries()) {
    const weights = folder === null ? encoderWeights : await openWeights(source, folder, signal)
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
    const add = (part: string, name: string, shape: number[]) => {
      const role = `projection.${i}.${part}`
      const names = weights.files.map(({ path }) => path).join(', ')
      tensors.set(role, findTensor(weights.tensors, { role, names: [name], shape, from }, '', names))
    }
    add('weight', 'linear.weight', [outputs, inputs])
    if (projection.bias) add('bias', 'linear.bias', [outputs])
    if (projection.residual === 'linear') add('residual', 'residual.weight', [outputs, inputs])
    projections.push(projection)
    width = outputs
  }
  return { projections, files }
}

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
