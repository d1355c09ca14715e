/** Which tensors an encoder needs, under which names checkpoints keep them, and with what shape. */
import { MaxsiftError } from '../errors.ts'
import { layerNames, NAMES } from './names.ts'
import type { TensorEntry } from './safetensors.ts'
import type { EncoderSpec, Family, TensorRef, TensorRole, WeightType } from './spec.ts'

export interface Wanted {
  role: TensorRole
  /** Names that this tensor goes by, without the prefix of the checkpoint. */
  names: readonly string[]
  shape: readonly number[]
  /** What the shape is taken from, for messages. */
  from: string
  /** Of a stored tensor that holds several above one another: which one, of how many. */
  part?: readonly [index: number, count: number]
}

/** The tensors of the encoder. Poolers, heads of other tasks and stored position ids are not among them. */
export function encoderTensors(spec: EncoderSpec, has: (name: string) => boolean): Wanted[] {
  const { hidden, intermediate, family, layers } = spec
  const names = NAMES[family]
  const wanted: Wanted[] = []
  const add = (role: TensorRole, shape: number[], tensor: string | readonly string[], part?: Wanted['part']) =>
    wanted.push({ role, names: [tensor].flat(), shape, from: 'config.json', part })
  // ModernBERT has biases only where it says so; a file without one means none. In others a missing one is a fault.
  const biased = (name: string) => family !== 'modernbert' || has(name)
  const norm = (role: string, name: string) => {
    // TensorFlow's names, which old conversions kept, are `gamma` and `beta`.
    add(`${role}.gamma`, [hidden], [`${name}.weight`, `${name}.gamma`])
    if (biased(`${name}.bias`)) add(`${role}.beta`, [hidden], [`${name}.bias`, `${name}.beta`])
  }
  add('word', [spec.vocabulary, hidden], `${names.word}.weight`)
  const positions = spec.positions + (spec.padding === undefined ? 0 : spec.padding + 1)
  if (names.position) add('position', [positions, hidden], `${names.position}.weight`)
  if (names.type) add('type', [spec.types, hidden], `${names.type}.weight`)
  norm('norm', names.norm)
  const shapes = {
    query: [hidden, hidden],
    key: [hidden, hidden],
    value: [hidden, hidden],
    output: [hidden, hidden],
    up: [intermediate, hidden],
    gate: [intermediate, hidden],
    down: [hidden, intermediate],
  }
  for (let i = 0; i < layers; i++) {
    const layer = layerNames(family, i, layers)
    for (const part of Object.keys(shapes) as (keyof typeof shapes)[]) {
      const [name, slice] = layer[part] ?? []
      if (!name) continue
      const role = `layer.${i}.${part}`
      add(`${role}.weight`, shapes[part], `${name}.weight`, slice)
      if (biased(`${name}.bias`)) add(`${role}.bias`, shapes[part].slice(0, 1), `${name}.bias`, slice)
    }
    norm(`layer.${i}.attention.norm`, layer.afterAttention)
    norm(`layer.${i}.feedforward.norm`, layer.afterFeedforward)
  }
  return wanted
}

/** A tensor and the file that it is in. */
export type Located = TensorEntry & { file: string }

/** What a checkpoint puts before the names of its encoder: nothing, `bert.`, `model.`, `0.auto_model.`, … */
export function encoderPrefix(tensors: ReadonlyMap<string, Located>, family: Family): string {
  const word = `${NAMES[family].word}.weight`
  const prefixes = [...tensors.keys()].filter((name) => name === word || name.endsWith(`.${word}`))
  const shortest = prefixes.sort((a, b) => a.length - b.length)[0] ?? word
  return shortest.slice(0, -word.length)
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
  const [index, count] = wanted.part ?? [0, 1]
  const shape = wanted.shape.with(0, wanted.shape[0] * count)
  if (ref.shape.length !== shape.length || ref.shape.some((n, i) => n !== shape[i])) {
    throw new MaxsiftError(
      'MODEL_INVALID',
      `${ref.file}: tensor ${name} has shape [${ref.shape}], but ${wanted.from} says [${shape}]`,
    )
  }
  const scale = ref.type === 'I8' ? { scale: slice(findScale(tensors, ref), index, count) } : {}
  return { ...slice(ref, index, count), ...scale }
}

/** One of `count` equal runs of rows. */
function slice(ref: TensorRef, index: number, count: number): TensorRef {
  if (count === 1) return ref
  const bytes = (ref.end - ref.start) / count
  const start = ref.start + index * bytes
  return { ...ref, start, end: start + bytes, shape: ref.shape.with(0, ref.shape[0] / count) }
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
