/** The modules of a sentence-transformers or PyLate checkpoint that follow its encoder. */
import { MaxsiftError } from '../errors.ts'
import { type Json, readObject } from './read.ts'
import { readLength } from './rules.ts'
import type { Module } from './sentence-transformers.ts'
import type { FileSource } from './source.ts'
import { type Activation, POOLINGS, type Pooling } from './spec.ts'
import { type ProjectionFiles, refusePooling } from './styles.ts'

const unsupported = (message: string, remedy?: string) => new MaxsiftError('MODEL_UNSUPPORTED', message, { remedy })

export interface Heads {
  /** Of single-vector models; undefined where the vectors of tokens count. */
  pooling: Pooling | undefined
  projections: ProjectionFiles[]
  mask: Json | null
  /** Whether a Normalize comes last. */
  normalized: boolean
}

/** @param wanted A pooling in the place of the checkpoint's own; `none`: that of token vectors, whatever it says. */
export async function readHeads(
  source: FileSource,
  modules: readonly Module[],
  wanted: Pooling | 'none' | undefined,
  signal?: AbortSignal,
): Promise<Heads> {
  if (modules.every(({ kind }) => kind !== 'Pooling')) refusePooling(wanted)
  const heads: Heads = { pooling: undefined, projections: [], mask: null, normalized: false }
  for (const { kind, folder } of modules) {
    if (kind === 'Dropout') continue
    const config = (await readObject(source, `${folder}config.json`, signal)) ?? {}
    if (kind === 'Pooling') {
      if (wanted === 'none') continue
      if (heads.projections.length > 0) throw unsupported(`modules.json: a Dense before ${kind} is not supported`)
      heads.pooling = wanted ?? readPooling(config, folder)
    } else if (kind === 'Dense') {
      if (heads.normalized) throw unsupported(`modules.json: a Dense after Normalize (${folder}) is not supported`)
      heads.projections.push({ spec: readDense(config, folder, heads.pooling !== undefined), folder })
    } else if (kind === 'MultiVectorMask') {
      if (Array.isArray(config.keep_only_token_ids) && config.keep_only_token_ids.length > 0) {
        throw unsupported(`${folder}config.json: keep_only_token_ids is not supported`)
      }
      heads.mask = config
    } else if (kind === 'Normalize') {
      // A Normalize of the sentence embedding goes with the pooling.
      if (heads.pooling || config.module_input_name === 'token_embeddings') heads.normalized = true
    } else throw unsupported(`modules.json: the module ${kind} (${folder}) is not supported`)
  }
  return heads
}

/** `pooling_mode` of sentence-transformers 6, or the switches before it. */
function readPooling(config: Json, folder: string): Pooling {
  const switches = Object.keys(config).filter((key) => key.startsWith('pooling_mode_') && config[key] === true)
  const modes = [config.pooling_mode ?? switches.map((key) => key.slice('pooling_mode_'.length).replace('_tokens', ''))]
    .flat()
    .map((mode) => (mode === 'cls_token' ? 'cls' : mode))
  const mode = modes.length === 0 ? 'mean' : POOLINGS.find((each) => each === modes[0])
  if (!mode || modes.length > 1) {
    throw unsupported(
      `${folder}config.json: pooling by ${modes.join(' + ')} is not supported, only by ${POOLINGS.join(' or ')}`,
      "Use the model's token vectors, with `pooling: 'none'`, or another model.",
    )
  }
  if (config.include_prompt === false) throw unsupported(`${folder}config.json: include_prompt false is not supported`)
  return mode
}

const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ['Identity', 'identity'],
  ['GELU', 'gelu'],
  ['Tanh', 'tanh'],
  ['ReLU', 'relu'],
  ['Sigmoid', 'sigmoid'],
  ['SiLU', 'silu'],
])

function readDense(config: Json, folder: string, pooled: boolean): ProjectionFiles['spec'] {
  const where = `${folder}config.json`
  // Where a text has one vector, a Dense for the vectors of its tokens changes nothing.
  const names = pooled ? ['sentence_embedding'] : ['token_embeddings', 'sentence_embedding']
  const from = config.module_input_name ?? names[0]
  const to = config.module_output_name ?? from
  if (!names.includes(String(from)) || to !== from)
    throw unsupported(`${where}: module_input_name "${from}", module_output_name "${to}" is not supported`)
  const inputs = readLength(config.in_features, `${where}: in_features`)
  const outputs = readLength(config.out_features, `${where}: out_features`)
  if (inputs === undefined || outputs === undefined) {
    throw new MaxsiftError('MODEL_INVALID', `${where} lacks in_features or out_features`)
  }
  // Sentence-transformers trusts only classes of torch, and takes Tanh for anything else.
  const path = typeof config.activation_function === 'string' ? config.activation_function : ''
  const name = path.startsWith('torch.') ? (path.split('.').at(-1) as string) : 'Tanh'
  const activation = ACTIVATIONS.get(name)
  if (!activation) {
    throw unsupported(
      `${where}: activation_function ${name} is not supported, only ${[...ACTIVATIONS.keys()].join(', ')}`,
    )
  }
  const residual = config.use_residual !== true ? 'none' : inputs === outputs ? 'identity' : 'linear'
  return { inputs, outputs, activation, bias: config.bias !== false, residual }
}
