/** Attention as a part of an ONNX graph. */
import type { Graph } from './graph.ts'

/** A key that exists but is not to be seen. */
export const HIDDEN = -1e30
/** What fills a batch up, and what a window leaves out: below everything hidden. */
export const PADDING = -3e38

export interface Attention {
  /** (batch, heads, length, size) each. */
  query: string
  key: string
  value: string
  size: number
  /** Added to the scores. */
  mask: string
  /** (batch, 1, 1, length): 1 for keys that are seen. Where rows may see none: they get zeros, as in the reference. */
  seen?: string
  /** `rotation` */
  turns?: string
}

/** (batch, heads, length, size): softmax(q · kᵀ / √size + mask) · v */
export function attend(graph: Graph, { query, key, value, size, mask, seen, turns }: Attention): string {
  const turned = (x: string) => (turns === undefined ? x : turn(graph, x, turns, size))
  const scaled = graph.add('Mul', [turned(query), graph.scalar(1 / Math.sqrt(size))])
  const keys = graph.add('Transpose', [turned(key)], { perm: [0, 1, 3, 2] })
  const scores = graph.add('Add', [graph.add('MatMul', [scaled, keys]), mask])
  const shares = graph.add('Softmax', [scores], { axis: -1 })
  return graph.add('MatMul', [seen === undefined ? shares : graph.add('Mul', [shares, seen]), value])
}

/** (batch, 1, 1, length) f32: 1 where the mask leaves a key as it is, else 0. */
export const seenKeys = (graph: Graph, mask: string) =>
  graph.add('Cast', [graph.add('Equal', [mask, graph.scalar(0)])], { to: 1 })

/** (batch, 1, length, length): the mask, and `PADDING` for keys more than `window` away. */
export function localMask(graph: Graph, mask: string, positions: string, window: number): string {
  const places = graph.add('Cast', [positions], { to: 1 })
  const [columns, rows] = [
    [-1, 1],
    [1, -1],
  ].map((shape) => graph.add('Reshape', [places, graph.integers(shape)]))
  const distance = graph.add('Abs', [graph.add('Sub', [columns, rows])])
  const far = graph.add('Greater', [distance, graph.scalar(window)])
  return graph.add('Where', [far, graph.scalar(PADDING), mask])
}

/** (2, length, size): cosines, then sines, of what each pair of columns is turned by. See `rotaryTable`. */
export function rotation(graph: Graph, positions: string, theta: number, size: number): string {
  const half = size / 2
  const frequencies = Array.from({ length: size }, (_, i) => 1 / Math.fround(theta ** Math.fround((i % half) / half)))
  const places = graph.add('Reshape', [graph.add('Cast', [positions], { to: 1 }), graph.integers([1, -1, 1])])
  const angles = graph.add('Mul', [places, graph.floats(frequencies)])
  return graph.add('Concat', [graph.add('Cos', [angles]), graph.add('Sin', [angles])], { axis: 0 })
}

/** x · cos + (−x₂, x₁) · sin, where x₁ and x₂ are the halves of a head. */
function turn(graph: Graph, x: string, turns: string, size: number): string {
  const cut = (of: string, axis: number, from: number, to: number) =>
    graph.add('Slice', [of, graph.integers([from]), graph.integers([to]), graph.integers([axis])])
  const [first, second] = [cut(x, 3, 0, size / 2), cut(x, 3, size / 2, size)]
  const across = graph.add('Concat', [graph.add('Neg', [second]), first], { axis: -1 })
  const [cosines, sines] = [cut(turns, 0, 0, 1), cut(turns, 0, 1, 2)]
  return graph.add('Add', [graph.add('Mul', [x, cosines]), graph.add('Mul', [across, sines])])
}
