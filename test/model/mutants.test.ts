/**
 * Faults that an encoder can have and still look right. Each is planted here, and the comparison with the goldens
 * must fail by far: by more than 10 tolerances on the checkpoint named.
 */
import { describe, expect, it } from 'vitest'
import { type Checkpoint, openCheckpoint } from '../../src/model/checkpoint.ts'
import { readNumbers } from '../../src/model/numbers.ts'
import type { EncoderSpec, EncodingRules, LayerAttention, ModelSpec, ProjectionSpec } from '../../src/model/spec.ts'
import { type CheckpointName, readCheckpoint } from '../goldens/checkpoints.ts'
import { gpuMissing, openDevice } from '../gpu.ts'
import { gemm } from '../kernels/gemm.reference.ts'
import { mapSource } from '../search/harness.ts'
import { type Change, goldenError, withShaderEdit } from './encode.ts'

const TOLERANCE = 1e-4

const missing = await gpuMissing()
const device = missing ? null : await openDevice()

const withEncoder = (changes: Partial<EncoderSpec>): Change => ({
  checkpoint: (checkpoint) => ({
    ...checkpoint,
    spec: { ...checkpoint.spec, encoder: { ...checkpoint.spec.encoder, ...changes } },
  }),
})

const withSpec = (changes: Partial<ModelSpec>): Change => ({
  checkpoint: (checkpoint) => ({ ...checkpoint, spec: { ...checkpoint.spec, ...changes } }),
})

const withAttention = (change: (layer: LayerAttention) => LayerAttention): Change => ({
  checkpoint: (checkpoint) => {
    const { spec } = checkpoint
    const attention = spec.encoder.attention!.map(change)
    return { ...checkpoint, spec: { ...spec, encoder: { ...spec.encoder, attention } } }
  },
})

const withProjections = (change: (projection: ProjectionSpec) => ProjectionSpec): Change => ({
  checkpoint: (checkpoint) => ({
    ...checkpoint,
    spec: { ...checkpoint.spec, projections: checkpoint.spec.projections.map(change) },
  }),
})

const withDocumentRules = (changes: Partial<EncodingRules>): Change => ({
  checkpoint: (checkpoint) => ({
    ...checkpoint,
    spec: { ...checkpoint.spec, document: { ...checkpoint.spec.document, ...changes } },
  }),
})

/** Takes row 1 of the type table for row 0. */
function secondType(checkpoint: Checkpoint): Checkpoint {
  const ref = checkpoint.tensors.get('type')!
  const start = ref.start + (ref.end - ref.start) / ref.shape[0]
  const moved = { ...ref, start, shape: [ref.shape[0] - 1, ref.shape[1]] }
  return { ...checkpoint, tensors: new Map(checkpoint.tensors).set('type', moved) }
}

/** Normalises before the (single, linear) projection instead of after it. */
async function normFirst(name: CheckpointName): Promise<Change> {
  const files = await readCheckpoint(name)
  const { spec, tensors } = await openCheckpoint(mapSource(name, files))
  const { file, start, end, type, shape } = tensors.get('projection.0.weight')!
  const w = readNumbers(files.get(file)!.subarray(start, end), type)
  const bias = new Float32Array(shape[0])
  return {
    checkpoint: (checkpoint) => ({
      ...checkpoint,
      spec: { ...checkpoint.spec, projections: [], dim: spec.encoder.hidden },
    }),
    vectors: (vectors) => gemm({ a: vectors, w, bias, k: spec.encoder.hidden }),
  }
}

interface Mutant {
  fault: string
  on: CheckpointName
  change?: Change | ((name: CheckpointName) => Promise<Change>)
  /** A piece of shader text and what takes its place. */
  shader?: readonly [from: string, to: string]
}

const MUTANTS: readonly Mutant[] = [
  {
    fault: 'GELU by its tanh approximation',
    on: 'stanford-attend',
    shader: [
      'return max(x, vec4f()) - tail;',
      'return 0.5 * x * (1.0 + tanh(0.7978845608 * (x + 0.044715 * x * x * x)));',
    ],
  },
  { fault: 'another epsilon', on: 'stanford-attend', change: withEncoder({ epsilon: 1e-12 }) },
  { fault: 'no 1/√d', on: 'native-fixed', shader: [' * params.scale', ''] },
  {
    fault: 'keys not masked',
    on: 'stanford',
    change: { input: (input) => ({ ...input, attend: input.attend.map(() => 1) }) },
  },
  {
    fault: 'query rows masked too',
    on: 'stanford',
    shader: ['select(result_$c / sum,', 'select(result_$c / sum * f32(attend[entry.x + row]),'],
  },
  { fault: 'positions one too far', on: 'native-fixed', shader: ['token.y & 0xffffu', 'token.y + 1u'] },
  { fault: 'token type 1', on: 'bert', change: { checkpoint: secondType } },
  { fault: 'no skiplist', on: 'stanford', change: withDocumentRules({ skip: [] }) },
  { fault: 'normalised before the projection', on: 'stanford', change: normFirst },
  {
    fault: 'residual of a projection dropped',
    on: 'pylate',
    change: withProjections((projection) => ({ ...projection, residual: 'none' })),
  },
  {
    fault: 'activation of a projection dropped',
    on: 'pylate',
    change: withProjections((projection) => ({ ...projection, activation: 'identity' })),
  },
  {
    fault: 'bias of a projection dropped',
    on: 'pylate-no-expansion',
    change: withProjections((projection) => ({ ...projection, bias: false })),
  },
  {
    fault: 'residual around attention dropped',
    on: 'native-fixed',
    shader: ['var sum = residual[i];', 'var sum = 0.0 * residual[i];'],
  },
  { fault: 'scales of I8 dropped', on: 'stanford-i8', shader: ['y *= affine[(params.columns + column) / 4u];', ''] },
  { fault: 'positions of RoBERTa counted from 1', on: 'xlm-roberta', change: withEncoder({ padding: 0 }) },
  {
    fault: 'no windows',
    on: 'modernbert',
    change: withAttention(({ theta }) => ({ theta })),
  },
  {
    fault: 'a window too wide by one',
    on: 'modernbert',
    change: withAttention(({ theta, window }) => ({ theta, window: window && window + 1 })),
  },
  {
    fault: 'one base for all rotary positions',
    on: 'modernbert',
    change: withAttention((layer) => ({ ...layer, theta: 160_000 })),
  },
  {
    fault: 'turned the other way',
    on: 'modernbert',
    shader: ['select(-pair, pair, upper)', 'select(pair, -pair, upper)'],
  },
  { fault: 'the gate dropped', on: 'modernbert', shader: ['y *= residual[at];', 'y *= 1.0 + 0.0 * residual[at];'] },
  { fault: 'a residual that is not handed on', on: 'modernbert', shader: ['sums[i] = sum;', 'sums[i] = x[i];'] },
  { fault: 'the first row for the mean', on: 'contriever', change: withSpec({ pooling: 'cls' }) },
  { fault: 'normalised all the same', on: 'distilbert', change: withSpec({ unnormalized: undefined }) },
  {
    fault: 'the first row not kept',
    on: 'bert',
    change: { input: (input) => ({ ...input, keep: input.keep.slice(1) }) },
  },
]

describe.skipIf(missing)(`a fault of the encoder shows${missing ? ` — ${missing}` : ''}`, () => {
  for (const { fault, on, change = {}, shader } of MUTANTS) {
    it(`${fault} (${on})`, async () => {
      const planted = typeof change === 'function' ? await change(on) : change
      const run = () => goldenError(device!, on, planted)
      const error = await (shader ? withShaderEdit(device!, ...shader, run) : run())
      expect(error).toBeGreaterThan(10 * TOLERANCE)
    })
  }

  it('and none is left behind', async () => {
    for (const name of ['stanford', 'pylate', 'native-fixed'] as const) {
      expect(await goldenError(device!, name)).toBeLessThan(TOLERANCE)
    }
  })
})
