/** Which tensors a BERT encoder needs, under which names checkpoints keep them, and with what shape. */
import { MaxsiftError } from '../errors.ts'
import type { TensorEntry } from './safetensors.ts'
import type { EncoderSpec, TensorRef, TensorRole, WeightType } from './spec.ts'

export interface Wanted {
  role: TensorRole
  /** Names that this tensor goes by, without the prefix of the checkpoint. */
  names: readonly string[]
  shape: readonly number[]
  /** What the shape is taken from, for messages. */
  from: string
}

/** The tensors of the encoder. Poolers, heads of other tasks and stored position ids are not among them. */
export function encoderTensors(spec: EncoderSpec): Wanted[] {
  const { hidden, intermediate } = spec
  const wanted: Wanted[] = []
  const add = (role: TensorRole, shape: number[], ...names: string[]) =>
    wanted.push({ role, names, shape, from: 'config.json' })
  const norm = (role: string, name: string) => {
    // TensorFlow's names, which old conversions kept, are `gamma` and `beta`.
    add(`${role}.gamma`, [hidden], `${name}.LayerNorm.weight`, `${name}.LayerNorm.gamma`)
    add(`${role}.beta`, [hidden], `${name}.LayerNorm.bias`, `${name}.LayerNorm.beta`)
  }
  const dense = (role: string, name: string, outputs: number, inputs: number) => {
    add(`${role}.weight`, [outputs, inputs], `${name}.weight`)
    add(`${role}.bias`, [outputs], `${name}.bias`)
  }
  add('word', [spec.vocabulary, hidden], 'embeddings.word_embeddings.weight')
  add('position', [spec.positions, hidden], 'embeddings.position_embeddings.weight')
  add('type', [spec.types, hidden], 'embeddings.token_type_embeddings.weight')
  norm('norm', 'embeddings')
  for (let i = 0; i < spec.layers; i++) {
    const role = `layer.${i}`
    const name = `encoder.layer.${i}`
    for (const part of ['query', 'key', 'value'])
      dense(`${role}.${part}`, `${name}.attention.self.${part}`, hidden, hidden)
    dense(`${role}.output`, `${name}.attention.output.dense`, hidden, hidden)
    norm(`${role}.attention.norm`, `${name}.attention.output`)
    dense(`${role}.up`, `${name}.intermediate.dense`, intermediate, hidden)
    dense(`${role}.down`, `${name}.output.dense`, hidden, intermediate)
    norm(`${role}.feedforward.norm`, `${name}.output`)
  }
  return wanted
}

/** A tensor and the file that it is in. */
export type Located = TensorEntry & { file: string }

const WORD = 'embeddings.word_embeddings.weight'

/** What a checkpoint puts before the names of its encoder: nothing, `bert.`, `model.`, `0.auto_model.`, … */
export function encoderPrefix(tensors: ReadonlyMap<string, Located>): string {
  const prefixes = [...tensors.keys()].filter((name) => name === WORD || name.endsWith(`.${WORD}`))
  const shortest = prefixes.sort((a, b) => a.length - b.length)[0] ?? WORD
  return shortest.slice(0, -WORD.length)
}

const TYPES: ReadonlySet<string> = new Set<WeightType>(['F32', 'F16', 'BF16', 'I8'])

/**
 * Finds a tensor and checks its dtype and shape.
 * @param files where it may be, for messages
 * @throws MaxsiftError `MODEL_INVALID` when it is missing or of another shape, `MODEL_UNSUPPORTED` for its number format
 */
export function findTensor(
  tensors: ReadonlyMap<string, Located>,
  wanted: Wanted,
  prefix: string,
  files: string,
): TensorRef {
  const name = wanted.names.map((n) => prefix + n).find((n) => tensors.has(n))
  if (name === undefined) {
    throw new MaxsiftError('MODEL_INVALID', `${files} has no tensor ${prefix}${wanted.names[0]}`)
  }
  const ref = toRef(tensors.get(name) as Located)
  if (ref.shape.length !== wanted.shape.length || ref.shape.some((n, i) => n !== wanted.shape[i])) {
    throw new MaxsiftError(
      'MODEL_INVALID',
      `${ref.file}: tensor ${name} has shape [${ref.shape}], but ${wanted.from} says [${wanted.shape}]`,
    )
  }
  return ref.type === 'I8' ? { ...ref, scale: findScale(tensors, ref) } : ref
}

function toRef({ file, name, dtype, shape, start, end }: Located): TensorRef {
  if (!TYPES.has(dtype)) {
    throw new MaxsiftError('MODEL_UNSUPPORTED', `${file}: tensor ${name} is ${dtype}, which is not supported`, {
      remedy: 'Export the weights as F32, F16, BF16, or I8 with one scale a row.',
    })
  }
  return { file, name, type: dtype as WeightType, shape, start, end }
}

/** Scales of an I8 matrix: `<weight>_scale` (compressed-tensors' name) or `<weight>.scale`. */
function findScale(tensors: ReadonlyMap<string, Located>, weight: TensorRef): TensorRef {
  const where = `${weight.file}: tensor ${weight.name}`
  if (weight.shape.length !== 2) throw new MaxsiftError('MODEL_UNSUPPORTED', `${where} is I8, but not a matrix`)
  if (tensors.has(`${weight.name}_zero_point`)) {
    throw new MaxsiftError('MODEL_UNSUPPORTED', `${where} is quantized around a zero point, which is not supported`)
  }
  const located = tensors.get(`${weight.name}_scale`) ?? tensors.get(`${weight.name}.scale`)
  if (!located) throw new MaxsiftError('MODEL_INVALID', `${where} is I8, but has no scales (${weight.name}_scale)`)
  const scale = toRef(located)
  if (scale.type !== 'F32')
    throw new MaxsiftError('MODEL_UNSUPPORTED', `${scale.file}: tensor ${scale.name} is not F32`)
  const [rows, columns = 1, ...more] = scale.shape
  if (rows !== weight.shape[0] || columns !== 1 || more.length > 0) {
    throw new MaxsiftError(
      'MODEL_INVALID',
      `${scale.file}: tensor ${scale.name} has shape [${scale.shape}], but ${weight.name} has ${weight.shape[0]} rows`,
    )
  }
  return scale
}
