import type { Checkpoint } from '../model/checkpoint.ts'
import type { Activation, ModelSpec, TensorRef, TensorRole } from '../model/spec.ts'
import { attend, localMask, rotation, seenKeys } from './attention.ts'
import { Graph } from './graph.ts'

/**
 * The forward pass of a checkpoint as an ONNX model, its weights where they are: ranges of the checkpoint's own files.
 *
 *     ids        (batch, length) int32, padded
 *     positions  (length) int32: 0, 1, 2, …; (batch, length) where they depend on the ids (`countsPositions`)
 *     mask       (batch, 1, 1, length) f32, added to the scores of attention: 0, `HIDDEN` or `PADDING`
 *     types      (batch, length) int32: 0 or 1; only of rerankers that tell types apart (`tellsTypes`)
 *     keep       (kept) int32: the rows that count, of all batch · length; where means are taken, of all texts
 *     vectors    (kept, dim) f32, each row of length 1 unless the model says otherwise
 */
export function writeModel({ spec, tensors }: Pick<Checkpoint, 'spec' | 'tensors'>): Uint8Array<ArrayBuffer> {
  const { hidden, layers, heads, epsilon, activation, attention } = spec.encoder
  const graph = new Graph()
  const ids = graph.input('ids', 'I32', ['batch', 'length'])
  const positions = graph.input('positions', 'I32', countsPositions(spec) ? ['batch', 'length'] : ['length'])
  const mask = graph.input('mask', 'F32', ['batch', 1, 1, 'length'])
  const keep = graph.input('keep', 'I32', ['kept'])
  const types = tellsTypes(spec) ? graph.input('types', 'I32', ['batch', 'length']) : null
  const tensor = (role: TensorRole) => tensors.get(role)!
  const has = (role: TensorRole) => tensors.has(role)

  /** Rows of a table, in f32. */
  const lookUp = (role: TensorRole, rows: string) => {
    const { name, ref, scale } = stored(graph, role, tensor(role))
    const found = graph.add('Gather', [name, rows])
    if (!scale) return toFloat(graph, found, ref)
    // Rows are looked up before they are widened: the table itself stays as small as in the file.
    const flat = graph.add('Reshape', [found, graph.integers([-1, hidden])])
    const scales = graph.add('Reshape', [graph.add('Gather', [scale, rows]), graph.integers([-1])])
    const wide = graph.add('DequantizeLinear', [flat, scales], { axis: 0 })
    return graph.add('Reshape', [
      wide,
      graph.add('Concat', [graph.add('Shape', [rows]), graph.integers([hidden])], { axis: 0 }),
    ])
  }
  /** The values of a whole tensor, in f32; the runtime computes them once, on loading. */
  const values = (role: TensorRole) => {
    const { name, ref, scale } = stored(graph, role, tensor(role))
    return scale ? graph.add('DequantizeLinear', [name, scale], { axis: 0 }) : toFloat(graph, name, ref)
  }
  const norm = (x: string, role: string) =>
    graph.add('LayerNormalization', [x, ...[`${role}.gamma`, `${role}.beta`].filter(has).map(values)], {
      axis: -1,
      epsilon: { float: epsilon },
    })
  /** x · wᵀ + bias */
  const dense = (x: string, name: string) =>
    graph.add('Gemm', [x, ...[`${name}.weight`, `${name}.bias`].filter(has).map(values)], { transB: 1 })

  let embedded = lookUp('word', ids)
  if (has('position')) {
    let place = lookUp('position', positions)
    if (types) place = graph.add('Add', [place, lookUp('type', types)])
    else if (has('type')) {
      const type = stored(graph, 'type', firstRow(tensor('type')))
      const row = type.scale
        ? graph.add('DequantizeLinear', [type.name, type.scale], { axis: 0 })
        : toFloat(graph, type.name, type.ref)
      place = graph.add('Add', [place, row])
    }
    embedded = graph.add('Add', [embedded, place])
  }
  const matrix = graph.integers([-1, hidden])
  /** What the next part takes, and what is added to what it gives: with pre-norm, the sum before the norm. */
  let x = norm(graph.add('Reshape', [embedded, matrix]), 'norm')
  let residual = x
  const add = (y: string, role: string) => {
    const sum = graph.add('Add', [y, residual])
    x = norm(sum, role)
    residual = attention ? sum : x
  }

  const size = hidden / heads
  const byHead = graph.add('Concat', [graph.add('Shape', [ids]), graph.integers([heads, size])], { axis: 0 })
  const seen = attention || spec.pooling === 'mean' ? seenKeys(graph, mask) : ''
  const local = once((window: number) => localMask(graph, mask, positions, window))
  const turns = once((theta: number) => rotation(graph, positions, theta, size))
  for (let i = 0; i < layers; i++) {
    const role = (part: string) => `layer.${i}.${part}`
    /** (batch · length, hidden) → (batch, heads, length, size) */
    const split = (part: string) =>
      graph.add('Transpose', [graph.add('Reshape', [dense(x, role(part)), byHead])], { perm: [0, 2, 1, 3] })
    const { theta, window } = attention?.[i] ?? {}
    const mixed = attend(graph, {
      query: split('query'),
      key: split('key'),
      value: split('value'),
      size,
      turns: theta === undefined ? undefined : turns(theta),
      ...(window === undefined ? { mask } : { mask: local(window), seen }),
    })
    const joined = graph.add('Reshape', [graph.add('Transpose', [mixed], { perm: [0, 2, 1, 3] }), matrix])
    add(dense(joined, role('output')), role('attention.norm'))
    let wide = activate(graph, activation, dense(x, role('up')))
    if (has(role('gate.weight'))) wide = graph.add('Mul', [wide, dense(x, role('gate'))])
    add(dense(wide, role('down')), role('feedforward.norm'))
  }

  x = graph.add('Gather', [spec.pooling === 'mean' ? means(graph, x, ids, seen, hidden) : x, keep])
  for (const [i, { activation, bias, residual }] of spec.projections.entries()) {
    const product = (names: string[]) => graph.add('Gemm', [x, ...names.map(values)], { transB: 1 })
    const role = (part: string) => `projection.${i}.${part}`
    let y = activate(graph, activation, product([role('weight'), ...(bias ? [role('bias')] : [])]))
    if (residual !== 'none') y = graph.add('Add', [y, residual === 'linear' ? product([role('residual')]) : x])
    x = spec.projections[i].norm ? norm(y, role('norm')) : y
  }
  if (spec.unnormalized) graph.addOutput('vectors', 'Identity', [x])
  else {
    const length = graph.add('ReduceL2', [x, graph.integers([-1])], { keepdims: 1 })
    graph.addOutput('vectors', 'Div', [x, graph.add('Max', [length, graph.scalar(1e-12)])])
  }
  graph.output('vectors', 'F32', ['kept', spec.dim])
  return graph.finish()
}

/** Whether the position of a token depends on the ids before it: RoBERTa's. */
export const countsPositions = ({ encoder }: Pick<ModelSpec, 'encoder'>) => encoder.padding !== undefined

/** Whether the second text of a pair has another type than the first. */
export const tellsTypes = ({ encoder, pair }: Pick<ModelSpec, 'encoder' | 'pair'>) =>
  pair !== undefined && encoder.types > 1

/** (batch · length, hidden) → (batch, hidden): the mean of the rows that are seen. */
function means(graph: Graph, x: string, ids: string, seen: string, hidden: number): string {
  const byText = graph.add('Concat', [graph.add('Shape', [ids]), graph.integers([hidden])], { axis: 0 })
  // (batch, 1, 1, length) → (batch, 1, length)
  const weights = graph.add('Squeeze', [seen, graph.integers([1])])
  const sums = graph.add('MatMul', [weights, graph.add('Reshape', [x, byText])])
  const count = graph.add('ReduceSum', [weights, graph.integers([-1])], { keepdims: 1 })
  return graph.add('Reshape', [graph.add('Div', [sums, count]), graph.integers([-1, hidden])])
}

/** The same value for the same number, added to the graph once. */
function once(write: (value: number) => string): (value: number) => string {
  const written = new Map<number, string>()
  return (value) => {
    const name = written.get(value) ?? write(value)
    written.set(value, name)
    return name
  }
}

/** A tensor as its file has it, and its scales where it is I8. */
function stored(graph: Graph, role: TensorRole, ref: TensorRef): { name: string; ref: TensorRef; scale?: string } {
  const add = (name: string, { type, shape, file, start, end }: TensorRef) =>
    graph.external(name, type, shape, { file, offset: start, length: end - start })
  return {
    name: add(role, ref),
    ref,
    scale: ref.scale && add(`${role}.scale`, { ...ref.scale, shape: [ref.shape[0]] }),
  }
}

const toFloat = (graph: Graph, name: string, { type }: TensorRef) =>
  type === 'F32' ? name : graph.add('Cast', [name], { to: 1 })

/** Row 0 of the types, the only one in use. */
function firstRow(ref: TensorRef): TensorRef {
  const [rows, columns] = ref.shape
  const end = ref.start + (ref.end - ref.start) / rows
  const scale = ref.scale && { ...ref.scale, end: ref.scale.start + 4 }
  return { ...ref, shape: [1, columns], end, scale }
}

function activate(graph: Graph, activation: Activation, x: string): string {
  switch (activation) {
    case 'identity':
      return x
    case 'gelu':
      return graph.add('Gelu', [x])
    case 'tanh':
      return graph.add('Tanh', [x])
    case 'relu':
      return graph.add('Relu', [x])
    case 'sigmoid':
      return graph.add('Sigmoid', [x])
    case 'silu':
      return graph.add('Mul', [x, graph.add('Sigmoid', [x])])
  }
}
